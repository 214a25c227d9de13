"""`python -m cfgtool`."""

from cfgtool.cli.start import main

main()
