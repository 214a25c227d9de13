"""What lies around a path: the checkpoints in a folder, and those that may have been meant."""

from __future__ import annotations

import os

from cfgtool.checkpoints.kinds import SAVED_MODEL
from cfgtool.files import is_file

_SHOWN = 4
_FOLDERS = 200
"""So many folders are looked into at most for what may have been meant."""
_DEPTH = 3
"""So many folders deep a checkpoint is looked for where its own folder is missing."""


def has_index(prefix: str) -> bool:
    """True for the prefix of a bundle."""
    return bool(prefix) and is_file(f"{prefix}.index")


def names_in(folder: str) -> list[str]:
    """The names in a folder, sorted; none where it cannot be read."""
    if "://" in folder:
        from cfgtool import remote

        return remote.names_in(folder)
    try:
        return sorted(os.listdir(folder or "."))
    except OSError:
        return []


def prefixes(folder: str) -> list[str]:
    """The checkpoints in a folder, by the numbers that their names end in."""
    found = [
        name[: -len(".index")] for name in names_in(folder) if name.endswith(".index") and name != ".index"
    ]
    found.sort(key=lambda name: (name.rpartition("-")[0], _number(name)))
    return [os.path.join(folder, name) for name in found]


def _number(name: str) -> int:
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else -1


def with_step(path: str) -> list[str]:
    """Checkpoints whose name is that of `path` and a step."""
    folder, name = os.path.split(path)
    return [prefix for prefix in prefixes(folder) if os.path.basename(prefix).startswith(f"{name}-")]


def near(path: str, steps: list[str]) -> str:
    """The way out: checkpoints of that name or number, beside it, or one folder deeper or higher."""
    if steps:
        return f"there are {listed(steps)}"
    folder, name = os.path.split(path)
    found = prefixes(folder)
    digits = "".join(character for character in name if character.isdecimal())
    alike = [prefix for prefix in found if digits and _number(prefix) == int(digits)]
    if alike:
        return f"did you mean {listed(alike)}?"
    if "://" in path:  # each folder would be a request
        return (
            f"near it {'are' if len(found) > 1 else 'is'} {listed(found)}" if found else "is the name right?"
        )
    for deeper in names_in(folder)[:_FOLDERS]:
        found += prefixes(os.path.join(folder, deeper))
    if not found and folder:
        found = _below(folder, name) or prefixes(os.path.dirname(folder))
    if found:
        return f"near it {'are' if len(found) > 1 else 'is'} {listed(found)}"
    saved = [os.path.join(folder, deeper) for deeper in names_in(folder)[:_FOLDERS]]
    saved = [inner for inner in saved if is_file(os.path.join(inner, SAVED_MODEL))]
    if saved:
        return f"there is the SavedModel {listed(saved)}"
    if folder and not os.path.isdir(folder):
        return f"there is no folder {folder!r}"
    return "no checkpoint is near it either"


def _below(folder: str, name: str) -> list[str]:
    """Checkpoints called `name` below the nearest folder above the missing `folder`: archives nest them."""
    if os.path.isdir(folder):
        return []
    above = os.path.dirname(folder)
    while above and above != os.sep and not os.path.isdir(above):
        above = os.path.dirname(above)
    found: list[str] = []
    layer = [above] if above != os.sep else []
    for _ in range(_DEPTH):
        layer = [
            path
            for start in layer
            for path in (os.path.join(start, inner) for inner in names_in(start)[:_FOLDERS])
            if os.path.isdir(path)
        ][:_FOLDERS]
        found += [path for path in (os.path.join(inner, name) for inner in layer) if has_index(path)]
    return found


def listed(paths: list[str]) -> str:
    """Paths as a sentence has them, the first few of many."""
    shown = ", ".join(repr(path) for path in paths[:_SHOWN])
    return shown + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
