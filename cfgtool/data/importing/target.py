"""The folder that an import writes: made beside its place, and put there in one step when everything is in it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

REPORT = "import.json"
LABEL_MAP = "label_map.pbtxt"
_OURS = re.compile(r"(train|val|test)-\d{5}-of-\d{5}\.record|import\.json|label_map\.pbtxt")
_MAKING = ".importing-"
_OLD = ".replaced"


def check_target(path: str, *, force: bool) -> None:
    """Raise UserError for a place that cannot be written, and for one that is taken and must not be replaced.

    With `force` a folder is replaced that holds nothing but what an import writes.
    """
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(parent):
        raise UserError("there is no such folder", path=parent)
    if not os.access(parent, os.W_OK):
        raise UserError("no permission to write in this folder", path=parent)
    if not os.path.lexists(path):
        return
    if not os.path.isdir(path) or os.path.islink(path):
        raise UserError("exists already, and is no folder", path=path)
    found = sorted(os.listdir(path))
    foreign = [name for name in found if not _OURS.fullmatch(name)]
    if foreign:
        hint = "give a folder of its own" + (": --force replaces imported data only" if force else "")
        raise UserError(f"exists already, and holds {foreign[0]!r}", path=path, hint=hint)
    if found and not force:
        raise UserError("exists already", path=path, hint="--force replaces it")


@contextlib.contextmanager
def made(path: str) -> Iterator[str]:
    """A new folder beside `path`, which becomes `path` where the block ends well and is gone where it does not."""
    target = os.path.abspath(path)
    parent, name = os.path.split(target)
    _tidy(parent, name, target)
    making = os.path.join(parent, f".{name}{_MAKING}{os.getpid()}")
    try:
        try:
            os.mkdir(making)
        except OSError as error:
            raise UserError(f"cannot be made: {error.strerror or error}", path=making) from None
        yield making
        sync_folder(making)
        _put(making, target)
        sync_folder(parent)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _put(making: str, target: str) -> None:
    old = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}{_OLD}")
    try:
        if os.path.isdir(target):
            shutil.rmtree(old, ignore_errors=True)
            os.rename(target, old)
        os.rename(making, target)
    except OSError as error:
        raise UserError(f"cannot be put in place: {error.strerror or error}", path=target) from None
    shutil.rmtree(old, ignore_errors=True)


def _tidy(parent: str, name: str, target: str) -> None:
    """Take away what imports to this place left that were killed; put back what one had moved aside."""
    old = os.path.join(parent, f".{name}{_OLD}")
    if os.path.isdir(old) and not os.path.exists(target):
        with contextlib.suppress(OSError):
            os.rename(old, target)
    begin = f".{name}{_MAKING}"
    for found in os.listdir(parent):
        if found.startswith(begin) and not _runs(found.removeprefix(begin)):
            shutil.rmtree(os.path.join(parent, found), ignore_errors=True)


def _runs(number: str) -> bool:
    """Whether a process of that number runs; a name that is none was not made by us."""
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, OverflowError):
        return True
    return int(number) != os.getpid()
