"""Says what is wrong with a value: message, span, fix."""

from __future__ import annotations

from cfgtool.schema.nearest import fold, nearest
from cfgtool.schema.problems import PLACEHOLDERS, SchemaProblem
from cfgtool.schema.scalars import BOOLS, INTEGER_RANGES, float32
from cfgtool.textproto import Block, Edit, parse_float, parse_int, string_escapes, string_value
from cfgtool.textproto.edits import replace_span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cfgtool.schema.config import Config
    from cfgtool.schema.model import FieldType
    from cfgtool.textproto import Document, ListValue, Scalar

LONGEST_QUOTE = 48


def quoted(document: Document, node: Scalar | Block | ListValue) -> str:
    """The text of a value for a message, shortened; strings keep their own quotes."""
    text = " ".join(document.text[node.start : node.end].split())
    if len(text) > LONGEST_QUOTE:
        text = text[: LONGEST_QUOTE - 3] + "..."
    return text if text[:1] in "\"'" else f"'{text}'"


def field_path(config: Config, name: str) -> str:
    """The path of a field of `config`."""
    return f"{config.path}.{name}" if config.path else name


def taken(type_: FieldType) -> str:
    """What the field takes, for the end of a message."""
    if type_.kind == "message":
        return "a block { ... }"
    if type_.enum_values is not None:
        return ", ".join(type_.enum_values)
    if type_.kind in INTEGER_RANGES:
        low, _ = INTEGER_RANGES[type_.kind]
        return "an integer that is not negative" if low == 0 else "an integer"
    return {"bool": "true or false", "string": "a string in quotes", "bytes": "a string in quotes"}.get(
        type_.kind, "a number"
    )


def _problem(code: str, message: str, config: Config, type_: FieldType, node: Any) -> SchemaProblem:
    return SchemaProblem(code, message, node.start, node.end, field_path(config, type_.name))


def _with_fix(problem: SchemaProblem, title: str, edits: list[Edit], safe: bool = True) -> SchemaProblem:
    problem.fix = (title, edits)
    problem.fix_safe = safe
    return problem


def _replace(document: Document, problem: SchemaProblem, text: str, safe: bool = True) -> SchemaProblem:
    edit = replace_span(document, problem.start, problem.end, text)
    return _with_fix(problem, f"write {text}", [edit], safe)


# Values of the wrong shape


def list_for_single(config: Config, type_: FieldType, value: ListValue) -> SchemaProblem:
    """A list where one value belongs; a list of one is unwrapped."""
    document = config.document
    message = f"'{type_.name}' is given a list {quoted(document, value)}; it takes one value: {taken(type_)}"
    problem = _problem("wrong-type", message, config, type_, value)
    if len(value.items) == 1:
        item = value.items[0]
        _with_fix(
            problem,
            "remove the brackets",
            [replace_span(document, value.start, value.end, document.text[item.start : item.end])],
        )
    return problem


def scalar_for_message(config: Config, type_: FieldType, node: Scalar) -> SchemaProblem:
    """A scalar where a block belongs."""
    message = f"'{type_.name}' is given {quoted(config.document, node)}; it takes a block {{ ... }}"
    return _problem("wrong-type", message, config, type_, node)


def bad_scalar(config: Config, type_: FieldType, node: Scalar | Block) -> tuple[Any, SchemaProblem]:
    """The value that protobuf would still read (None if it refuses the text), and the problem with it."""
    if isinstance(node, Block):
        message = f"'{type_.name}' is given a block; it takes {taken(type_)}"
        return None, _problem("wrong-type", message, config, type_, node)
    raw = config.document.text[node.start : node.end]
    if type_.kind == "enum":
        return _bad_enum(config, type_, node, raw)
    if type_.kind in ("string", "bytes"):
        return None, _bad_string(config, type_, node, raw)
    if node.kind == "string":
        return None, _quoted_scalar(config, type_, node)
    if type_.kind == "bool":
        return None, _bad_bool(config, type_, node, raw)
    if type_.kind in INTEGER_RANGES:
        return None, _bad_integer(config, type_, node, raw)
    return _bad_float(config, type_, node, raw)


def _wrong_type(config: Config, type_: FieldType, node: Scalar) -> SchemaProblem:
    message = f"'{type_.name}' is given {quoted(config.document, node)}; it takes {taken(type_)}"
    return _problem("wrong-type", message, config, type_, node)


# Enums


def _bad_enum(config: Config, type_: FieldType, node: Scalar, raw: str) -> tuple[Any, SchemaProblem]:
    values = type_.enum_values or {}
    if node.kind == "string":
        return None, _quoted_enum(config, type_, node)
    if node.kind == "number":
        try:
            number = parse_int(raw)
        except ValueError:
            return None, _wrong_type(config, type_, node)
        for name, value in values.items():
            if value == number:
                message = f"'{type_.name}' is given the number {raw}; its name is '{name}'"
                return name, _replace(
                    config.document, _problem("enum-number", message, config, type_, node), name
                )
    near = nearest(raw, values)
    allowed = f"did you mean '{near}'" if near and len(values) > 4 else f"allowed are {', '.join(values)}"
    message = f"'{raw}' is no value of '{type_.name}'; {allowed}"
    problem = _problem("unknown-enum-value", message, config, type_, node)
    if near:
        _replace(config.document, problem, near, safe=fold(near) == fold(raw))
    return None, problem


