"""Rules that are data: when a condition on a field holds, what is said, and which edits mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.lint.findings import Finding, Fix

if TYPE_CHECKING:
    from cfgtool.lint.rules import Rule
    from cfgtool.schema import Config, Entry
    from cfgtool.textproto import Block, Document, Edit, Field, ListValue, Scalar

LONGEST_VALUE = 60


def judge(rule: Rule, record: dict[str, Any], document: Document, entry: Entry) -> Finding | None:
    """The finding of a declarative rule at a present field, None if its condition does not hold."""
    key = f"{entry.owner.type.name}.{entry.type.name}"
    if not holds(record["when"], key, entry.value):
        return None
    words = _words(record, document, entry, key)
    fix = record.get("fix")
    return rule.finding(
        entry,
        record["message"].format_map(words),
        fix=_fix(fix, document, entry, words) if fix else None,
    )


def judge_absent(rule: Rule, record: dict[str, Any], config: Config) -> Finding | None:
    """The finding of a rule that wants a field or a oneof to be set in `config`."""
    name = record["when"]["absent"]
    if config.which(name) is not None if name in config.type.oneofs else config.has(name):
        return None
    words = {"field": name, "path": config.path, "message": config.type.name}
    return rule.finding(config, record["message"].format_map(words))


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


def holds(when: dict[str, Any], key: str, value: Any) -> bool:
    """True if the condition says that `value` is a flaw; an empty condition says so of every value."""
    for kind, wanted in when.items():
        if not _CONDITIONS[kind](wanted[key] if isinstance(wanted, dict) else wanted, value):
            return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and value == value


def _matches(pattern: str, value: object) -> bool:
    import re

    return isinstance(value, str) and re.search(pattern, value) is not None


_CONDITIONS: dict[str, Any] = {
    "equals": lambda wanted, value: value in wanted,
    "allowed": lambda wanted, value: value is not None and value not in wanted,
    "below": lambda bound, value: _is_number(value) and value < bound,
    "above": lambda bound, value: _is_number(value) and value > bound,
    "outside": lambda bounds, value: not (_is_number(value) and bounds[0] <= value <= bounds[1]),
    "matches": _matches,
}


def _words(record: dict[str, Any], document: Document, entry: Entry, key: str) -> dict[str, str]:
    """What a message template may name: field, path, value, allowed, nearest, replacement."""
    words = {"field": entry.type.name, "path": entry.path, "value": _shown(document, entry.node)}
    allowed = record["when"].get("allowed")
    if allowed is not None:
        names = allowed[key] if isinstance(allowed, dict) else allowed
        words["allowed"] = ", ".join(f"'{name}'" for name in names)
        if "{nearest}" in record["message"]:
            words["nearest"] = _nearest(str(entry.value), names)
    values = (record.get("fix") or record).get("values") or {}
    replacement = values.get(str(entry.value))
    words["replacement"] = replacement or ""
    words["instead"] = f"; write '{replacement}'" if replacement else ""
    return words


def _nearest(value: str, names: list[str]) -> str:
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
    from cfgtool.textproto import Edit

    text = fix["value"] if "value" in fix else words.get("replacement")
    if node is None or not text:
        return []
    quote = document.text[node.start]
    if "values" in fix and quote in "\"'":
        text = f"{quote}{text}{quote}"
    return [Edit(node.start, node.end, text)]


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
