"""What an unknown field name was meant to be: a slip, a field of the past, a brace too few or too many."""

from __future__ import annotations

from bisect import bisect_left

from cfgtool.schema.model import load
from cfgtool.schema.nearest import fold, nearest
from cfgtool.schema.problems import SchemaProblem
from cfgtool.textproto import Block, Edit, ListValue, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.schema.config import Config
    from cfgtool.schema.model import FieldType, MessageType
    from cfgtool.textproto import Field

_FARTHEST = 100
"""How many fields back a block is looked for that was closed too early; a bound keeps a long file linear."""


def unknown_field(config: Config, block: Block, field: Field) -> SchemaProblem:
    """The problem of a field that the message does not have, with the likeliest reason."""
    if field.kind != "plain":
        message = (
            f"the schema of '[{field.name}]' is not known here; the OD API refuses it, as nothing adds it"
        )
        return _problem("unknown-extension", message, config, field)
    names = config.type.fields
    for name in names:
        if fold(name) == fold(field.name):
            message = f"unknown field '{field.name}' {_place(config)}; it is spelled '{name}'"
            return _renamed(_problem("field-name-case", message, config, field), field, name, True)
    for reason in (_from_the_past, _missing_brace, _extra_brace):
        hint = reason(config, block, field)
        if hint:
            return _problem(
                "unknown-field", f"unknown field '{field.name}' {_place(config)}; {hint}", config, field
            )
    fitting = nearest(field.name, [name for name, type_ in names.items() if _takes(type_, field)])
    near = fitting or nearest(field.name, names)
    if near:
        message = f"unknown field '{field.name}' {_place(config)}; did you mean '{near}'"
        problem = _problem("unknown-field", message, config, field)
        return _renamed(problem, field, near, False) if fitting else problem
    message = f"unknown field '{field.name}' {_place(config)}; {_elsewhere(config, field)}"
    return _problem("unknown-field", message, config, field)


def _problem(code: str, message: str, config: Config, field: Field) -> SchemaProblem:
    path = f"{config.path}.{field.name}" if config.path else field.name
    return SchemaProblem(code, message, field.start, field.name_end, path)


def _renamed(problem: SchemaProblem, field: Field, name: str, safe: bool) -> SchemaProblem:
    problem.fix = (f"write {name}", [Edit(field.start, field.name_end, name)])
    problem.fix_safe = safe
    return problem


def _takes(type_: FieldType, field: Field) -> bool:
    """Whether the value of `field` could be one of `type_`: a scalar, or a block with no unknown names in it."""
    value = field.value.items[0] if isinstance(field.value, ListValue) and field.value.items else field.value
    if not isinstance(value, Block):
        return type_.kind != "message" or not isinstance(value, Scalar)
    return type_.kind == "message" and all(
        inner.name in load().messages[type_.type].fields for inner in value.fields
    )


def _place(config: Config) -> str:
    return f"in '{config.path}'" if config.path else "at the top level"


def _from_the_past(config: Config, block: Block, field: Field) -> str | None:  # noqa: ARG001
    """The field was here once."""
    from cfgtool.schema.history import removed

    past = removed(config.type.name, field.name)
    return f"it existed until {past.gone}; {past.instead}" if past else None


def _missing_brace(config: Config, block: Block, field: Field) -> str | None:
    """The name belongs to a message around this one: a closing brace is missing, or stands too late."""
    child, outer = config, config.parent
    while outer is not None:
        if field.name in outer.type.fields:
            start = block.start if child is config else child.block.start if child.block else 0
            line = config.document.position(start)[0]
            return (
                f"it belongs {_owner(outer)}: usually a '}}' is missing before it, "
                f"which closes '{child._name}' of line {line}"
            )
        child, outer = outer, outer.parent
    return None


def _extra_brace(config: Config, block: Block, field: Field) -> str | None:
    """The name belongs to the message that was closed just before: a closing brace too many, or too early."""
    type_: MessageType | None = config.type
    path = config.path
    end = bisect_left(block.fields, field.start, key=lambda other: other.start)
    fields = block.fields[max(0, end - _FARTHEST) : end]
    while type_ is not None:
        known = (f for f in reversed(fields) if f.name in type_.fields and isinstance(f.value, Block))
        last = next(known, None)
        if last is None:
            return None
        assert isinstance(last.value, Block)
        type_ = load().messages.get(type_.fields[last.name].type)
        path = f"{path}.{last.name}" if path else last.name
        if type_ is not None and field.name in type_.fields:
            line = config.document.position(last.value.end - 1)[0]
            return f"it belongs to '{path}': usually the '}}' that closes it at line {line} is one too many"
        fields = last.value.fields[-_FARTHEST:]
    return None


def _owner(config: Config) -> str:
    return f"to '{config.path}'" if config.path else "at the top level"


def _elsewhere(config: Config, field: Field) -> str:
    """The blocks that have a field of this name, else the fields that exist here."""
    holders = load().holders.get(field.name, [])
    if 0 < len(holders) <= 4:
        return f"it belongs in {' or '.join(repr(holder) for holder in holders)}"
    words = set(field.name.split("_"))
    names = sorted(config.type.fields, key=lambda name: words.isdisjoint(name.split("_")))
    if not names:
        return "this block has no fields"
    shown = ", ".join(names[:6])
    return f"fields here are {shown}{f' and {len(names) - 6} more' if len(names) > 6 else ''}"
