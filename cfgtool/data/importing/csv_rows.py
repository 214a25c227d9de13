"""The rows of a CSV file with their places, and what is in its columns."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cfgtool.data import keys
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST = 1 << 20
"""A row is not as long; what looks so has lost a quote."""

NAMES: dict[str, tuple[str, ...]] = {
    "picture": (
        "filename",
        "image",
        "file",
        "file_name",
        "image_path",
        "path",
        "img",
        "image_name",
        "imageid",
    ),
    "class": ("class", "label", "name", "class_name", "category", "labelname"),
    "xmin": ("xmin", "x_min", "x1", "left"),
    "ymin": ("ymin", "y_min", "y1", "top"),
    "xmax": ("xmax", "x_max", "x2", "right"),
    "ymax": ("ymax", "y_max", "y2", "bottom"),
}
"""What is needed -> what columns with it are called, in lower case."""
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "width": ("width", "img_width", "image_width"),
    "height": ("height", "img_height", "image_height"),
    "split": ("split", "set", "subset"),
    keys.DIFFICULT: ("difficult",),
    keys.TRUNCATED: ("truncated", "istruncated"),
    keys.OCCLUDED: ("occluded", "isoccluded"),
    keys.GROUP_OF: ("group_of", "isgroupof"),
    keys.DEPICTION: ("isdepiction",),
}


class Columns(NamedTuple):
    """The delimiter, the number of columns, and what is in which: the keys of `NAMES` and of the optional ones."""

    delimiter: str
    width: int
    places: dict[str, int]
    open_images: bool


def rows(
    file: BinaryIO, path: str, delimiter: str | None = None, start: int = 0, line: int = 1
) -> Iterator[tuple[int, int, list[str]]]:
    """(byte offset, line, cells) of each row from where the file stands; without a delimiter a row is one cell.

    Raises UserError for a row that never ends, and for bytes that are no text.
    """
    at, number = start, line
    begin, first = at, number

    def lines() -> Iterator[str]:
        nonlocal at, number
        while data := file.readline(_LONGEST):
            if b"\0" in data or len(data) >= _LONGEST:
                raise UserError(
                    "is no CSV file: has a line without end or bytes that are no text", path=path, line=number
                )
            text = data.decode("utf-8", "surrogateescape")
            if at == 0:
                text = text.removeprefix("\ufeff")
            at += len(data)
            number += 1
            if at - begin > _LONGEST:
                raise UserError("a quote is never closed", path=path, line=first)
            yield text

    source = lines()
    if delimiter is None:
        for text in source:
            yield begin, first, [text.rstrip("\r\n")]
            begin, first = at, number
        return
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        begin, first = at, number
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(f"is no CSV file: {error}", path=path, line=first) from None
        yield begin, first, row


def columns_of(header: str, path: str) -> Columns:
    """What is in which column. Raises UserError if a needed column is missing, naming all that are."""
    best: Columns | None = None
    for delimiter in _DELIMITERS:
        cells = [cell.strip().casefold() for cell in next(csv.reader([header], delimiter=delimiter), [])]
        places = {
            what: cells.index(name)
            for what, names in {**NAMES, **_OPTIONAL}.items()
            for name in reversed(names)
            if name in cells
        }
        if best is None or len(places) > len(best.places):
            best = Columns(delimiter, len(cells), places, "imageid" in cells and "labelname" in cells)
    assert best is not None
    missing = [what for what in NAMES if what not in best.places]
    if missing:
        named = ", ".join(f"{what!r} ({' or '.join(NAMES[what][:3])})" for what in missing)
        raise UserError(
            f"has no column for {named}; its first row is {header[:80]!r}",
            path=path,
            line=1,
            hint="the first row must name the columns, as in filename,width,height,class,xmin,ymin,xmax,ymax",
        )
    return best
