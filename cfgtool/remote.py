"""Files that are elsewhere: paths with a scheme (`gs://`, `s3://`, `https://`), read through fsspec.

fsspec and the driver of a scheme are imported when such a path is first looked at. Nothing is kept on disk, listings
are asked for anew, and every failure is a UserError with the path and the reason. Credentials are the driver's matter.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from cfgtool.errors import UserError

_DRIVERS = {
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "s3": "s3fs",
    "s3a": "s3fs",
    "http": "aiohttp",
    "https": "aiohttp",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "hdfs": "pyarrow",
}
"""The package that fsspec needs for a scheme."""
_WEB = ("http://", "https://")
_BLOCK, _MOST_BLOCK = 64 << 10, 8 << 20
"""Bytes of one request: the first one at a place, and the largest one of a file that is read from there on."""
_WHOLE = 16 << 20
"""A file of a server that gives no parts is read whole up to this size."""


def exists(path: str) -> bool:
    """Whether a file or folder is there. Raises UserError if that cannot be told."""
    return _info(path) is not None


def is_file(path: str) -> bool:
    """Whether a file is there. Raises UserError if that cannot be told."""
    info = _info(path)
    return info is not None and info.get("type") != "directory"


def is_folder(path: str) -> bool:
    """Whether a folder is there; on the web, whether the address ends like one. Raises UserError if it cannot be told."""
    if path.startswith(_WEB):
        return path.endswith("/") and exists(
            path
        )  # to look for links in what may be a large file is out of place
    info = _info(path)
    return info is not None and info.get("type") == "directory"


def size(path: str) -> int | None:
    """The bytes of a file, None if there is none or the server does not say. Raises UserError for other failures."""
    info = _info(path)
    return None if info is None or info.get("size") is None else int(info["size"])


def names_in(folder: str) -> list[str]:
    """The names in a folder, sorted; none where there is no such folder. Raises UserError for other failures."""
    if folder.startswith(_WEB) and not folder.endswith("/"):
        folder += "/"
    system, name = _place(folder)
    with _told(folder):
        try:
            found = system.ls(name, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
    return sorted({each.rstrip("/").rpartition("/")[2] for each in found} - {""})


def matching(pattern: str) -> list[str]:
    """The files that a pattern with `*`, `?` and `[...]` matches, sorted. Raises UserError if they cannot be listed."""
    system, name = _place(pattern)
    with _told(pattern):
        try:
            found = system.glob(name, detail=True)
        except FileNotFoundError:
            return []
        files = [each for each, info in found.items() if info.get("type") != "directory"]
        return sorted(_as_written(pattern, system, each) for each in files)


def has_wildcards(path: str) -> bool:
    """Whether a path is a pattern; on the web only `*` makes it one, for `?` begins a query."""
    return any(letter in path for letter in ("*" if path.startswith(_WEB) else "*?["))


def read(path: str, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises UserError if it is missing, no file, or larger, or cannot be had.
    """
    info = _needed(path)
    known = info.get("size")
    if known is not None and known > limit:
        raise _too_large(path, limit, f"file is {known / 1048576:.0f} MiB")
    pieces, length = [], 0
    # As a stream, since a server may send more than it said.
    stream = _opened(path, **({"block_size": 0} if path.startswith(_WEB) else {}))
    with _told(path), stream as file:
        while length <= limit and (piece := file.read(min(_MOST_BLOCK, limit + 1 - length))):
            pieces.append(piece)
            length += len(piece)
    if length > limit:
        raise _too_large(path, limit, "file is larger")
    if known is not None and length < known:
        raise UserError(f"cannot be read: it ended after {length} of {known} bytes", path=path)
    return b"".join(pieces)


def read_range(path: str, start: int, stop: int) -> bytes:
    """The bytes of a file from `start` to `stop`, fewer where it ends before. Raises UserError if they cannot be had."""
    with open_file(path) as file:
        file.seek(start)
        return file.read(max(0, stop - start))


def open_file(path: str) -> BinaryIO:
    """A file, read in parts where it is looked at. Raises UserError if it is missing, no file, or has no parts."""
    info = _needed(path)
    known = info.get("size")
    if path.startswith(_WEB) and (known is None or not _gives_parts(path, known)):
        if known is None or known > _WHOLE:
            message = "cannot be read in parts: the server sends whole files only"
            raise UserError(message, path=path, hint="copy it, and name the copy")
        return io.BytesIO(read(path, _WHOLE))
    return cast(BinaryIO, _RemoteFile(path, int(known or 0)))


def write(path: str, data: bytes) -> None:
    """Put a file there, replacing what is there. Raises UserError if that cannot be done."""
    if path.startswith(_WEB):
        raise UserError("cannot be written: web servers are for reading", path=path)
    system, name = _place(path)
    with _told(path, "written"):
        system.pipe_file(name, data)


