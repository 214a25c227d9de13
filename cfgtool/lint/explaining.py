"""What `cfgtool explain` says: of a rule its documentation, of a field its type, comment and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.lint.pages import text as rule_text
from cfgtool.lint.rules import load

if TYPE_CHECKING:
    from cfgtool.lint.rules import Catalogue
    from cfgtool.schema import FieldType, MessageType

ROOTS = ("TrainEvalPipelineConfig", "StringIntLabelMap")


def explain(subject: str, catalogue: Catalogue | None = None) -> str:
    """The explanation of a rule (code or name) or a field (path, "Message.field", or name).

    `catalogue` holds the rules that are known, the bundled ones by default. Raises UserError, with the nearest name,
    for anything else.
    """
    catalogue = catalogue or load()
    code = catalogue.code_of(subject) or catalogue.code_of(subject.upper())
    if code is not None:
        return rule_text(catalogue.rule(code), catalogue.docs(code))
    places = _places(subject)
    if not places:
        raise UserError(f"nothing is called {subject!r}", hint=_nearest(subject, catalogue))
    return "\n\n".join(_field_text(message, field, around, catalogue) for message, field, around in places)


def _places(subject: str) -> list[tuple[MessageType, FieldType | None, list[str]]]:
    """(message, field or None for the message, "Message.field" of the blocks around) meant by `subject`."""
    from cfgtool.schema import load as load_schema

    schema = load_schema()
    for root in ROOTS:
        found = _follow(schema.messages[root], subject.split("."))
        if found is not None:
            return [found]
    if subject in schema.messages:
        return [(schema.messages[subject], None, [])]
    message, _, name = subject.rpartition(".")
    if message in schema.messages and name in schema.messages[message].fields:
        return [(schema.messages[message], schema.messages[message].fields[name], [])]
    owners = [each for each in schema.messages.values() if subject in each.fields]
    return [(owner, owner.fields[subject], []) for owner in owners]


def _follow(message: MessageType, names: list[str]) -> tuple[MessageType, FieldType | None, list[str]] | None:
    """The field at the end of a path, and the fields on the way."""
    from cfgtool.schema import load as load_schema

    around: list[str] = []
    for index, name in enumerate(names):
        field = message.fields.get(name.partition("[")[0])
        if field is None:
            return None
        if index == len(names) - 1:
            return message, field, around
        around.append(f"{message.name}.{field.name}")
        if field.kind != "message":
            return None
        message = load_schema().messages[field.type]
    return None


def _field_text(
    message: MessageType, field: FieldType | None, around: list[str], catalogue: Catalogue
) -> str:
    """The lines on one field or message."""
    from cfgtool.schema.docs import load_docs

    comments = load_docs()
    if field is None:
        lines = [message.name, *_comment(comments.get(message.name)), "", "Fields"]
        lines += [f"  {each.name}: {each.type}" for each in message.fields.values()]
        return "\n".join(lines)
    key = f"{message.name}.{field.name}"
    lines = [key, *_comment(comments.get(key)), "", f"  type     {field.label} {field.type}"]
    if field.label == "optional" and field.kind != "message":
        default = f'"{field.default}"' if field.kind == "string" else str(field.default)
        default = default.lower() if field.kind == "bool" else default
        lines.append(
            f"  default  {default}" + ("" if field.written_default else " (not spelled out in the schema)")
        )
    if field.enum_values:
        lines.append(f"  values   {', '.join(field.enum_values)}")
    if field.oneof:
        others = [name for name in message.oneofs[field.oneof] if name != field.name]
        lines.append(f"  excludes {', '.join(others)} (at most one of them counts)")
    if field.deprecated:
        lines.append("  deprecated by the schema")
    return "\n".join([*lines, *_rule_lines(key, field, around, catalogue)])


def _comment(comment: str | None) -> list[str]:
    return [f"  {line}" for line in comment.splitlines()] if comment else []


def _rule_lines(key: str, field: FieldType, around: list[str], catalogue: Catalogue) -> list[str]:
    """The rules about a field, about its message as a whole, and about the blocks that it is in."""
    codes: dict[str, None] = {}
    for place in [*around, key]:
        message, _, name = place.rpartition(".")
        codes.update(dict.fromkeys(catalogue.triggers.get(message, {}).get(name, ())))
    if field.kind == "message":
        codes.update(dict.fromkeys(catalogue.triggers.get(field.type, {}).get("", ())))
    if not codes:
        return []
    rules = [catalogue.rule(code) for code in codes]
    return ["", "Rules", *(f"  {rule.code} {rule.name}: {rule.summary}" for rule in rules)]


def _nearest(subject: str, catalogue: Catalogue) -> str:
    """Where to look instead."""
    from cfgtool.lint.selection import nearest_rule
    from cfgtool.schema import load as load_schema
    from cfgtool.schema.nearest import nearest

    schema = load_schema()
    path, _, last = subject.rpartition(".")
    for root in ROOTS if path else ():
        found = _follow(schema.messages[root], path.split("."))
        if found is not None and found[1] is not None and found[1].kind == "message":
            near = nearest(last, schema.messages[found[1].type].fields)
            if near:
                return f"did you mean '{path}.{near}'"
    near = nearest(last, {name: None for each in schema.messages.values() for name in each.fields})
    return f"did you mean '{near}'" if near else nearest_rule(catalogue, subject)
