"""How a Python value is written in the text format, by the field that takes it."""

from __future__ import annotations

from cfgtool.schema.effective import quote
from cfgtool.schema.paths import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cfgtool.schema.model import FieldType, MessageType


def spelled(root: MessageType, path: str, value: Any) -> str:
    """`value` as it is written for the field at `path` below `root`.

    Raises UserError for paths that the schema does not have, and for values that no field takes.
    """
    place = Path(path, "set")
    type_ = root
    for name, _ in place.steps[:-1]:
        type_ = place.message_type(place.field(type_, name))
    name, index = place.steps[-1]
    field = place.field(type_, name)
    if isinstance(value, list | tuple) and (field.single or index is not None or place.append):
        raise place.error(f"'{name}' takes one value here, not a list")
    return _value(place, field, value)


def _value(path: Path, field: FieldType, value: Any) -> str:
    """The text of a value; what the field does not take is left to the reader of the text, which says why."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(path, field, element) for element in value)}]"
    if isinstance(value, dict):
        return _message(path, field, value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return quote(value) if field.kind in ("string", "bytes") else value
    raise path.error(f"a value of type {type(value).__name__} cannot be written")


def _message(path: Path, field: FieldType, values: dict[Any, Any]) -> str:
    type_ = path.message_type(field)
    if field.label == "map":
        key, value = type_.fields["key"], type_.fields["value"]
        entries = (f"{{ key: {_value(path, key, k)} {_pair(path, value, v)} }}" for k, v in values.items())
        return f"[{', '.join(entries)}]"
    parts = [_pair(path, path.field(type_, str(name)), value) for name, value in values.items()]
    return f"{{ {' '.join(parts)} }}" if parts else "{ }"


def _pair(path: Path, field: FieldType, value: Any) -> str:
    return f"{field.name}: {_value(path, field, value)}"
