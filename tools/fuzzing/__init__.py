"""Fuzzing of everything that reads or rewrites a config: inputs, the properties that must hold, and a runner."""
