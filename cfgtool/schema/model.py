"""Message and field types, read from the artefact that `tools/compile_schema.py` makes of `protos/`."""

from __future__ import annotations

import json
import os
from functools import cache, cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cfgtool.textproto import Document

DATA = os.path.join(os.path.dirname(__file__), "data")
LABEL_MAP = "StringIntLabelMap"
PIPELINE = "TrainEvalPipelineConfig"

ZEROS: dict[str, Any] = {"string": "", "bytes": b"", "bool": False, "float": 0.0, "double": 0.0}
"""Scalar type -> its default where the schema gives none; integers are not listed, theirs is 0."""


class FieldType:
    """One field of a message.

    `type` is the scalar type's name or the full name of the message or enum (without the package); `kind`
    is "message", "enum" or the scalar type; `label` is "optional", "repeated", "required" or "map" (then
    `type` is the entry message, with fields `key` and `value`). `default` is what a reader gets where the
    field is unset: enums as names, floats rounded to float32, None for messages and repeated fields.
    `written_default` tells whether the schema spells that default out; `single` whether there is one value.
    """

    __slots__ = (
        "default",
        "deprecated",
        "enum_values",
        "kind",
        "label",
        "name",
        "number",
        "oneof",
        "single",
        "type",
        "written_default",
    )

    def __init__(
        self, row: list[Any], enums: dict[str, dict[str, int]], messages: dict[str, MessageType]
    ) -> None:
        count = len(row)
        self.name: str = row[0]
        self.number: int = row[1]
        self.type: str = row[2]
        self.label: str = row[3] if count > 3 else "optional"
        self.oneof: str | None = row[5] if count > 5 else None
        self.deprecated: bool = count > 6
        self.enum_values: dict[str, int] | None = enums.get(self.type)
        self.kind: str = "message" if self.type in messages else "enum" if self.enum_values else self.type
        self.single: bool = self.label in ("optional", "required")
        default = row[4] if count > 4 else None
        self.written_default: bool = default is not None
        if default is None and self.single and self.kind != "message":
            default = next(iter(self.enum_values)) if self.enum_values else ZEROS.get(self.type, 0)
        self.default: Any = default

    def __repr__(self) -> str:
        return f"FieldType({self.label} {self.type} {self.name} = {self.number})"


class MessageType:
    """One message: its full name without the package, its fields in schema order, its oneofs."""

    def __init__(self, name: str, schema: Schema, rows: list[list[Any]]) -> None:
        self.name = name
        self._schema = schema
        self._rows = rows

    @cached_property
    def fields(self) -> dict[str, FieldType]:
        """Field name -> field; built when first asked for, most files need a third of all messages."""
        schema = self._schema
        return {row[0]: FieldType(row, schema.enums, schema.messages) for row in self._rows}

    @cached_property
    def oneofs(self) -> dict[str, list[str]]:
        """Oneof name -> names of its members."""
        members: dict[str, list[str]] = {}
        for field in self.fields.values():
            if field.oneof:
                members.setdefault(field.oneof, []).append(field.name)
        return members

    def __repr__(self) -> str:
        return f"MessageType({self.name})"


class Schema:
    """All messages and enums by full name without the package."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.enums: dict[str, dict[str, int]] = content["enums"]
        self.messages: dict[str, MessageType] = {}
        for name, rows in content["messages"].items():
            self.messages[name] = MessageType(name, self, rows)

    @property
    def root(self) -> MessageType:
        """The message that a pipeline.config is."""
        return self.messages[PIPELINE]

    @cached_property
    def holders(self) -> dict[str, list[str]]:
        """Field name -> names of the fields whose messages have a field of this name, sorted."""
        holders: dict[str, set[str]] = {}
        for message in self.messages.values():
            for holder in message.fields.values():
                if holder.kind == "message" and holder.label != "map":
                    for name in self.messages[holder.type].fields:
                        holders.setdefault(name, set()).add(holder.name)
        return {name: sorted(names) for name, names in holders.items()}


def read_data(name: str) -> Any:
    """The content of a JSON artefact in this package's `data` folder."""
    with open(os.path.join(DATA, name), "rb") as file:
        return json.loads(file.read())


@cache
def load() -> Schema:
    """The schema; read once per process."""
    return Schema(read_data("schema.json"))


def root_of(document: Document) -> str:
    """The message that a text is of: a label map if it holds items and no field of a pipeline, else a pipeline."""
    names = {field.name for field in document.root.fields}
    return LABEL_MAP if "item" in names and not names & load().root.fields.keys() else PIPELINE