class _RemoteFile(io.RawIOBase):
    """A file read by requests for parts; they grow while it is read on without a leap."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__()
        self._path = path
        self._file = _opened(path, cache_type="none")
        self._size = size
        self._at = 0
        self._begin = 0
        self._data = b""
        self._block = _BLOCK

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes, fewer at the end only; all that is left for a negative number."""
        stop = self._size if size is None or size < 0 else min(self._size, self._at + size)
        if stop <= self._at:
            return b""
        end = self._begin + len(self._data)
        held = self._data[self._at - self._begin :] if self._begin <= self._at <= end else None
        if held is None:
            self._block, held, end = _BLOCK, b"", self._at
        if end < stop:
            # What comes next is asked for along with it.
            fetched = self._fetch(end, min(self._size, max(stop, end + self._block)))
            self._block = min(2 * self._block, _MOST_BLOCK)
            self._begin, self._data = self._at, held + fetched
        first = self._at - self._begin
        self._at = stop
        return self._data[first : stop - self._begin]

    def _fetch(self, start: int, stop: int) -> bytes:
        with _told(self._path):
            self._file.seek(start)
            data = self._file.read(stop - start)
        if len(data) != stop - start:
            message = f"cannot be read: {len(data)} bytes came for the {stop - start} from byte {start} on"
            raise UserError(message, path=self._path, hint="has it changed meanwhile?")
        return bytes(data)


def _opened(path: str, **how: Any) -> Any:
    """The driver's file. Raises UserError."""
    system, name = _place(path)
    with _told(path):
        return system.open(name, "rb", **how)


def _gives_parts(path: str, size: int) -> bool:
    """Whether a web server gives the last byte alone, where it is not the only one."""
    if size < 2:
        return False
    file = _opened(path, cache_type="none")
    with _told(path):
        try:
            file.seek(size - 1)
            return len(file.read(1)) == 1
        except (ValueError, OSError):
            return False  # so the driver says of an answer that is the whole file, and of a mere stream


def _place(path: str) -> tuple[Any, str]:
    """The file system of a path, and the path's name in it. Raises UserError if nothing is installed for it."""
    scheme = path.partition("://")[0]
    if "::" in scheme:
        raise UserError(f"{scheme!r} is a chain of schemes, which is not followed", path=path)
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        hint = (
            f"run `pip install {' '.join(filter(None, ('fsspec', _DRIVERS.get(scheme))))}`, or copy the file"
        )
        raise UserError(
            "a path with a scheme needs fsspec, which is not installed", path=path, hint=hint
        ) from None
    try:
        with _told(path, passed=(ImportError, ValueError)):
            system, name = url_to_fs(path)
            system.invalidate_cache()  # what others put there meanwhile counts
    except ImportError as error:
        driver = _DRIVERS.get(scheme)
        hint = f"run `pip install {driver}`, or copy the file" if driver else str(error)
        raise UserError(f"the driver for '{scheme}://' is not installed", path=path, hint=hint) from None
    except ValueError as error:
        if "rotocol" not in str(error):
            raise _failed(path, error) from None
        raise UserError(
            f"nothing is known that reads '{scheme}://'", path=path, hint="copy the file"
        ) from None
    return system, name


def _info(path: str) -> dict[str, Any] | None:
    """What the file system says of a path, None if it is not there."""
    system, name = _place(path)
    try:
        with _told(path, passed=FileNotFoundError):
            return cast(dict[str, Any], system.info(name))
    except FileNotFoundError as error:
        # The driver for the web calls every failure so, and gives the true one as the cause.
        cause = error.__cause__
        missing = (
            cause is None or isinstance(cause, FileNotFoundError) or getattr(cause, "status", 0) in (404, 410)
        )
        if missing or not path.startswith(_WEB):
            return None
        raise _failed(path, cause or error) from None


def _needed(path: str) -> dict[str, Any]:
    info = _info(path)
    if info is None:
        raise UserError("no such file", path=path)
    if info.get("type") == "directory":
        raise UserError("is a directory, not a file", path=path)
    return info


def _as_written(pattern: str, system: Any, name: str) -> str:
    """The path of a file that was found, with the scheme that the pattern has."""
    whole = str(system.unstrip_protocol(name))
    scheme, mark, rest = pattern.partition("://")
    found = whole.partition("://")[2]
    return f"{scheme}{mark}{found if rest.startswith('/') else found.lstrip('/')}"


def _too_large(path: str, limit: int, what: str) -> UserError:
    hint = "is this a record or a checkpoint?"
    return UserError(f"{what}, and {limit // 1048576} MiB are read", path=path, hint=hint)


@contextlib.contextmanager
def _told(
    path: str, what: str = "read", passed: type[Exception] | tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn what a driver raises into a UserError; drivers have exceptions of their own libraries. `passed` go through."""
    try:
        yield
    except passed:
        raise
    except Exception as error:
        raise _failed(path, error, what) from None


def _failed(path: str, error: BaseException, what: str = "read") -> UserError:
    """What to say of a failure of the network or of the driver."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, FileNotFoundError):
        return UserError("no such file", path=path)
    if isinstance(error, PermissionError):
        return UserError(f"no permission to have it {what}: {_reason(error)}", path=path)
    return UserError(f"cannot be {what}: {_reason(error)}", path=path)


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
