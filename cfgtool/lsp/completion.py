"""What may be written at the cursor: fields of the block, values of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lint.values import allowed_values
from cfgtool.lsp.cursor import Cursor, cursor_at
from cfgtool.lsp.paths import path_kind
from cfgtool.schema.docs import doc

if TYPE_CHECKING:
    from typing import Literal

    from cfgtool.lsp.opened import Opened
    from cfgtool.schema import FieldType, MessageType


class Item(NamedTuple):
    """One completion: `text` replaces the span; with `snippet`, `$0` marks where the cursor goes."""

    label: str
    kind: Literal["field", "block", "enum", "value", "file", "folder"]
    detail: str
    doc: str
    start: int
    end: int
    text: str
    snippet: bool = False
    deprecated: bool = False


def complete(opened: Opened, offset: int, snippets: bool = False) -> list[Item]:
    """The completions at `offset`, best first; none where there is nothing to offer."""
    cursor = cursor_at(opened.text, offset, opened.root)
    if cursor is None:
        return []
    if cursor.kind == "name":
        return _fields(cursor, snippets)
    field = cursor.field
    if field is None:
        return []
    if cursor.kind == "word":
        return _words(cursor, field)
    if path_kind(field.name) is not None:
        from cfgtool.lsp.path_completion import path_items

        return path_items(opened, cursor, field.name)
    return _strings(opened, cursor, field)


def _fields(cursor: Cursor, snippets: bool) -> list[Item]:
    """The fields that the block may still get, deprecated ones last."""
    message = cursor.message
    open_fields = [field for field in message.fields.values() if _is_open(message, field, cursor.present)]
    # The order of the schema puts what a message is about first.
    open_fields.sort(key=lambda field: field.deprecated)
    return [_field(cursor, field, snippets) for field in open_fields]


def _is_open(message: MessageType, field: FieldType, present: frozenset[str]) -> bool:
    if not field.single:
        return True
    taken = message.oneofs[field.oneof] if field.oneof else [field.name]
    return present.isdisjoint(taken)


def _field(cursor: Cursor, field: FieldType, snippets: bool) -> Item:
    is_block = field.kind == "message"
    text = field.name
    snippet = snippets and not cursor.followed
    if not cursor.followed:
        text += _opening(field, snippet)
    return Item(
        field.name,
        "block" if is_block else "field",
        type_words(field),
        doc(cursor.message.name, field.name),
        cursor.start,
        cursor.end,
        text,
        snippet,
        field.deprecated,
    )


def _opening(field: FieldType, snippet: bool) -> str:
    """What follows a field's name."""
    if field.kind == "message":
        return " {\n  $0\n}" if snippet else " { }"
    if field.kind in ("string", "bytes"):
        return ': "$0"' if snippet else ': ""'
    return ": $0" if snippet else ": "


def type_words(field: FieldType) -> str:
    """Label, type and default of a field on one line."""
    words = field.type if field.label == "optional" else f"{field.label} {field.type}"
    if field.written_default:
        default = str(field.default).lower() if field.kind == "bool" else field.default
        words += f' = "{default}"' if field.kind == "string" else f" = {default}"
    return words


def _words(cursor: Cursor, field: FieldType) -> list[Item]:
    """Values that are written without quotes: of enums and booleans."""
    names = list(field.enum_values or (["true", "false"] if field.kind == "bool" else []))
    # A bool is spelled as the text format has it.
    default = str(field.default).lower() if field.kind == "bool" else field.default
    return [
        Item(
            name,
            "enum" if field.enum_values else "value",
            "default" if name == default else "",
            doc(field.type, name) if field.enum_values else "",
            cursor.start,
            cursor.end,
            name,
        )
        for name in names
    ]


def _strings(opened: Opened, cursor: Cursor, field: FieldType) -> list[Item]:
    """Values of string fields that the rules list, such as metrics and types of feature extractors."""
    found: dict[str, str] = {}
    for generation in _generations(opened, cursor, field):
        for name in allowed_values(opened.settings.catalogue, cursor.message.name, field.name, generation):
            found.setdefault(name, generation)
    return [
        Item(name, "value", where.upper(), "", cursor.start, cursor.end, name)
        for name, where in found.items()
    ]


def _generations(opened: Opened, cursor: Cursor, field: FieldType) -> list[str]:
    """Whose values to offer, in this order. The type of an extractor is what tells the generation apart, so
    those of both come, first of the one that the type belongs to so far.
    """
    if field.name != "type" or opened.settings.target != "auto":
        return [opened.report.generation]
    from cfgtool.networks import known_extractors

    before = known_extractors().get(opened.text[cursor.start : cursor.end], "tf2")
    return [before, "tf1" if before == "tf2" else "tf2"]
