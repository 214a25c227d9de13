"""What of this environment suits cfgtool and a config, looked at from outside: what is broken is told, not run."""
