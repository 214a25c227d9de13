"""Where in a config an offset is: the fields around it, with their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.schema import load
from cfgtool.textproto import Block, Field, ListValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.schema import FieldType, MessageType
    from cfgtool.textproto import Document


class Step(NamedTuple):
    """A field, the block it stands in, and what the schema knows of both (None for what it does not know).

    `node` is the value, or the element of a list, that the offset was looked for in.
    """

    field: Field
    block: Block
    message: MessageType | None
    type: FieldType | None
    node: Scalar | Block | None

    @property
    def key(self) -> str:
        """ "Message.field", empty for a field that the schema does not have."""
        return f"{self.message.name}.{self.type.name}" if self.message and self.type else ""


def trail(document: Document, root: str, offset: int) -> list[Step]:
    """The fields that enclose `offset`, outermost first; the end of a field belongs to it."""
    steps: list[Step] = []
    block, message = document.root, load().messages.get(root)
    while field := _at(block, offset):
        type_ = message.fields.get(field.name) if message and field.kind == "plain" else None
        node = _node(field, offset)
        steps.append(Step(field, block, message, type_, node))
        if not isinstance(node, Block):
            break
        block = node
        message = load().messages.get(type_.type) if type_ and type_.kind == "message" else None
    return steps


def scalars(document: Document, root: str) -> Iterator[Step]:
    """Every scalar of a known field, elements of lists one by one, in source order."""
    pending: list[tuple[Block, MessageType | None]] = [(document.root, load().messages.get(root))]
    while pending:
        block, message = pending.pop()
        inner = []
        for field in block.fields:
            type_ = message.fields.get(field.name) if message and field.kind == "plain" else None
            for node in values(field):
                if isinstance(node, Block):
                    inner.append((node, load().messages.get(type_.type) if type_ else None))
                elif type_ is not None:
                    yield Step(field, block, message, type_, node)
        pending.extend(reversed(inner))


def values(field: Field) -> list[Scalar | Block]:
    """The value of a field, or the elements of its list."""
    if field.value is None:
        return []
    return field.value.items if isinstance(field.value, ListValue) else [field.value]


def _at(block: Block, offset: int) -> Field | None:
    """The field of a block that holds `offset`; where two meet, the one that starts there."""
    found = None
    for field in block.fields:
        if field.start > offset:
            break
        if offset <= field.end:
            found = field
    return found


def _node(field: Field, offset: int) -> Scalar | Block | None:
    """The value in which `offset` is: strictly inside the braces of a block, or anywhere in a scalar."""
    for node in values(field):
        if isinstance(node, Scalar) and node.start <= offset <= node.end:
            return node
        if isinstance(node, Block) and node.body_start <= offset <= node.body_end:
            return node
    return None
