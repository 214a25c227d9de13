"""Cards made of what the schema, its history, its comments and the rules know."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cfgtool.lint.cards.card import Change, EnumCard, FieldCard, FieldLine, MessageCard, RuleCard, Value
from cfgtool.lint.cards.limits import extractors_of, limits_of
from cfgtool.lint.cards.places import architectures_of, places_of
from cfgtool.lint.cards.spelling import default_of
from cfgtool.lint.cards.words import od_api_words, removed_words, training_words
from cfgtool.lint.rules import load as load_rules
from cfgtool.lint.rules import read_data
from cfgtool.schema import history, load, status
from cfgtool.schema.docs import doc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.lint.rules import Catalogue
    from cfgtool.schema import FieldType


def field_card(
    message: str, field: str, around: Iterable[str] = (), catalogue: Catalogue | None = None
) -> FieldCard:
    """The card of a field that the schema has, or had.

    `around` are the fields "Message.field" of the blocks that it is looked at in: rules about those are named as well.
    `catalogue` holds the rules that are known, the bundled ones by default. Raises KeyError for a message or field that
    never was.
    """
    catalogue = catalogue or load_rules()
    type_ = load().messages[message].fields.get(field) if message in load().messages else None
    if type_ is None:
        return _removed_card(message, field, catalogue)
    fate = status.status(message, field)
    use = training_use(message, field)
    siblings = load().messages[message].oneofs.get(type_.oneof or "", ())
    better = status.replacement(message, field)
    return FieldCard(
        message=message,
        field=field,
        meaning=_field_meaning(message, field),
        label=type_.label,
        type=type_name(type_),
        value_kind=type_.kind,
        default=default_of(type_),
        written_default=type_.written_default,
        deprecated=type_.deprecated,
        oneof=type_.oneof,
        excludes=tuple(name for name in siblings if name != field),
        values=values_of(type_.type) if type_.enum_values else (),
        types=extractors_of(message, type_, catalogue),
        limits=limits_of(message, type_, catalogue),
        since=history.since(message, field),
        removed=None,
        changes=tuple(Change(*change) for change in history.changes(message, field)),
        status=fate,
        od_api=od_api_words(fate, architectures_of(message)),
        training=use,
        cfgtool_train=training_words(use),
        instead=f"write {better}" if better else None,
        places=places_of(message, field),
        rules=_rules(
            catalogue, [*around, f"{message}.{field}"], type_.type if type_.kind == "message" else None
        ),
    )


def _removed_card(message: str, field: str, catalogue: Catalogue) -> FieldCard:
    past = history.removed(message, field)
    if past is None:
        raise KeyError(f"{message}.{field}")
    code = catalogue.removed.get(f"{message}.{field}")
    return FieldCard(
        message=message,
        field=field,
        meaning="A field of the past: a config that has it is refused.",
        label="",
        type="",
        value_kind="",
        default=None,
        written_default=False,
        deprecated=False,
        oneof=None,
        excludes=(),
        values=(),
        types=(),
        limits=(),
        since=past.since,
        removed=past.gone,
        changes=(),
        status="removed",
        od_api=removed_words(past.since, past.gone),
        training="",
        cfgtool_train="",
        instead=past.instead,
        places=places_of(message, field),
        rules=(_rule_card(catalogue, code),) if code else (),
    )


def message_card(name: str, oneof: str | None = None, catalogue: Catalogue | None = None) -> MessageCard:
    """The card of a message, or of one oneof of it. Raises KeyError if there is none."""
    message = load().messages[name]
    members = message.oneofs[oneof] if oneof else message.fields
    lines = tuple(
        FieldLine(
            field.name,
            labelled_type(field),
            default_of(field),
            field.oneof,
            status.status(name, field.name),
            _field_meaning(name, field.name),
        )
        for field in message.fields.values()
        if field.name in members
    )
    return MessageCard(
        name,
        oneof,
        doc(name, oneof) or "An entry of a map.",
        lines,
        places_of(name),
        _rules(catalogue or load_rules(), [], name),
    )


def enum_card(name: str, value: str | None = None) -> EnumCard:
    """The card of an enumeration, and of one value of it. Raises KeyError if there is none."""
    values = values_of(name)
    chosen = next((each for each in values if each.name == value), None)
    if value is not None and chosen is None:
        raise KeyError(f"{name}.{value}")
    messages = load().messages
    users = tuple(f"{m}.{f.name}" for m in messages for f in messages[m].fields.values() if f.type == name)
    return EnumCard(name, doc(name), chosen, values, users)


def values_of(enum: str) -> tuple[Value, ...]:
    """The values of an enumeration, in the schema's order."""
    return tuple(
        Value(name, number, doc(enum, name), history.since(enum, name))
        for name, number in load().enums[enum].items()
    )


def type_name(field: FieldType) -> str:
    """The name of the type; of a map "map<string, float>"."""
    if field.label != "map":
        return field.type
    entry = load().messages[field.type].fields
    return f"map<{entry['key'].type}, {entry['value'].type}>"


def labelled_type(field: FieldType) -> str:
    """The type, with the label before it where there is more to say than "optional"."""
    name = type_name(field)
    return name if field.label in ("optional", "map") else f"{field.label} {name}"


def training_use(message: str, field: str) -> str:
    """What `cfgtool train` does with a field: "acts", "refused", "ignored", or "unreached"."""
    return _training_uses().get(f"{message}.{field}", "unreached")


@cache
def _training_uses() -> dict[str, str]:
    content: dict[str, list[str]] = read_data("training_use.json")
    return {name: use for use, names in content.items() for name in names}


def _field_meaning(message: str, field: str) -> str:
    """The comment of a field; keys and values of maps have none in the schema."""
    return doc(message, field) or f"The {field} of an entry of the map."


def _rules(catalogue: Catalogue, places: Iterable[str], whole: str | None) -> tuple[RuleCard, ...]:
    """The rules that look at these places, and those about the message `whole`."""
    triggers = catalogue.triggers
    codes: dict[str, None] = {}
    for place in places:
        message, _, name = place.rpartition(".")
        codes.update(dict.fromkeys(triggers.get(message, {}).get(name, ())))
    if whole is not None:
        codes.update(dict.fromkeys(triggers.get(whole, {}).get("", ())))
    return tuple(_rule_card(catalogue, code) for code in codes)


def _rule_card(catalogue: Catalogue, code: str) -> RuleCard:
    rule = catalogue.rule(code)
    return RuleCard(rule.code, rule.name, rule.severity, rule.generations, rule.summary)
