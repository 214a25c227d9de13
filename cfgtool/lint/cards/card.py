"""The cards: plain values that `explain`, the field reference and the language server show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RuleCard:
    """What is said of a rule where a field is explained."""

    code: str
    name: str
    severity: str
    generations: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class Change:
    """A change of the schema: `what` is type, label, default, number or deprecated; `date` is ISO."""

    date: str
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Limit:
    """Which values a rule lets pass: "at least 1", and for whom; none of the generations means both."""

    text: str
    code: str
    generation: str | None


@dataclass(frozen=True)
class Value:
    """A value of an enumeration; `since` is None if it was there from the beginning (2017-06)."""

    name: str
    number: int
    meaning: str
    since: str | None


@dataclass(frozen=True)
class ExtractorType:
    """A feature extractor that the OD API registers; `trained` says that `cfgtool train` builds it."""

    name: str
    generation: str
    trained: bool


@dataclass(frozen=True)
class Places:
    """Where something may stand: the shortest paths from the root of the file, and how many more there are."""

    shown: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class FieldCard:
    """All that is known of one field.

    Dates are ISO. `value_kind` is "message", "enum" or the scalar type. `default` is spelled as in the text format,
    None for messages and repeated fields; `written_default` tells whether the schema spells it out. `excludes` are the
    other members of its oneof. `status` is that of `cfgtool.schema.status`, or "removed"; `od_api` says it in words.
    `training` is "acts", "refused", "ignored" or "unreached" (inside of what is refused or ignored), `cfgtool_train`
    the words for it; both are empty for removed fields. `removed` is the day on which the field had gone.
    """

    message: str
    field: str
    meaning: str
    label: str
    type: str
    value_kind: str
    default: str | None
    written_default: bool
    deprecated: bool
    oneof: str | None
    excludes: tuple[str, ...]
    values: tuple[Value, ...]
    types: tuple[ExtractorType, ...]
    limits: tuple[Limit, ...]
    since: str | None
    removed: str | None
    changes: tuple[Change, ...]
    status: str
    od_api: str
    training: str
    cfgtool_train: str
    instead: str | None
    places: Places
    rules: tuple[RuleCard, ...]

    @property
    def title(self) -> str:
        """Message and field, such as "TrainConfig.batch_size"."""
        return f"{self.message}.{self.field}"


@dataclass(frozen=True)
class FieldLine:
    """One field of a message in brief; `type` with its label where that is not "optional"."""

    name: str
    type: str
    default: str | None
    oneof: str | None
    status: str
    meaning: str


@dataclass(frozen=True)
class MessageCard:
    """All that is known of a message, or of one oneof of it (`oneof`, then `fields` are its members)."""

    name: str
    oneof: str | None
    meaning: str
    fields: tuple[FieldLine, ...]
    places: Places
    rules: tuple[RuleCard, ...]

    @property
    def title(self) -> str:
        """The message, or "Message.oneof"."""
        return f"{self.name}.{self.oneof}" if self.oneof else self.name


@dataclass(frozen=True)
class EnumCard:
    """All that is known of an enumeration; `value` is the one that was asked for. `used_by` are fields."""

    name: str
    meaning: str
    value: Value | None
    values: tuple[Value, ...]
    used_by: tuple[str, ...]

    @property
    def title(self) -> str:
        """The enumeration, or with its value, such as "CheckpointVersion.V2"."""
        return f"{self.name}.{self.value.name}" if self.value else self.name


Card = FieldCard | MessageCard | EnumCard

KINDS = {FieldCard: "field", MessageCard: "message", EnumCard: "enum"}
"""Type of a card -> its "kind" as JSON."""
