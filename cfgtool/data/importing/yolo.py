"""YOLO: a text file for each picture, with a line for each object. Formats: docs.ultralytics.com/datasets, and Darknet's.

A line has the number of the class (from 0) and, in fractions of the sides, the box (centre x, centre y, width, height),
or the corners of a polygon, or a box and the keypoints that `kpt_shape` counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.data.importing.flaws import Flaw, counted
from cfgtool.data.importing.source import Annotation, Entry, Thing
from cfgtool.data.importing.values import as_integer, as_number
from cfgtool.data.importing.yolo_layout import layout_of
from cfgtool.errors import UserError
from cfgtool.files import read_text

if TYPE_CHECKING:
    from cfgtool.data.importing.source import ClassEntry, Key


class Yolo:
    """A folder or its `data.yaml`: pictures under images/, lines under labels/; or Darknet's layout."""

    masks = True

    def __init__(self, path: str, images: str | None, *, keypoints: bool, named: bool) -> None:
        """`named`: classes are given elsewhere. Raises UserError where classes or pictures are not to be found."""
        layout = layout_of(path, images, named=named)
        self.flaws: list[Flaw] = []
        self.notes: list[str] = []
        self._keypoints = layout.keypoints
        self._take = keypoints
        if keypoints and layout.keypoints is None:
            raise UserError("has no kpt_shape", path=layout.path, hint="import without --keypoints")
        self.classes: dict[Key, ClassEntry] = dict(layout.classes(keypoints=keypoints).items())
        seen: dict[str, Entry] = {}
        taken: set[tuple[str, str]] = set()
        for split, picture, name in layout.pictures():
            if picture in seen:
                code = "picture-duplicate" if seen[picture].split == split else "picture-in-two-splits"
                message = f"{picture!r} is in {seen[picture].split or 'the list'} already"
                self.flaws.append(Flaw(code, seen[picture].number, layout.path, None, message))
                continue
            if (split, name) in taken:  # of another folder
                name = os.path.relpath(picture, layout.root)
            taken.add((split, name))
            stem = os.path.splitext(name)[0]
            seen[picture] = Entry(len(seen), name, picture, stem, split, layout.labels_of(picture))
        self.entries = list(seen.values())
        if not self.entries:
            raise UserError("has no pictures", path=layout.path, hint="are they under images/?")
        without = sum(not os.path.isfile(entry.detail) for entry in self.entries)
        if without == len(self.entries):
            raise UserError(
                f"no picture has labels; those of {self.entries[0].path!r} would be {self.entries[0].detail!r}",
                path=layout.path,
            )
        if without:
            self.notes.append(
                f"{counted(without, 'picture')} without a file of labels, taken as without objects"
            )

    def read(self, entry: Entry) -> Annotation:
        """The lines of a picture's file; no file, no objects."""
        path: str = entry.detail
        found = Annotation(path, fractions=True)
        if not os.path.isfile(path):
            return found
        try:
            lines = read_text(path).split("\n")
        except UserError as error:
            found.flaws.append(Flaw("annotation-unreadable", entry.number, path, None, error.message))
            return found
        for line, text in enumerate(lines, 1):
            words = text.split()
            if not words:
                continue
            thing = self._thing(words, line)
            if isinstance(thing, str):
                found.flaws.append(Flaw("annotation-malformed", entry.number, path, line, thing))
            else:
                found.things.append(thing)
        return found

    def _thing(self, words: list[str], line: int) -> Thing | str:
        """The object of a line, or what is wrong with it."""
        index = as_integer(words[0])
        values = [as_number(word) for word in words[1:]]
        if index is None:
            return f"the class {words[0]!r} is not a whole number"
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            wrong = next(word for word, value in zip(words[1:], values, strict=True) if value is None)
            return f"{wrong!r} is not a number"
        if self._keypoints is not None:
            return self._posed(index, known, line)
        if len(known) == 4:
            return Thing(index, _corners(known), "the box", line)
        if len(known) == 5:
            return "has 6 values: is it a detection with its score, not a label?"
        if len(known) < 6 or len(known) % 2:
            return f"has {len(words)} values, not 5 (a box) or 7, 9, ... (a polygon)"
        xs, ys = known[::2], known[1::2]
        return Thing(index, (min(ys), min(xs), max(ys), max(xs)), "the polygon", line, outline=[known])

    def _posed(self, index: int, values: list[float], line: int) -> Thing | str:
        assert self._keypoints is not None
        count, size = self._keypoints
        if len(values) != 4 + count * size:
            return f"has {len(values) + 1} values, not the {5 + count * size} of a box and {count} keypoints of {size}"
        thing = Thing(index, _corners(values[:4]), "the box", line)
        if self._take:
            for start in range(4, len(values), size):
                x, y = values[start : start + 2]
                seen = int(values[start + 2]) if size == 3 else 2 if x or y else 0
                thing.keypoints.append((x, y, seen))
        return thing


def _corners(values: list[float]) -> tuple[float, float, float, float]:
    x, y, width, height = values
    return y - height / 2, x - width / 2, y + height / 2, x + width / 2
