"""Where annotations and pictures lie."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENDINGS = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_LOOKED_AT = 50
_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
_DEEPEST = 4


def split_name(name: str) -> str:
    """The split that a name such as `train2017` or `valid` means; "" if none."""
    return _SPLITS.get(name.strip().casefold().rstrip("0123456789"), "")


def files_below(folder: str, *endings: str) -> list[str]:
    """The files in a folder and those in it that end so, sorted by path; hidden folders are passed over."""
    found: list[str] = []
    for place, folders, names in os.walk(folder, followlinks=False):
        depth = os.path.relpath(place, folder).count(os.sep)
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if depth < _DEEPEST else []
        found += (os.path.join(place, name) for name in names if name.endswith(endings) and name[0] != ".")
    return sorted(found)


def beside(names: Sequence[str], folders: Iterable[str], path: str) -> str:
    """The first of the folders that has most of the first few pictures.

    Raises UserError if none has any, naming the folders.
    """
    places = list(dict.fromkeys(os.path.normpath(folder) for folder in folders))
    some = names[:_LOOKED_AT]
    counts = {place: sum(os.path.isfile(os.path.join(place, name)) for name in some) for place in places}
    best = max(places, key=lambda place: counts[place])
    if counts[best]:
        return best
    if len(names) > len(some):
        best = next((place for place in places if _has_any(place, names)), "")
        if best:
            return best
    raise UserError(
        f"none of its {len(names)} pictures is there, not even {names[0]!r}; looked in {', '.join(places)}",
        path=path,
        hint="--images DIR says where they are",
    )


def _has_any(place: str, names: Sequence[str]) -> bool:
    return any(os.path.isfile(os.path.join(place, name)) for name in names)


def with_ending(stem: str) -> str:
    """The picture of that path without its ending; "" if there is none."""
    return next((stem + ending for ending in ENDINGS if os.path.isfile(stem + ending)), "")


def no_folder(path: str) -> UserError:
    """What to say of a source that is not there."""
    if not os.path.exists(path):
        from cfgtool.data.paths import nearby

        return UserError("no such file or folder", path=path, hint=nearby(path))
    return UserError("is no folder", path=path)
