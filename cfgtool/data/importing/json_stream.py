"""A large JSON object read element by element, in bounded memory.

The text is read as Latin-1, so that a character is a byte and the places of elements are offsets in the file, by which
one of them can be read again. Strings come out right from `element` only, which decodes UTF-8.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_CHUNK = 1 << 20
_MOST = 64 << 20
"""One element of a list is not as large; what looks so has lost a quote or a bracket."""
_BLANK = " \t\r\n"


class Element(NamedTuple):
    """A value of the top-level object, or one of a list there: its key, bytes `start` to `end`, and the value.

    A list without any is one element without a byte.
    """

    key: str
    start: int
    end: int
    value: Any


def elements(path: str, file: BinaryIO) -> Iterator[Element]:
    """The elements of the lists in the top-level object of `file`, and its other values.

    Raises UserError, with line and column, where it is not JSON, and if it is no object.
    """
    return _Stream(path, file).elements()


def element(file: BinaryIO, start: int, end: int) -> Any:
    """The element at these bytes, its strings decoded; bytes that are no UTF-8 become lone surrogates."""
    file.seek(start)
    return json.loads(file.read(end - start).decode("utf-8", "surrogateescape"))


class _Stream:
    """A window on the file: `text` begins at byte `base`, and `at` is the place in it."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._text = ""
        self._base = 0
        self._at = 0
        self._ended = False
        self._lines = 0
        self._decode = json.JSONDecoder().raw_decode

    def elements(self) -> Iterator[Element]:
        self._more()
        if self._text.startswith("\xef\xbb\xbf"):
            self._at = 3
        if self._text.startswith(("\xff\xfe", "\xfe\xff")):
            raise UserError("is UTF-16, not UTF-8", path=self._path, hint="save it as UTF-8")
        if self._peek() == "[":
            raise UserError(
                "is a list, not an object",
                path=self._path,
                hint="is it a file of results? give one with 'images', 'annotations' and 'categories'",
            )
        self._take("{")
        if self._peek() == "}":
            return
        while True:
            key = self._value()[2]
            if not isinstance(key, str):
                raise self._error("a name in quotes is expected")
            self._take(":")
            if self._peek() == "[":
                yield from self._list(key)
            else:
                yield Element(key, *self._value())
            if self._peek() != ",":
                break
            self._take(",")
        self._take("}")
        if self._peek():
            raise self._error("something follows the end of the object")

    def _list(self, key: str) -> Iterator[Element]:
        self._take("[")
        if self._peek() == "]":
            self._take("]")
            yield Element(key, self._base + self._at, self._base + self._at, None)
            return
        while True:
            yield Element(key, *self._value())
            if self._peek() != ",":
                break
            self._take(",")
        self._take("]")

    def _peek(self) -> str:
        """The next character that is not blank, "" at the end of the file."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    return self._text[self._at]
                self._at += 1
            if self._ended:
                return ""
            self._more()

    def _take(self, wanted: str) -> None:
        found = self._peek()
        if found != wanted:
            raise self._error(
                f"{wanted!r} is expected" + ("" if found else ", the file ends: was it cut off?")
            )
        self._at += 1

    def _value(self) -> tuple[int, int, Any]:
        """(start, end, value) of the next value."""
        if not self._peek():
            raise self._error("a value is expected, the file ends: was it cut off?")
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._ended or len(self._text) - self._at > _MOST:
                    reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
                    place = error.pos if isinstance(error, json.JSONDecodeError) else self._at
                    raise self._error(f"is not JSON: {reason[:1].lower()}{reason[1:]}", place) from None
                self._more()
                continue
            # A number may go on in the next part.
            if end == len(self._text) and not self._ended:
                self._more()
                continue
            start, self._at = self._at, end
            return self._base + start, self._base + end, value

    def _more(self) -> None:
        """Drop what is done with and read on: as much again as is kept, so that a large element is tried seldom."""
        self._lines += self._text.count("\n", 0, self._at)
        kept = self._text[self._at :]
        self._base += self._at
        self._at = 0
        data = self._file.read(max(_CHUNK, len(kept)))
        self._ended = not data
        self._text = kept + data.decode("latin-1")

    def _error(self, message: str, place: int | None = None) -> UserError:
        place = self._at if place is None else place
        line = self._lines + self._text.count("\n", 0, place) + 1
        column = place - self._text.rfind("\n", 0, place)
        return UserError(message, path=self._path, line=line, column=column)
