"""Values on one line, if they fit."""

from __future__ import annotations

from cfgtool.textproto.lexer import STRING, TOKEN
from cfgtool.textproto.tree import Block, Field, ListValue, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfgtool.textproto.tree import Document


class Flat:
    """Renders nodes of a document on one line; `spelled` are other spellings of scalars by where they start."""

    def __init__(self, document: Document, spelled: Mapping[int, str]) -> None:
        self.document = document
        self.text = document.text
        self.spelled = spelled

    def render(self, value: Block | ListValue | Scalar, room: int) -> str | None:
        """A value on one line of `room` columns; None if it does not fit, or is a block written on several.

        Costs no more than `room` allows, however long the value is.
        """
        if isinstance(value, Scalar):
            text = self.scalar(value)
            return text if len(text) <= room else None
        if isinstance(value, ListValue):
            return self._joined(value.items, "[", ", ", "]", room)
        if self.document.position(value.start)[0] != self.document.position(value.end)[0]:
            return None
        if not value.fields:
            return "{}" if room >= 2 else None
        return self._joined(value.fields, "{ ", " ", " }", room)

    def _joined(
        self, children: list[Field] | list[Scalar | Block], start: str, joint: str, end: str, room: int
    ) -> str | None:
        room -= len(start) + len(end)
        pieces: list[str] = []
        for child in children:
            head = ""
            node: Block | ListValue | Scalar | None
            if isinstance(child, Field):
                node = child.value
                head = f"{name_of(child)} " if isinstance(node, Block) else f"{name_of(child)}: "
            else:
                node = child
            assert node is not None, "a text with problems cannot be formatted"
            room -= len(head) + (len(joint) if pieces else 0)
            line = self.render(node, room) if room > 0 else None
            if line is None:
                return None
            room -= len(line)
            pieces.append(head + line)
        return start + joint.join(pieces) + end if room >= 0 else None

    def scalar(self, scalar: Scalar) -> str:
        """A scalar on one line, whatever its length."""
        spelled = self.spelled.get(scalar.start)
        if spelled is not None:
            return spelled
        if scalar.kind != "string" or self.is_one_part(scalar):
            return self.text[scalar.start : scalar.end]
        return " ".join(self.text[start:end] for start, end in self.parts(scalar))

    def is_one_part(self, scalar: Scalar) -> bool:
        """Whether a string is a single literal."""
        match = TOKEN.match(self.text, scalar.start)
        return match is None or match.end() == scalar.end

    def parts(self, scalar: Scalar) -> list[tuple[int, int]]:
        """The spans of the adjacent literals of a string."""
        parts: list[tuple[int, int]] = []
        place = scalar.start
        while place < scalar.end and (match := TOKEN.match(self.text, place)):
            parts.append(match.span(STRING))
            place = match.end()
        return parts


def name_of(field: Field) -> str:
    """The name of a field as it is written, without blanks and comments in brackets."""
    return field.name if field.kind == "plain" else f"[{field.name}]"
