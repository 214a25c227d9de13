"""Typed configs: values by the schema, each with the place in the text that it came from."""

from __future__ import annotations

from bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from cfgtool.schema.model import FieldType, MessageType
    from cfgtool.schema.problems import SchemaProblem
    from cfgtool.textproto import Block, Document, Field, Scalar


class Entry:
    """One occurrence of a value in the text: a scalar, a block, or one element of a list.

    `value` is the Python value (str, bytes, bool, int, float rounded to float32, enum value's name), a
    Config for messages, or None where the text cannot be read as the field's type (then there is a
    problem). Occurrences of a singular message that are merged share one Config.
    """

    __slots__ = ("field", "node", "owner", "type", "value")

    def __init__(
        self, type_: FieldType, field: Field, node: Scalar | Block | None, value: Any, owner: Config
    ) -> None:
        self.type = type_
        self.field = field
        self.node = node
        self.value = value
        self.owner = owner

    @property
    def start(self) -> int:
        """Where the value starts in the text; for an element of a list, the element."""
        return self.node.start if self.node is not None else self.field.start

    @property
    def end(self) -> int:
        """Where the value ends."""
        return self.node.end if self.node is not None else self.field.end

    @property
    def path(self) -> str:
        """The path of the value, such as `train_config.optimizer` or `eval_input_reader[0].shuffle`."""
        if self.value.__class__ is Config:
            return str(self.value.path)
        prefix = self.owner.path
        name = f"{prefix}.{self.type.name}" if prefix else self.type.name
        if self.type.single:
            return name
        kept = self.owner._values.get(self.type.name, ())
        index = bisect_left(kept, _start(self), key=_start)  # they are in the order of the text
        return f"{name}[{index}]" if index < len(kept) and kept[index] is self else name

    def __repr__(self) -> str:
        return f"Entry({self.path} = {self.value!r})"


