"""That one run at a time works in a model dir."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfgtool.errors import UserError

LOCK_FILE = ".lock"


class RunLock:
    """Held while a run works in its model dir, so that no other one does.

    The operating system holds it on a file and lets go when the process ends, however that happens. The file says who
    has it (process and host), for messages and for file systems without locks.
    """

    def __init__(self, model_dir: Path) -> None:
        self._path = model_dir / LOCK_FILE
        self._handle: int | None = None

    def take(self) -> str | None:
        """Take the lock; returns a note if a run that did not end by itself has left it. Raises UserError if it is
        held or cannot be written."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise _unwritable(self._path, error) from None
        try:
            said = _refuse_held(handle, self._path)
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            started = time.strftime("%Y-%m-%d %H:%M:%S")
            mine = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
            os.write(handle, json.dumps(mine).encode())
        except UserError:
            os.close(handle)
            raise
        except OSError as error:
            os.close(handle)
            raise _unwritable(self._path, error) from None
        self._handle = handle
        return f"the lock of an earlier run is taken over ({_who(said)}, which has gone)" if said else None

    def release(self) -> None:
        """Let go; the file stays, empty, because removing it would race with who takes it next."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> RunLock:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def refuse_running(model_dir: Path) -> None:
    """Raise UserError if a run works in the model dir right now."""
    path = model_dir / LOCK_FILE
    if not path.is_file() or not os.access(path, os.W_OK):
        return
    handle = os.open(path, os.O_RDWR)
    try:
        _refuse_held(handle, path)
    finally:
        os.close(handle)


def _refuse_held(handle: int, path: Path) -> Mapping[str, Any] | None:
    """Lock the open file; returns what it says of an earlier holder. Raises UserError if another process has it."""
    locked = _locked(handle)
    said = _said(handle)
    if locked or (locked is None and not _may_live(said)):
        return said
    raise UserError(
        f"another run works in this model dir: {_who(said)}",
        path=str(path.parent),
        hint="wait for it, stop it, or choose another --model-dir"
        + ("" if locked is False else f"; if it has gone, delete {path}"),
    )


def _locked(handle: int) -> bool | None:
    """Whether the lock was got; None where the system or the file system has none."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _may_live(said: Mapping[str, Any] | None) -> bool:
    """Whether the process that the file names may still run; where there are no locks, that is all to go by."""
    if said is None:
        return False
    if said.get("host") != socket.gethostname():
        return True
    process = said.get("pid")
    if not isinstance(process, int) or process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"cannot be written: {error.strerror or error}", path=str(path))


def _said(handle: int) -> Mapping[str, Any] | None:
    """What the holder has written; None for an empty file."""
    os.lseek(handle, 0, os.SEEK_SET)
    text = os.read(handle, 4096)
    try:
        said = json.loads(text) if text.strip() else None
    except ValueError:
        return {}
    return said if said is None or isinstance(said, dict) else {}


def _who(said: Mapping[str, Any] | None) -> str:
    said = said or {}
    return f"process {said.get('pid', '?')} on {said.get('host', 'unknown host')}, since {said.get('started', '?')}"
