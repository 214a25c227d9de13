"""Paths that a user gives: dotted field names from the root, with indices for repeated fields.

`train_config.batch_size`, `eval_input_reader[0].shuffle`; `[-1]` is the last element, `[*]` stands for all of them. A
`+` at the end of a path that is set means an element more.
"""

from __future__ import annotations

import re

from cfgtool.errors import UserError
from cfgtool.schema.model import load
from cfgtool.schema.nearest import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.schema.config import Config
    from cfgtool.schema.model import FieldType, MessageType

_INDEXED = re.compile(r"([^\[\]]*)\[(-?[0-9]+|\*)\]")
EVERY = "*"


class Path:
    """A path split at its dots. `verb` tells what cannot be done where it is wrong: "set", "get"."""

    def __init__(self, text: str, verb: str) -> None:
        self.text = text
        self.verb = verb
        self.append = verb == "set" and text.endswith("+")
        self.steps = [self._step(part) for part in text[: len(text) - self.append].split(".")]

    def _step(self, part: str) -> tuple[str, int | str | None]:
        """Name and index of one part; the index is None where there is none, "*" for all elements."""
        match = _INDEXED.fullmatch(part)
        if match:
            return match[1], EVERY if match[2] == EVERY else int(match[2])
        if "[" in part or "]" in part:
            name = part.partition("[")[0]
            raise self.error(f"'{part}' is no field name, and no name with an index such as '{name}[0]'")
        return part, None

    def error(self, message: str, hint: str | None = None) -> UserError:
        """What is wrong with the path."""
        return UserError(f"cannot {self.verb} '{self.text}': {message}", hint=hint)

    def field(self, type_: MessageType, name: str) -> FieldType:
        """The field `name` of a message. Raises UserError, with the nearest name, if there is none."""
        field = type_.fields.get(name)
        if field is not None:
            return field
        near = nearest(name, type_.fields)
        hint = f"did you mean '{near}'" if near else _elsewhere(type_, name)
        raise self.error(f"{type_.name} has no field '{name}'", hint)

    def message_type(self, field: FieldType) -> MessageType:
        """The type of a message field. Raises UserError for other fields, which a path cannot go through."""
        if field.kind != "message":
            raise self.error(f"'{field.name}' is {an(field.type)}, it has no fields")
        return load().messages[field.type]

    def refuse_index(self, field: FieldType, index: int | str | None) -> None:
        """Raise UserError for an index on a field that is not repeated."""
        if field.single and index is not None:
            raise self.error(f"'{field.name}' is not repeated, it takes no index")

    def element(self, field: FieldType, index: int, count: int) -> int:
        """`index` counted from the start, of `count` elements. Raises UserError if there is no such element."""
        if not -count <= index < count:
            raise self.error(f"'{field.name}' has no element {index}, it has {count}")
        return index % count

    def child(self, config: Config, field: FieldType, index: int | str | None) -> Config | None:
        """The message that a part of the path means; None if there is none yet."""
        self.refuse_index(field, index)
        if field.single:
            return config.message(field.name) if config.has(field.name) else None
        children = config.messages(field.name)
        if index == EVERY:
            raise self.error("'[*]' means several elements", f"say which: '{field.name}[0]'")
        if isinstance(index, int):
            return children[self.element(field, index, len(children))]
        if len(children) > 1:
            hint = f"say which: '{field.name}[0]'"
            raise self.error(f"there are {len(children)} '{field.name}'", hint)
        return children[0] if children else None


def _elsewhere(type_: MessageType, name: str) -> str:
    """The messages that have a field of this name, else the fields that there are."""
    holders = load().holders.get(name, [])
    if 0 < len(holders) <= 4:
        return f"it belongs in {' or '.join(repr(holder) for holder in holders)}"
    names = list(type_.fields) or ["none"]
    return f"fields are {', '.join(names[:8])}{f' and {len(names) - 8} more' if len(names) > 8 else ''}"


def an(word: str) -> str:
    """`word` with its article."""
    return f"{'an' if word[:1] in 'aeiou' and not word.startswith('uint') else 'a'} {word}"


def without_stars(path: Path, config: Config) -> list[str]:
    """The paths that one with `[*]` stands for in `config`, in order of the elements."""
    found: list[tuple[Config | None, MessageType, str]] = [(config, config.type, "")]
    last = len(path.steps) - 1
    for number, (name, index) in enumerate(path.steps):
        longer: list[tuple[Config | None, MessageType, str]] = []
        for parent, type_, prefix in found:
            field = path.field(type_, name)
            path.refuse_index(field, index)
            indices: list[int | str | None] = [index]
            if index == EVERY:
                indices = list(range(len(parent.value(name)) if parent is not None else 0))
            for each in indices:
                text = f"{prefix}{name}" + ("" if each is None else f"[{each}]")
                if number == last:
                    longer.append((None, type_, text))
                else:
                    inner = path.message_type(field)
                    child = path.child(parent, field, each) if parent is not None else None
                    longer.append((child, inner, f"{text}."))
        found = longer
    return [text + "+" * path.append for _, _, text in found]
