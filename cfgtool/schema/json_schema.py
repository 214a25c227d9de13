"""The schema as JSON Schema (draft 2020-12): what a config looks like in protobuf's JSON, with the names of the text.

Configs travel as JSON between programs: protobuf's `json_format` writes and reads them, with
`preserving_proto_field_name`. This describes that form, for editors and validators that know nothing of protobuf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.schema.docs import doc
from cfgtool.schema.model import load
from cfgtool.schema.overview import message_named
from cfgtool.schema.scalars import INTEGER_RANGES, float32

if TYPE_CHECKING:
    from cfgtool.schema.model import FieldType, MessageType

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ROOT = "TrainEvalPipelineConfig"

_WIDE = ("int64", "uint64", "sint64", "fixed64", "sfixed64")
"""Integers that JSON numbers cannot hold: protobuf writes them as strings, and reads both."""

_UNREAL = ["Infinity", "-Infinity", "NaN"]
"""How protobuf writes the floats that JSON does not have."""

_KEYS: dict[str, dict[str, Any]] = {
    "bool": {"enum": ["true", "false"]},
    "string": {},
}
"""Type of a map's keys -> what the names of the object are; all others are integers."""


def json_schema(root: str = ROOT) -> dict[str, Any]:
    """The JSON Schema of the message `root`, with one entry of `$defs` for every message and enumeration below it.

    Raises UserError, with the nearest name, for a message that there is not.
    """
    message_named(root)
    return {
        "$schema": DRAFT,
        "title": root,
        "$ref": _reference(root)["$ref"],
        "$defs": {name: _definition(name) for name in _below(root)},
    }


def _below(root: str) -> list[str]:
    """`root` and the messages and enumerations that its fields lead to, by name."""
    schema = load()
    found: set[str] = set()
    left = [root]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        for field in schema.messages[name].fields.values() if name in schema.messages else ():
            target = schema.messages[field.type].fields["value"] if field.label == "map" else field
            if target.kind in ("message", "enum"):
                left.append(target.type)
    return sorted(found)


def _definition(name: str) -> dict[str, Any]:
    schema = load()
    if name in schema.enums:
        return {"description": _enum_words(name), "enum": list(schema.enums[name])}
    return message_schema(schema.messages[name])


def _enum_words(name: str) -> str:
    """The comment of an enumeration and those of its values, a line each."""
    values = (f"{value}: {doc(name, value)}" for value in load().enums[name])
    return "\n".join([doc(name), *values])


def message_schema(message: MessageType) -> dict[str, Any]:
    """An object without other properties, with at most one member of each oneof."""
    fields = message.fields.values()
    result: dict[str, Any] = {
        "description": doc(message.name),
        "type": "object",
        "properties": {field.name: _field(message, field) for field in fields},
        "additionalProperties": False,
    }
    required = [field.name for field in fields if field.label == "required"]
    if required:
        result["required"] = required
    if len(message.oneofs) == 1 and len(next(iter(message.oneofs.values()))) == len(message.fields):
        result["maxProperties"] = 1
    elif message.oneofs:
        result["allOf"] = [_at_most_one(members) for members in message.oneofs.values()]
    return result


def _at_most_one(members: list[str]) -> dict[str, Any]:
    """One of the members is there, or none: exactly one of the alternatives holds."""
    present = [{"required": [name]} for name in members]
    return {"oneOf": [*present, {"not": {"anyOf": present}}]}


def _field(message: MessageType, field: FieldType) -> dict[str, Any]:
    result: dict[str, Any] = {"description": doc(message.name, field.name)}
    if field.deprecated:
        result["deprecated"] = True
    if field.label == "map":
        entry = load().messages[field.type].fields
        values = value_schema(entry["value"])
        return result | {
            "type": "object",
            "propertyNames": _key(entry["key"]),
            "additionalProperties": values,
        }
    if field.label == "repeated":
        return result | {"type": "array", "items": value_schema(field)}
    if field.kind != "message":
        result["default"] = default_json(field)
    return result | value_schema(field)


def value_schema(field: FieldType) -> dict[str, Any]:
    """One value of a field's type."""
    kind = field.kind
    if kind in ("message", "enum"):
        return _reference(field.type)
    if kind == "string":
        return {"type": "string"}
    if kind == "bytes":
        return {"type": "string", "contentEncoding": "base64"}
    if kind == "bool":
        return {"type": "boolean"}
    if kind in ("float", "double"):
        return {"anyOf": [{"type": "number"}, {"enum": _UNREAL}]}
    low, high = INTEGER_RANGES[kind]
    integer = {"type": "integer", "minimum": low, "maximum": high}
    return {"anyOf": [integer, {"type": "string", "pattern": _digits(low)}]} if kind in _WIDE else integer


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _key(field: FieldType) -> dict[str, Any]:
    """The names that the keys of a map may have."""
    known = _KEYS.get(field.kind)
    return {"pattern": _digits(INTEGER_RANGES[field.kind][0])} if known is None else known


def _digits(low: int) -> str:
    return "^-?[0-9]+$" if low < 0 else "^[0-9]+$"


def default_json(field: FieldType) -> Any:
    """The default as protobuf writes it in JSON."""
    if field.kind in ("float", "double"):
        return _real(field.default, single=field.kind == "float")
    if field.kind == "bytes":
        import base64

        return base64.b64encode(field.default).decode()
    return str(field.default) if field.kind in _WIDE else field.default


def _real(value: float, *, single: bool) -> float | str:
    """The shortest number that reads back as `value`, or the word for what is no number."""
    if value != value or value in (float("inf"), float("-inf")):
        return _UNREAL[2] if value != value else _UNREAL[value < 0]
    for digits in range(1, 9) if single else ():
        short = float(f"{value:.{digits}g}")
        if float32(short) == value:
            return short
    return value
