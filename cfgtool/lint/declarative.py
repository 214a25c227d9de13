"""Rules that are data: when a condition on a field holds, what is said, and which edits mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.lint.findings import Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.lint.rules import Rule
    from cfgtool.schema import Config, Entry
    from cfgtool.textproto import Block, Document, Edit, Field, ListValue, Scalar

LONGEST_VALUE = 60


def judge(rule: Rule, record: dict[str, Any], document: Document, entry: Entry) -> Finding | None:
    """The finding of a declarative rule at a present field, None if its condition does not hold."""
    if not holds(record["when"], entry):
        return None
    key = f"{entry.owner.type.name}.{entry.type.name}"
    words = _words(record, document, entry, key)
    fix = record.get("fix")
    return rule.finding(
        entry,
        record["message"].format_map(words),
        fix=_fix(fix, document, entry, words) if fix else None,
    )


def judge_absent(rule: Rule, record: dict[str, Any], config: Config) -> Finding | None:
    """The finding of a rule that wants a field or a oneof to be set in `config`."""
    when = record["when"]
    name = when["absent"]
    members = config.type.oneofs.get(name, (name,))
    if any(config.has(member) for member in members) or _unreadable(config, members):
        return None
    if not _beside(when.get("beside", {}), config):
        return None
    if not _is_within(config, when.get("within", config._name)):
        return None
    words = {"field": name, "path": config.path, "message": config.type.name}
    return rule.finding(config, record["message"].format_map(words))


def _unreadable(config: Config, names: Sequence[str]) -> bool:
    """True if one of the fields is in the text all the same, with a value that has a finding of its own."""
    fields = config.block.fields if config.block is not None else ()
    return any(field.name in names for field in fields) or any(config.entries(name) for name in names)


def judge_removed(
    rule: Rule, record: dict[str, Any], document: Document, field: Field, owner: Config
) -> Finding | None:
    """The finding of a rule about a field of older schemas, which today's schema does not know."""
    path = f"{owner.path}.{field.name}" if owner.path else field.name
    words = {"field": field.name, "path": path, "value": _shown(document, field.value)}
    fix = record.get("fix")
    message = record["message"].format_map(words)
    made = _fix_field(fix, document, field, words, owner) if fix else None
    return rule.at(field.name_start, field.name_end, message, path=path, fix=made)


def holds(when: dict[str, Any], entry: Entry) -> bool:
    """True if the condition says that the value is a flaw; an empty condition says so of every value."""
    key = f"{entry.owner.type.name}.{entry.type.name}"
    for kind, wanted in when.items():
        mine = wanted.get(key) if wanted.__class__ is dict and kind != "beside" else wanted
        if mine is None:
            continue  # a table that says nothing of this field
        condition = _CONDITIONS.get(kind)
        if not (condition(mine, entry.value) if condition else _NEIGHBOURS[kind](mine, entry)):
            return False
    return True


def objects(when: dict[str, Any], key: str, value: Any) -> bool:
    """True if the condition says that `value` of "Message.field" is a flaw wherever it stands.

    A condition that also asks for something else of the config objects to no value as such.
    """
    if not when or not when.keys() <= _CONDITIONS.keys():
        return False
    conditions = (
        (kind, wanted.get(key) if isinstance(wanted, dict) else wanted) for kind, wanted in when.items()
    )
    return all(wanted is None or _CONDITIONS[kind](wanted, value) for kind, wanted in conditions)


def _is_within(config: Config, name: str) -> bool:
    """True for a message that stands in the field `name`: a type may serve several."""
    return config._name == name


def _beside(wanted: dict[str, list[Any]], owner: Config) -> bool:
    """True if each field named has one of the values listed, its default counted, in the same message."""
    fields = owner.type.fields
    return all(name in fields and owner.value(name) in values for name, values in wanted.items())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and value == value


def _is_other_count(counts: list[int], entry: Entry) -> bool:
    """True for the first element of a repeated field that has none of these numbers of elements."""
    elements = entry.owner.entries(entry.type.name)
    return elements[0] is entry and len(elements) not in counts


def _is_filled(wanted: bool, value: object) -> bool:
    from cfgtool.lint.context import is_placeholder

    return (isinstance(value, str) and not is_placeholder(value)) is wanted


def _matches(pattern: str, value: object) -> bool:
    import re

    return isinstance(value, str) and re.search(pattern, value) is not None


_CONDITIONS: dict[str, Any] = {
    "equals": lambda wanted, value: value in wanted,
    "allowed": lambda wanted, value: value is not None and value not in wanted,
    "below": lambda bound, value: _is_number(value) and value < bound,
    "above": lambda bound, value: _is_number(value) and value > bound,
    "at_most": lambda bound, value: _is_number(value) and value <= bound,
    "outside": lambda bounds, value: not (_is_number(value) and bounds[0] <= value <= bounds[1]),
    "matches": _matches,
    "contains": lambda parts, value: isinstance(value, str) and any(part in value for part in parts),
    "filled": _is_filled,
    "no_multiple_of": lambda step, value: _is_number(value) and value % step != 0,
}
"""Conditions on the value itself: what the rule says, and the value, to True if it is a flaw."""
_NEIGHBOURS: dict[str, Any] = {
    "beside": lambda wanted, entry: _beside(wanted, entry.owner),
    "with": lambda name, entry: entry.owner.has(name),
    "without": lambda name, entry: not entry.owner.has(name),
    "within": lambda name, entry: _is_within(entry.owner, name),
    "counts": _is_other_count,
}
"""Conditions on other fields of the same message."""