def _quoted_enum(config: Config, type_: FieldType, node: Scalar) -> SchemaProblem:
    values = type_.enum_values or {}
    content = string_value(config.document, node).decode("utf-8", "replace")
    near = nearest(content, values)
    if near is None:
        return _wrong_type(config, type_, node)
    message = f"enum value {quoted(config.document, node)} of '{type_.name}' is in quotes; write {near}"
    return _replace(
        config.document,
        _problem("quoted-enum", message, config, type_, node),
        near,
        safe=fold(near) == fold(content),
    )


# Numbers and booleans


def _quoted_scalar(config: Config, type_: FieldType, node: Scalar) -> SchemaProblem:
    """A number or boolean in quotes; anything else in quotes is simply of the wrong type."""
    content = string_value(config.document, node).decode("utf-8", "replace").strip()
    bare = BOOL_WORDS.get(content.lower()) if type_.kind == "bool" else _number_word(content, type_)
    if bare is None:
        return _wrong_type(config, type_, node)
    code = "quoted-bool" if type_.kind == "bool" else "quoted-number"
    message = f"value {quoted(config.document, node)} of '{type_.name}' is in quotes; it takes {taken(type_)}"
    return _replace(config.document, _problem(code, message, config, type_, node), bare)


BOOL_WORDS = {
    **{word.lower(): "true" if value else "false" for word, value in BOOLS.items()},
    **dict.fromkeys(("yes", "on"), "true"),
    **dict.fromkeys(("no", "off"), "false"),
}
"""What people write for a boolean, in lower case."""


def _number_word(text: str, type_: FieldType) -> str | None:
    """`text` if it is a number of the field's type."""
    try:
        if type_.kind not in INTEGER_RANGES:
            parse_float(text)
            return text
        low, high = INTEGER_RANGES[type_.kind]
        return text if low <= parse_int(text) <= high else None
    except ValueError:
        return None


def _bad_bool(config: Config, type_: FieldType, node: Scalar, raw: str) -> SchemaProblem:
    problem = _wrong_type(config, type_, node)
    word = BOOL_WORDS.get(raw.lower())
    return _replace(config.document, problem, word) if word else problem


def _bad_integer(config: Config, type_: FieldType, node: Scalar, raw: str) -> SchemaProblem:
    low, high = INTEGER_RANGES[type_.kind]
    try:
        parse_int(raw)
    except ValueError:
        problem = _wrong_type(config, type_, node)
        whole = _whole_number(raw)
        if whole is not None and low <= whole <= high:
            _replace(config.document, problem, str(whole))
        return problem
    message = f"'{raw}' is out of range for '{type_.name}'; it takes {low} to {high}"
    return _problem("number-out-of-range", message, config, type_, node)


def _whole_number(raw: str) -> int | None:
    """The integer that `4.0` or `1e3` stands for."""
    try:
        value = parse_float(raw)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


def _bad_float(
    config: Config, type_: FieldType, node: Scalar, raw: str
) -> tuple[float | None, SchemaProblem]:
    try:
        value = float32(parse_float(raw))
    except ValueError:
        return None, _wrong_type(config, type_, node)
    message = (
        f"'{raw}' is out of range for '{type_.name}' and becomes {value}; single precision ends at 3.4e38"
    )
    return value, _problem("number-out-of-range", message, config, type_, node)


# Strings


def _bad_string(config: Config, type_: FieldType, node: Scalar, raw: str) -> SchemaProblem:
    if node.kind == "string":
        decoded = quoted(config.document, node)
        message = f"escapes in {decoded} decode to bytes that are not UTF-8; a backslash is written '\\\\'"
        return _double_backslashes(_problem("string-not-utf8", message, config, type_, node), config, node)
    message = f"string '{raw}' of '{type_.name}' has no quotes; it takes {taken(type_)}"
    return _replace(config.document, _problem("unquoted-string", message, config, type_, node), f'"{raw}"')


def _double_backslashes(problem: SchemaProblem, config: Config, node: Scalar) -> SchemaProblem:
    """A fix that doubles every backslash which does not escape a backslash or a quote."""
    edits = [
        Edit(escape.start, escape.start + 1, "\\\\")
        for escape in string_escapes(config.document, node)
        if escape.text[1] not in "\\\"'"
    ]
    return _with_fix(problem, "double the backslashes", edits, safe=False)


def suspect_string(config: Config, type_: FieldType, node: Scalar, value: str) -> list[SchemaProblem]:
    """Control characters that come from single backslashes, and paths that nobody has filled in."""
    found: list[SchemaProblem] = []
    for escape in string_escapes(config.document, node):
        if escape.control:
            message = (
                f"'{escape.text}' in {quoted(config.document, node)} becomes a control character; "
                "write '\\\\' or '/'"
            )
            found.append(_problem("control-character", message, config, type_, node))
            _double_backslashes(found[0], config, node)
            break
    if any(part in value for part in PLACEHOLDERS):
        message = f"{quoted(config.document, node)} is a placeholder; '{type_.name}' takes a real path"
        found.append(_problem("placeholder-path", message, config, type_, node))
    return found
