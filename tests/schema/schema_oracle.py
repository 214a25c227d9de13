"""Compares our typed config with protobuf's own reading of the same text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from cfgtool.schema import Config, read_config
from cfgtool.schema.descriptors import message_class
from cfgtool.textproto import parse

ACCEPTED = {
    "control-character",
    "duplicate-message",
    "duplicate-scalar",
    "enum-number",
    "number-out-of-range",
    "oneof-conflict",
    "placeholder-path",
}
"""Problems of texts that protobuf reads all the same (numbers out of range: floats only)."""


def merge(text: str, root: str = "TrainEvalPipelineConfig") -> Message | None:
    """What protobuf reads from the text, None if it refuses it."""
    try:
        return text_format.Merge(text, message_class(root)())
    except text_format.ParseError:
        return None


def differences(message: Message, config: Config, path: str = "") -> Iterator[str]:
    """Every field in which protobuf's message and our config differ."""
    assert {field.name for field in message.DESCRIPTOR.fields} == set(config.type.fields)
    for field in message.DESCRIPTOR.fields:
        place = f"{path}.{field.name}".lstrip(".")
        theirs = getattr(message, field.name)
        if is_map(field):
            yield from _map_differences(theirs, config, field, place)
        elif hasattr(theirs, "extend"):
            ours = config.value(field.name)
            if len(theirs) != len(ours):
                yield f"{place}: {len(theirs)} elements, we have {len(ours)}"
                continue
            for index, (left, right) in enumerate(zip(theirs, ours, strict=True)):
                yield from _value_differences(field, left, right, f"{place}[{index}]")
        elif field.has_presence and message.HasField(field.name) != config.has(field.name):
            yield f"{place}: set {message.HasField(field.name)}, we say {config.has(field.name)}"
        elif not field.message_type or message.HasField(field.name):
            yield from _value_differences(field, theirs, config.value(field.name), place)


def is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def _map_differences(theirs: Any, config: Config, field: FieldDescriptor, place: str) -> Iterator[str]:
    ours = config.mapping(field.name)
    if set(theirs) != set(ours):
        yield f"{place}: keys {sorted(theirs)}, we have {sorted(ours)}"
        return
    for key in theirs:
        value_field = field.message_type.fields_by_name["value"]
        yield from _value_differences(value_field, theirs[key], ours[key], f"{place}[{key}]")


def _value_differences(field: FieldDescriptor, theirs: Any, ours: Any, place: str) -> Iterator[str]:
    if field.message_type:
        yield from differences(theirs, ours, place)
        return
    if field.enum_type:
        theirs = field.enum_type.values_by_number[theirs].name
    if isinstance(theirs, float) and math.isnan(theirs) and math.isnan(ours):
        return
    if type(theirs) is not type(ours) or theirs != ours:
        yield f"{place}: {theirs!r}, we have {ours!r}"


def check(text: str, root: str = "TrainEvalPipelineConfig") -> None:
    """We refuse what protobuf refuses, report a mistake only where there is one, and read the same values."""
    document = parse(text)
    config = read_config(document, root)
    message = merge(text, root)
    reported = [*document.problems, *config.problems]
    if message is None:
        assert reported, f"protobuf refuses this, we have nothing to say: {text!r}"
        return
    refused = [problem for problem in reported if problem.code not in ACCEPTED]
    assert not refused, f"protobuf reads this, we say {refused[0]!r}: {text!r}"
    found = list(differences(message, config))
    assert not found, f"{found[:3]} in {text!r}"