def _words(record: dict[str, Any], document: Document, entry: Entry, key: str) -> dict[str, str]:
    """What a message template may name: field, path, value, allowed, nearest, replacement."""
    words = {"field": entry.type.name, "path": entry.path, "value": _shown(document, entry.node)}
    allowed = record["when"].get("allowed") or ()
    names = allowed.get(key, ()) if isinstance(allowed, dict) else allowed
    words["allowed"] = ", ".join(f"'{name}'" for name in names)
    words["nearest"] = _nearest(str(entry.value), names) if "{nearest}" in record["message"] else ""
    values = (record.get("fix") or record).get("values") or {}
    replacement = values.get(str(entry.value))
    words["replacement"] = replacement or ""
    words["instead"] = f"; write '{replacement}'" if replacement else ""
    return words


def _nearest(value: str, names: Sequence[str]) -> str:
    """The end of a message about a wrong name: the name that was meant, or where to start looking."""
    from cfgtool.schema.nearest import nearest

    near = nearest(value, names)
    if near:
        return f"did you mean '{near}'"
    shown = ", ".join(f"'{name}'" for name in names[:6])
    return f"known are {shown}" + (", ..." if len(names) > 6 else "")


def _shown(document: Document, value: Scalar | Block | ListValue | None) -> str:
    """The value as the text has it, in single quotes."""
    if value is None:
        return "''"
    text = " ".join(document.text[value.start : value.end].split())
    if text[:1] in "\"'" and text[-1:] == text[:1] and len(text) > 1:
        text = text[1:-1]
    return f"'{text[:LONGEST_VALUE]}...'" if len(text) > LONGEST_VALUE else f"'{text}'"


def _fix(fix: dict[str, Any], document: Document, entry: Entry, words: dict[str, str]) -> Fix | None:
    wanted = fix.get("only")
    if wanted is not None and entry.value not in wanted:
        return None
    field = entry.field
    if entry.node is not None and entry.node is not field.value and fix["action"] != "replace":
        return None  # one element of a list: deleting its field would take the others along
    return _fix_field(fix, document, field, words, entry.owner, entry.node)


def _fix_field(
    fix: dict[str, Any],
    document: Document,
    field: Field,
    words: dict[str, str],
    owner: Config,
    node: Scalar | Block | None = None,
) -> Fix | None:
    """The fix that a rule's data describes, None where it cannot be made here."""
    if fix["action"] == "replace":
        edits = _replaced(fix, document, node, words)
    else:
        edits = _ACTIONS[fix["action"]](fix, document, field, owner)
    if not edits:
        return None
    return Fix(fix["title"].format_map(words), weakened(document, fix["applicability"], edits), tuple(edits))


def weakened(document: Document, applicability: str, edits: list[Edit]) -> str:
    """`applicability`, but "unsafe" instead of "safe" for edits that take a comment along."""
    if applicability != "safe":
        return applicability
    text = document.text
    loses = any("#" in text[edit.start : edit.end] and "#" not in edit.text for edit in edits)
    return "unsafe" if loses else "safe"


def _replaced(
    fix: dict[str, Any], document: Document, node: Scalar | Block | None, words: dict[str, str]
) -> list[Edit]:
    """Another value in place of `node`; strings keep their kind of quotes."""
    from cfgtool.textproto.edits import replace_span

    text = fix["value"] if "value" in fix else words.get("replacement")
    if node is None or not text:
        return []
    quote = document.text[node.start]
    if "values" in fix and quote in "\"'":
        text = f"{quote}{text}{quote}"
    return [replace_span(document, node.start, node.end, text)]


def _delete(fix: dict[str, Any], document: Document, field: Field, owner: Config) -> list[Edit]:  # noqa: ARG001
    from cfgtool.textproto.edits import delete_field

    return [delete_field(document, field)]


def _rename(fix: dict[str, Any], document: Document, field: Field, owner: Config) -> list[Edit]:  # noqa: ARG001
    from cfgtool.textproto import Edit

    return [Edit(field.name_start, field.name_end, fix["to"])]


def _move(fix: dict[str, Any], document: Document, field: Field, owner: Config) -> list[Edit]:
    """Delete the field, and write it to the path `to` below its message unless one stands there."""
    from cfgtool.textproto.edits import delete_field, insert_field

    *parents, name = fix["to"].split(".")
    target = owner.find(".".join(parents))
    if target.block is None or field.value is None:
        return []
    gone = delete_field(document, field)
    if target.has(name):
        return [gone]
    value = document.text[field.value.start : field.value.end]
    return sorted([gone, insert_field(document, target.block, f"{name}: {value}")], key=_edit_start)


def _edit_start(edit: Edit) -> int:
    return edit.start


_ACTIONS: dict[str, Any] = {"delete": _delete, "rename": _rename, "move": _move}
