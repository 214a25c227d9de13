"""Classes: from a file that names them, and to a label map."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from cfgtool.data.importing.source import ClassEntry
from cfgtool.data.label_map import read_label_map
from cfgtool.errors import UserError
from cfgtool.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cfgtool.data.importing.encode import KeypointPlaces
    from cfgtool.data.importing.source import Key


def read_classes(path: str) -> list[ClassEntry]:
    """The classes of a label map (`.pbtxt`), of a list with one a line, or of lines `name,name to show`.

    Raises UserError if it names none, or one twice.
    """
    if path.endswith((".pbtxt", ".prototxt")):
        items = [item for item in read_label_map(path).items if item.id > 0]
        entries = [ClassEntry(item.id, item.name or item.display_name, item.display_name) for item in items]
    else:
        text = read_text(path).removeprefix("\ufeff")
        try:
            lines = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(row)]
        except csv.Error as error:
            raise UserError(f"is no list of classes: {error}", path=path) from None
        entries = [
            ClassEntry(number, line[0], line[1] if len(line) == 2 else "")
            for number, line in enumerate(lines, 1)
        ]
    if not entries:
        raise UserError("names no class", path=path)
    seen: set[str] = set()
    for entry in entries:
        if not entry.name or entry.name in seen:
            raise UserError(
                f"names {entry.name!r} twice" if entry.name else "has a class without a name", path=path
            )
        seen.add(entry.name)
    return entries


def chosen(
    found: Mapping[Key, ClassEntry], named: Sequence[ClassEntry], *, by_number: bool
) -> dict[Key, ClassEntry]:
    """The classes that `named` allows, by the keys of the source: by their names, or `by_number` in their order."""
    if by_number:
        return {
            number: ClassEntry(entry.id, entry.name, entry.display_name, _points(found, number))
            for number, entry in enumerate(named)
        }
    by_name = {entry.name: entry for entry in named}
    known: dict[Key, ClassEntry] = {}
    for key, entry in found.items():
        if entry.name in by_name:
            one = by_name[entry.name]
            known[key] = ClassEntry(one.id, one.name, one.display_name, entry.keypoints)
    for name, one in by_name.items():
        if all(entry.name != name for entry in known.values()):
            known[f"--classes {name}"] = one  # of which there is no object, but which the model may have
    return known


def _points(found: Mapping[Key, ClassEntry], key: Key) -> Sequence[str]:
    entry = found.get(key) or next(iter(found.values()), None)
    return entry.keypoints if entry is not None else ()


def renumbered(classes: Mapping[Key, ClassEntry]) -> dict[Key, ClassEntry]:
    """The classes with the ids 1, 2, ... in the order of those they have."""
    ordered = sorted(classes.items(), key=lambda item: item[1].id)
    return {
        key: ClassEntry(number, entry.name, entry.display_name, entry.keypoints)
        for number, (key, entry) in enumerate(ordered, 1)
    }


def check_ids(classes: Iterable[ClassEntry], path: str) -> None:
    """Raise UserError for an id below 1, which a label map has no place for, and for a name with two ids."""
    names: dict[str, int] = {}
    for entry in classes:
        if entry.id < 1:
            raise UserError(
                f"class {entry.name!r} has id '{entry.id}'; ids of a label map start at 1",
                path=path,
                hint="--renumber gives the ids 1, 2, ...",
            )
        if names.setdefault(entry.name, entry.id) != entry.id:
            raise UserError(f"the name {entry.name!r} is that of two classes", path=path, hint="rename one")


def label_map_text(classes: Iterable[ClassEntry], places: KeypointPlaces) -> str:
    """The text of the label map, by id."""
    blocks = []
    for entry in sorted(classes, key=lambda one: one.id):
        lines = [f"  id: {entry.id}", f"  name: {_quoted(entry.name)}"]
        if entry.display_name:
            lines.append(f"  display_name: {_quoted(entry.display_name)}")
        for id_, label in zip(places.ids(entry), entry.keypoints, strict=True):
            lines.append(f"  keypoints {{ id: {id_} label: {_quoted(label)} }}")
        blocks.append("item {\n" + "\n".join(lines) + "\n}\n")
    return "".join(blocks)


def _quoted(text: str) -> str:
    """A string of the text format."""
    out = []
    for byte in text.encode("utf-8", "surrogateescape"):
        character = chr(byte)
        if character in "\"\\'":
            out.append("\\" + character)
        elif 32 <= byte < 127:
            out.append(character)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'
