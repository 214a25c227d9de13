"""Files mapped into memory: read where they are looked at, and nowhere else."""

from __future__ import annotations

import mmap
import os

from cfgtool.errors import UserError
from cfgtool.files import refuse_device


def mapped(path: str, missing: str = "no such file", hint: str | None = None) -> memoryview:
    """The content of a file, mapped for as long as the view or a slice of it is held.

    Raises UserError, saying `missing` if the file is not there, and for what is no file.
    """
    refuse_device(path)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
    except FileNotFoundError:
        raise UserError(missing, path=path, hint=hint) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", path=path) from None
