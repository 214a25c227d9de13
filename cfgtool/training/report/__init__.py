"""Curves and pages about runs, made without TensorFlow."""
