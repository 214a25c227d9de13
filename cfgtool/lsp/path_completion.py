"""Files and folders for a path that is being typed."""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING

from cfgtool.lsp.completion import Item
from cfgtool.lsp.paths import folders, path_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.lsp.cursor import Cursor
    from cfgtool.lsp.opened import Opened

_MOST_ENTRIES = 2000
_SHARD = re.compile(r"(.+)-\d{5}-of-(\d{5})\Z")
_NO_RECORDS = re.compile(r"\.(?:index|meta|data-\d{5}-of-\d{5}|config|pbtxt|py|md)\Z|\Acheckpoint\Z")


def path_items(opened: Opened, cursor: Cursor, field: str) -> list[Item]:
    """What can follow the last `/` before the cursor, fitting files first, then folders.

    Checkpoints come by their prefix, shards of one record file as one pattern. Nothing for a path with
    backslashes, which are escapes here, and for URLs.
    """
    typed = cursor.typed
    if "\\" in typed or "://" in typed:
        return []
    parent, slash, begun = typed.rpartition("/")
    start = cursor.start + len(parent) + len(slash)
    kind = path_kind(field) or "folder"
    found: dict[str, Item] = {}
    # Of two files of one name the config's reader takes the one in the current folder, so that comes first.
    for folder in folders(opened):
        files, below = _listed(os.path.join(folder, parent + slash) or ".")
        hidden = begun.startswith(".")
        for name, detail in _offered(kind, files):
            if hidden or not name.startswith("."):
                found.setdefault(name, Item(name, "file", detail, "", start, cursor.end, name))
        for name in below:
            if hidden or not name.startswith("."):
                found.setdefault(name, Item(f"{name}/", "folder", "", "", start, cursor.end, f"{name}/"))
    return sorted(found.values(), key=lambda item: item.kind == "folder")


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Names of the files and of the folders in a folder, sorted; empty if it cannot be read.

    Names that cannot stand between the quotes of a string as they are stay out.
    """
    files: list[str] = []
    below: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, _MOST_ENTRIES):
                if entry.name.isprintable() and not any(character in entry.name for character in "\"'\\"):
                    (below if entry.is_dir() else files).append(entry.name)
    except OSError:
        return [], []
    return sorted(files), sorted(below)


def _offered(kind: str, files: list[str]) -> Iterator[tuple[str, str]]:
    """(name, what it is) of the files that a path of that kind may lead to."""
    if kind == "checkpoint":
        for name in files:
            if name.endswith(".index") and name != ".index":
                yield name.removesuffix(".index"), "checkpoint"
    elif kind == "records":
        yield from _records(files)
    elif kind == "label map":
        fitting = [name for name in files if name.endswith((".pbtxt", ".txt"))]
        yield from ((name, "label map") for name in fitting)
    # A path to a folder has no use for files.


def _records(files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Record files, the shards of one as a pattern; what is known to be something else stays out."""
    shards: dict[str, int] = {}
    for name in files:
        match = _SHARD.match(name)
        if _NO_RECORDS.search(name):
            continue
        if match:
            pattern = f"{match[1]}-?????-of-{match[2]}"
            shards[pattern] = shards.get(pattern, 0) + 1
        else:
            yield name, "records"
    for pattern, count in shards.items():
        yield pattern, f"{count} shard{'s' * (count != 1)}"
