"""`python -m cfgtool`."""

from cfgtool.cli.main import main

main()
