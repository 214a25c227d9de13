"""Reading and replacing the user's files: lossless text in, atomic writes out."""

from __future__ import annotations

import contextlib
import os
import stat

from cfgtool.errors import UserError

MAX_BYTES = 16 * 1024 * 1024
"""Larger files are not read whole, unless somebody has a reason to."""
MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Larger configs and label maps are refused: a real one has a few kilobytes, a record or checkpoint given by mistake has
not. What is read of a text takes up to a hundred times its size.
"""


def decode_text(data: bytes) -> str:
    """Decode UTF-8 without loss: bytes that are not UTF-8 become lone surrogates, a byte order mark stays."""
    return data.decode("utf-8", "surrogateescape")


def encode_text(text: str) -> bytes:
    """The inverse of `decode_text`."""
    return text.encode("utf-8", "surrogateescape")


def read_bytes(path: str, limit: int = MAX_BYTES) -> bytes:
    """The content of `path`.

    Raises UserError if it is missing, a directory, unreadable, or larger than `limit` bytes.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            # What is no file, such as a pipe or a device, has no size.
            data = file.read(limit + 1) if size <= limit else b""
            if max(size, len(data)) > limit:
                shown = f"file is {size / 1048576:.0f} MiB" if size else "does not end"
                raise UserError(
                    f"{shown}, and {limit // 1048576} MiB are read",
                    path=path,
                    hint="is this a record or a checkpoint?",
                )
            return data
    except FileNotFoundError:
        raise UserError("no such file", path=path) from None
    except IsADirectoryError:
        raise UserError("is a directory, not a file", path=path) from None
    except PermissionError:
        raise UserError("no permission to read this file", path=path) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", path=path) from None


def refuse_device(path: str) -> None:
    """Raise UserError for a pipe, a socket or a device, which a name in somebody's config may lead to: reading it could
    wait or go on for ever. What is not there is no matter of this.
    """
    with contextlib.suppress(OSError):
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise UserError("is a pipe or a device, not a file", path=path)


def read_proto(path: str) -> str:
    """The text of a config or label map: `read_text`, of `MAX_TEXT_BYTES` at most."""
    return read_text(path, MAX_TEXT_BYTES)


def read_text(path: str, limit: int = MAX_BYTES) -> str:
    """The text of `path`, decoded by `decode_text`. Raises UserError as `read_bytes` does, and for binary files."""
    data = read_bytes(path, limit)
    if b"\0" in data:
        raise UserError("is a binary file, not a text proto", path=path)
    return decode_text(data)


def atomic_write(path: str, data: bytes) -> None:
    """Replace the content of `path` in one step; a crash leaves the old file or the new one, never a part.

    The mode of an existing file is kept, and a symbolic link is followed. Raises UserError if it cannot be written.
    """
    target = os.path.realpath(path)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        mode = _mode_of_writable(target)
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
        sync_folder(os.path.dirname(target))
    except PermissionError:
        raise UserError("no permission to write this file", path=path) from None
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", path=path) from None
    finally:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            os.unlink(temporary)


def _mode_of_writable(path: str) -> int | None:
    """The permission bits of `path`, None if there is no such file. Raises PermissionError if it is read-only."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None
    if not os.access(path, os.W_OK):
        raise PermissionError
    return mode


def sync_folder(folder: str) -> None:
    """Make a rename in `folder` durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
