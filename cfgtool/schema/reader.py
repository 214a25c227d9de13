"""From tree to typed config: one walk, which notes every schema error on its way and never stops at one.

The common case is a table lookup per field; whatever needs explaining is handed to
`diagnose`, `unknown` or `repeats`, which is imported when the first mistake is met.
"""

from __future__ import annotations

from cfgtool.schema.config import Config, Entry
from cfgtool.schema.model import load
from cfgtool.schema.problems import PLACEHOLDERS
from cfgtool.schema.scalars import BOOLS, INTEGER_RANGES, read_double, read_float, read_int
from cfgtool.textproto import Block, ListValue, Scalar, string_value
from cfgtool.textproto.tree import MOST_PROBLEMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cfgtool.schema.model import FieldType
    from cfgtool.schema.problems import SchemaProblem
    from cfgtool.textproto import Document, Field


def read_config(document: Document, root: str = "TrainEvalPipelineConfig") -> Config:
    """The typed config of a parsed text; `root` is the message that the file holds.

    Always yields a Config, whatever the text; `config.problems` holds all schema errors in source order.
    Syntax errors stay in `document.problems`.
    """
    reader = _Reader(document)
    config = Config(load().messages[root], document.root, document, None, reader.problems)
    reader.block(config, document.root)
    if len(reader.problems) > 1:
        reader.problems.sort(key=lambda problem: problem.start)
    return config


def _is_suspect(raw: str) -> bool:
    return "\\" in raw or any(part in raw for part in PLACEHOLDERS)


class _Reader:
    """The state of one walk."""

    __slots__ = ("document", "messages", "problems", "text")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.text
        self.messages = load().messages
        self.problems: list[SchemaProblem] = []

    def block(self, config: Config, block: Block) -> None:
        """Read the fields of `block` into `config`, on top of what an earlier block of it has set."""
        types = config.type.fields
        for field in block.fields:
            type_ = types.get(field.name)
            node = field.value
            if type_ is None or field.kind != "plain":
                from cfgtool.schema.unknown import unknown_field

                if len(self.problems) < MOST_PROBLEMS:
                    self.problems.append(unknown_field(config, block, field))
            elif isinstance(node, ListValue):
                self.list_value(config, type_, field, node, block)
            elif node is not None:
                self.value(config, type_, field, node, block)

    def list_value(
        self, config: Config, type_: FieldType, field: Field, value: ListValue, block: Block
    ) -> None:
        """Read `[a, b]`, which only repeated fields take."""
        if type_.single:
            from cfgtool.schema.diagnose import list_for_single

            self.problems.append(list_for_single(config, type_, value))
            return
        for item in value.items:
            self.value(config, type_, field, item, block)

    def value(
        self, config: Config, type_: FieldType, field: Field, node: Scalar | Block, block: Block
    ) -> None:
        """Read one value or one element of a list."""
        if type_.kind == "message":
            self.message(config, type_, field, node, block)
            return
        value = None
        if isinstance(node, Scalar):
            value = self.scalar(type_, node)
            if value is not None and type_.kind == "string" and _is_suspect(self.text[node.start : node.end]):
                from cfgtool.schema.diagnose import suspect_string

                self.problems.extend(suspect_string(config, type_, node, value))
        if value is None:
            from cfgtool.schema.diagnose import bad_scalar

            value, problem = bad_scalar(config, type_, node)
            self.problems.append(problem)
        self.keep(config, type_, Entry(type_, field, node, value, config), block)

    def scalar(self, type_: FieldType, node: Scalar) -> Any:
        """The value of a scalar; None if it is not of the field's type, or is worth a remark."""
        kind = type_.kind
        raw = self.text[node.start : node.end]
        if kind == "float":
            return read_float(raw)
        if kind == "bool":
            return BOOLS.get(raw)
        if kind == "string":
            return self.string(node, raw)
        if kind == "enum":
            return raw if raw in type_.enum_values else None  # type: ignore[operator]
        if kind in INTEGER_RANGES:
            return read_int(raw, kind)
        if kind == "bytes":
            return string_value(self.document, node) if node.kind == "string" else None
        return read_double(raw)

    def string(self, node: Scalar, raw: str) -> str | None:
        """The text of a string scalar; None if it is not a string, or has escapes that make it no UTF-8."""
        if node.kind != "string":
            return None
        content = raw[1:-1]
        quote = raw[0]
        if "\\" not in content and quote not in content and raw[-1] == quote and len(raw) > 1:
            return content
        try:
            return string_value(self.document, node).decode(
                "utf-8", "strict" if "\\" in raw else "surrogateescape"
            )
        except UnicodeDecodeError:
            return None

    def message(
        self, config: Config, type_: FieldType, field: Field, node: Scalar | Block, block: Block
    ) -> None:
        """Read a message into a new Config, or into that of an earlier block of a singular field."""
        if not isinstance(node, Block):
            from cfgtool.schema.diagnose import scalar_for_message

            self.problems.append(scalar_for_message(config, type_, node))
            self.drop(config, Entry(type_, field, node, None, config))
            return
        name = type_.name
        earlier = config._values.get(name)
        if not type_.single:
            index = len(earlier) if earlier else 0
            child = Config(self.messages[type_.type], node, self.document, config, self.problems, name, index)
        elif earlier is not None:
            child = earlier.value
        else:
            child = Config(self.messages[type_.type], node, self.document, config, self.problems, name)
        self.keep(config, type_, Entry(type_, field, node, child, config), block)
        self.block(child, node)

    def keep(self, config: Config, type_: FieldType, entry: Entry, block: Block) -> None:
        """Make `entry` the field's value, or append it to a repeated field."""
        name = type_.name
        if entry.value is None:
            self.drop(config, entry)
        elif not type_.single:
            config._values.setdefault(name, []).append(entry)
        else:
            earlier = config._values.get(name)
            if earlier is not None:
                self.repeat(config, earlier, entry, block)
            elif type_.oneof is not None:
                self.choose(config, type_.oneof, entry, block)
            config._values[name] = entry

    def drop(self, config: Config, entry: Entry) -> None:
        """Remember an occurrence that has no effect."""
        if config._dropped is None:
            config._dropped = {}
        config._dropped.setdefault(entry.type.name, []).append(entry)

    def repeat(self, config: Config, earlier: Entry, entry: Entry, block: Block) -> None:
        """Note that a singular field is given again."""
        self.drop(config, earlier)
        message = entry.type.kind == "message"
        if len(self.problems) < MOST_PROBLEMS and (message or earlier.field.start >= block.start):
            from cfgtool.schema.repeats import duplicate

            self.problems.append(duplicate(config, earlier, entry))

    def choose(self, config: Config, oneof: str, entry: Entry, block: Block) -> None:
        """Set a member of a oneof, which drops the member that was set before."""
        if config._chosen is None:
            config._chosen = {}
        before = config._chosen.get(oneof)
        config._chosen[oneof] = entry.type.name
        if before is not None:
            earlier = config._values.pop(before)
            self.drop(config, earlier)
            from cfgtool.schema.repeats import oneof_conflict

            self.problems.append(oneof_conflict(config, earlier, entry, block))
