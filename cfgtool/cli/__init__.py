"""One module per command, imported when the command is asked for."""

import gc

THRESHOLD = gc.get_threshold()
"""How often Python collects cyclic garbage unless told otherwise."""

# Before anything else is imported: walking the modules that are being imported, again and again, took a tenth of the
# time of linting one file.
gc.set_threshold(100_000)
