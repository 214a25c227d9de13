"""CSV with a row for each object: the tutorials' `filename,width,height,class,xmin,ymin,xmax,ymax`, or Open Images'.

Corners of the former are edges in pixels, as the tutorials' own converters take them; Open Images has fractions.
Rows stand in any order: their places are remembered, and those of a picture are read when its turn comes.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Any, BinaryIO

from cfgtool.data import keys
from cfgtool.data.importing.csv_rows import columns_of, rows
from cfgtool.data.importing.flaws import Flaw
from cfgtool.data.importing.folders import ENDINGS, beside, split_name
from cfgtool.data.importing.source import Annotation, ClassEntry, Entry, Thing
from cfgtool.data.importing.values import as_integer, as_number
from cfgtool.data.tfrecord import open_records
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.data.importing.source import Key

_FLAGS = (keys.DIFFICULT, keys.TRUNCATED, keys.OCCLUDED, keys.GROUP_OF, keys.DEPICTION)
_CORNERS = ("ymin", "xmin", "ymax", "xmax")


class Table:
    """One CSV file. Classes are in alphabetical order."""

    masks = False

    def __init__(self, path: str, images: str | None) -> None:
        """Raises UserError where columns are missing, with what they may be called, and if no picture is found."""
        self.entries: list[Entry] = []
        self.classes: dict[Key, ClassEntry] = {}
        self.flaws: list[Flaw] = []
        self.notes: list[str] = []
        self._path = path
        self._file: BinaryIO | None = None
        if os.path.isdir(path):
            raise UserError("is a folder", path=path, hint="give the .csv file")
        names = self._index()
        for number, name in enumerate(sorted(names), 1):
            self.classes[name] = ClassEntry(number, name)
        self._resolve(images)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}

    def read(self, entry: Entry) -> Annotation:
        """The rows of a picture."""
        if self._file is None:
            self._file = open_records(self._path)
        found = Annotation(self._path, fractions=self.columns.open_images)
        sizes: dict[tuple[int, int], int] = {}
        for start, line in zip(entry.detail[::2], entry.detail[1::2], strict=True):
            self._file.seek(start)
            row = next(rows(self._file, self._path, self.columns.delimiter, start, line))[2]
            thing = self._thing(row, line)
            if isinstance(thing, str):
                message = f"{entry.name!r}: {thing}"
                found.flaws.append(Flaw("annotation-malformed", entry.number, self._path, line, message))
            elif thing is not None:
                found.things.append(thing)
            size = as_integer(self._cell(row, "width")), as_integer(self._cell(row, "height"))
            if size[0] and size[1] and min(size[0], size[1]) > 0:
                sizes.setdefault((size[0], size[1]), line)
        if len(sizes) > 1:
            shown = ", ".join(f"{width}x{height}" for width, height in sizes)
            message = f"{entry.name!r} has several sizes: {shown}"
            line = max(sizes.values())
            found.flaws.append(Flaw("annotation-unreadable", entry.number, self._path, line, message))
        found.size = next(iter(sizes), None)
        return found

    def _index(self) -> set[str]:
        """Pictures with the places of their rows; returns the names of the classes."""
        names: set[str] = set()
        found: dict[str, Entry] = {}
        with open_records(self._path) as file:
            content = rows(file, self._path)
            try:
                _, _, header = next(content)
            except StopIteration:
                raise UserError("is empty", path=self._path) from None
            self.columns = columns_of(header[0], self._path)
            file.seek(0)
            content = rows(file, self._path, self.columns.delimiter)
            next(content)
            for start, line, row in content:
                if not any(cell.strip() for cell in row):
                    continue
                name = self._cell(row, "picture")
                if len(row) != self.columns.width or not name:
                    what = f"{len(row)} columns, the header {self.columns.width}" if name else "no picture"
                    self.flaws.append(
                        Flaw("annotation-malformed", -1, self._path, line, f"the row has {what}")
                    )
                    continue
                entry = found.get(name)
                if entry is None:
                    source_id = os.path.splitext(name)[0] if not self.columns.open_images else name
                    split = split_name(self._cell(row, "split"))
                    entry = Entry(len(found), name, "", source_id, split, array("Q"))
                    found[name] = entry
                entry.detail.extend((start, line))
                if title := self._cell(row, "class"):
                    names.add(title)
        if not found:
            raise UserError("has no rows below its header", path=self._path)
        self.entries = list(found.values())
        return names

    def _cell(self, row: list[str], what: str) -> str:
        """The text of a column; "" where there is no such column."""
        place = self.columns.places.get(what)
        return row[place].strip() if place is not None and place < len(row) else ""

    def _thing(self, row: list[str], line: int) -> Thing | str | None:
        """The object of a row, what is wrong with it, or None for a picture without objects."""
        title = self._cell(row, "class")
        texts = [self._cell(row, corner) for corner in _CORNERS]
        if not title and not any(texts):
            return None
        if not title:
            return "has a box and no class"
        corners = []
        for corner, text in zip(_CORNERS, texts, strict=True):
            value = as_number(text)
            if value is None:
                return f"{corner} is {text!r}, not a number"
            corners.append(value)
        top, left, bottom, right = corners
        thing = Thing(title, (top, left, bottom, right), "the box", line)
        for key in _FLAGS:
            if key in self.columns.places:
                value = as_number(self._cell(row, key) or "0")
                # -1 is Open Images' "unknown".
                if value not in (-1, 0, 1):
                    return f"{key.rpartition('/')[2]} is {self._cell(row, key)!r}, not 0 or 1"
                thing.extra[key] = int(value == 1)
        return thing

    def _resolve(self, images: str | None) -> None:
        """Find the pictures; Open Images leaves their endings out."""
        folder = os.path.dirname(self._path)
        stem = os.path.splitext(os.path.basename(self._path))[0]
        above = os.path.dirname(folder) or os.pardir
        inner = ("", "images", stem, stem.partition("_")[0], os.path.join("images", stem.partition("_")[0]))
        places = (
            [images] if images else [os.path.join(base, one) for base in (folder, above) for one in inner]
        )
        names = [entry.name for entry in self.entries]
        if all(os.path.splitext(name)[1] not in ENDINGS for name in names[:50]):
            endings = _endings(places)
            chosen = beside([endings.get(name, name) for name in names], places, self._path)
        else:
            endings = {}
            chosen = beside(names, places, self._path)
        for entry in self.entries:
            entry.path = os.path.join(chosen, endings.get(entry.name, entry.name))


def _endings(folders: list[str]) -> dict[str, str]:
    """Name without ending -> name of the pictures in these folders; the first folder counts."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(folders):
        if not os.path.isdir(folder or "."):
            continue
        for name in sorted(os.listdir(folder or ".")):
            stem, ending = os.path.splitext(name)
            if ending in ENDINGS:
                found.setdefault(stem, name)
    return found
