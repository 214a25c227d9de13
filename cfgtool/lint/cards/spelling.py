"""Values as the text format spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.schema.scalars import float32

if TYPE_CHECKING:
    from cfgtool.schema import FieldType


def literal(field: FieldType, value: Any) -> str:
    """`value` as one would write it for the field."""
    if field.kind in ("string", "bytes"):
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if field.kind == "bool":
        return str(bool(value)).lower()
    if field.kind in ("float", "double"):
        return number(float(value), single=field.kind == "float")
    return str(value)


def default_of(field: FieldType) -> str | None:
    """The default as one would write it; None for messages and repeated fields."""
    if not field.single or field.kind == "message":
        return None
    return literal(field, field.default)


def number(value: float, *, single: bool) -> str:
    """The shortest decimal that reads back as `value`, with the precision of the type."""
    if value.is_integer() and abs(value) < 1e7:
        return str(int(value))
    if not single:
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if float32(float(text)) == value:
            return text
    return repr(value)
