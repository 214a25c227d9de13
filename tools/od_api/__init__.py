"""Questions to the real OD API, run by the interpreter of an environment where it is installed.

The project does not need it: what it answers is recorded and committed. CONTRIBUTING.md says how such an
environment is made.
"""