class Config:
    """One message of a config with the semantics of protobuf's `Merge`, which the OD API uses.

    The last value of a scalar wins, blocks of a singular message are merged, a later member of a oneof
    drops the earlier one. Getters give the effective value, or the schema's default where the field is
    unset; they raise KeyError for names that the schema does not have, which is a mistake in the program,
    not in the config.

    `block` is the first block of the message in the text, None for one that is not there; `problems` are
    the schema errors of the whole file.
    """

    __slots__ = (
        "_chosen",
        "_dropped",
        "_index",
        "_name",
        "_values",
        "block",
        "document",
        "parent",
        "problems",
        "type",
    )

    def __init__(
        self,
        type_: MessageType,
        block: Block | None,
        document: Document,
        parent: Config | None,
        problems: list[SchemaProblem],
        name: str = "",
        index: int = -1,
    ) -> None:
        self.type = type_
        self.block = block
        self.document = document
        self.parent = parent
        self.problems = problems
        self._name = name
        self._index = index
        self._values: dict[str, Any] = {}  # name -> Entry, or a list of them for repeated fields
        self._dropped: dict[str, list[Entry]] | None = None  # occurrences without effect
        self._chosen: dict[str, str] | None = None  # oneof -> the member that is set

    @property
    def path(self) -> str:
        """The path, such as `model.ssd` or `train_config.data_augmentation_options[2]`; "" for the root."""
        if self.parent is None:
            return ""
        prefix = self.parent.path
        name = f"{self._name}[{self._index}]" if self._index >= 0 else self._name
        return f"{prefix}.{name}" if prefix else name

    @property
    def opening(self) -> Entry | None:
        """The first occurrence of this message in the text; None for the root, and where it is not there."""
        if self.parent is None:
            return None
        kept = self.parent._values.get(self._name)
        if kept.__class__ is list and -1 < self._index < len(kept) and kept[self._index].value is self:
            return kept[self._index]  # type: ignore[no-any-return]
        return next((entry for entry in self.parent.entries(self._name) if entry.value is self), None)

    @property
    def root(self) -> Config:
        """The message of the whole file."""
        config = self
        while config.parent is not None:
            config = config.parent
        return config

    def has(self, name: str) -> bool:
        """Whether the field is set (for repeated fields: not empty)."""
        return name in self._values

    def entries(self, name: str) -> list[Entry]:
        """Every occurrence in text order, unreadable and dropped ones too, list elements expanded."""
        kept = self._values.get(name)
        found = [] if kept is None else list(kept) if kept.__class__ is list else [kept]
        if self._dropped and name in self._dropped:
            found = sorted(self._dropped[name] + found, key=_start)
        return found

    def entry(self, name: str) -> Entry | None:
        """The effective occurrence (of a repeated field the last), None if the field is unset."""
        kept = self._values.get(name)
        if kept.__class__ is list:
            return kept[-1]  # type: ignore[no-any-return]
        return kept

    def which(self, oneof: str) -> str | None:
        """The member of the oneof that is set."""
        for name in self.type.oneofs[oneof]:
            if name in self._values:
                return name
        return None

    def value(self, name: str) -> Any:
        """The effective value or the default: a Config for messages, a list for repeated fields and maps."""
        field = self.type.fields[name]
        if not field.single:
            return [entry.value for entry in self._values.get(name, ())]
        if field.kind == "message":
            return self.message(name)
        kept = self._values.get(name)
        return field.default if kept is None else kept.value

    def _scalar(self, name: str) -> Any:
        kept = self._values.get(name)
        return self.type.fields[name].default if kept is None else kept.value

    def flag(self, name: str) -> bool:
        """The value of a bool field."""
        return self._scalar(name)  # type: ignore[no-any-return]

    def integer(self, name: str) -> int:
        """The value of an integer field."""
        return self._scalar(name)  # type: ignore[no-any-return]

    def number(self, name: str) -> float:
        """The value of a float field, rounded to float32 as the OD API sees it."""
        return float(self._scalar(name))

    def text(self, name: str) -> str:
        """The value of a string field."""
        return self._scalar(name)  # type: ignore[no-any-return]

    def enum(self, name: str) -> str:
        """The name of an enum field's value."""
        return self._scalar(name)  # type: ignore[no-any-return]

    def message(self, name: str) -> Config:
        """The message of a singular field; an empty one with `block` None if the field is unset."""
        kept = self._values.get(name)
        if kept is not None:
            return kept.value  # type: ignore[no-any-return]
        from cfgtool.schema.model import load

        type_ = load().messages[self.type.fields[name].type]
        return Config(type_, None, self.document, self, self.problems, name)

    def messages(self, name: str) -> list[Config]:
        """The messages of a repeated field, or the entries of a map."""
        return self._list(name)

    def integers(self, name: str) -> list[int]:
        """The values of a repeated integer field."""
        return self._list(name)

    def numbers(self, name: str) -> list[float]:
        """The values of a repeated float field, each rounded to float32."""
        return self._list(name)

    def texts(self, name: str) -> list[str]:
        """The values of a repeated string field."""
        return self._list(name)

    def mapping(self, name: str) -> dict[Any, Any]:
        """The values of a map field by key; of entries with the same key the last counts."""
        return {entry.value("key"): entry.value("value") for entry in self.messages(name)}

    def _list(self, name: str) -> list[Any]:
        if self.type.fields[name].single:
            raise KeyError(f"{self.type.name}.{name} is not a repeated field")
        return [entry.value for entry in self._values.get(name, ())]

    def find(self, path: str) -> Config:
        """The message at a dotted path such as `train_config.optimizer` or `eval_input_reader[1]`.

        Unset messages come out empty; of a repeated field without an index the first is taken. Raises
        KeyError for names that the schema does not have, IndexError for an index beyond the last.
        """
        config = self
        for part in path.split(".") if path else ():
            name, _, index = part.partition("[")
            field = config.type.fields[name]
            if field.single:
                config = config.message(name)
            else:
                config = config.messages(name)[int(index.rstrip("]") or 0)]
        return config

    def names(self) -> list[str]:
        """The names of the fields that the text gives, in no particular order, dropped occurrences too."""
        if not self._dropped:
            return list(self._values)
        return list(self._values | self._dropped)

    def descendants(self) -> list[Config]:
        """This message and every message below it, each once, in no particular order."""
        found = [self]
        seen = {id(self)}  # merged blocks share a Config
        for config in found:
            for entry in config._occurrences():
                value = entry.value
                if value.__class__ is Config and id(value) not in seen:
                    seen.add(id(value))
                    found.append(value)
        return found

    def _occurrences(self) -> list[Entry]:
        """Every occurrence of a field of this message, dropped ones too, in no particular order."""
        groups: list[Any] = [*self._values.values()]
        if self._dropped:
            groups += self._dropped.values()
        found: list[Entry] = []
        for kept in groups:
            if kept.__class__ is list:
                found += kept
            else:
                found.append(kept)
        return found

    def walk(self) -> Iterator[tuple[Config, Entry]]:
        """Every occurrence below this message with the message it stands in, in source order."""
        found = [entry for config in self.descendants() for entry in config._occurrences()]
        found.sort(key=_start)
        for entry in found:
            yield entry.owner, entry

    def __repr__(self) -> str:
        return f"Config({self.type.name} at {self.path!r})"


def _start(entry: Entry) -> int:
    return entry.node.start if entry.node is not None else entry.field.start
