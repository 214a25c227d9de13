"""What a config says at a path, after merging, and how to write it: `cfgtool get`."""

from __future__ import annotations

from typing import NamedTuple

from cfgtool.errors import UserError
from cfgtool.schema.config import Config
from cfgtool.schema.paths import Path, without_stars
from cfgtool.schema.problems import SEVERITIES
from cfgtool.schema.scalars import shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cfgtool.schema.model import FieldType


class Found(NamedTuple):
    """The value at a path without `[*]`: whether the config sets it, and the value, else the schema's default.

    Of messages the value is a Config, of repeated fields without an index a list.
    """

    path: str
    field: FieldType
    is_set: bool
    value: Any


def find_values(config: Config, path_text: str) -> list[Found]:
    """What `config` has at a path; more or less than one with `[*]` only.

    Raises UserError for paths that the schema does not have, elements that are not there, and values that cannot be
    read.
    """
    paths = without_stars(Path(path_text, "get"), config)
    return [_find(config, Path(each, "get")) for each in paths]


def _find(config: Config, path: Path) -> Found:
    _refuse_unreadable(config, path)
    is_set = True
    for name, index in path.steps[:-1]:
        field = path.field(config.type, name)
        type_ = path.message_type(field)
        child = path.child(config, field, index) if is_set else None
        is_set = child is not None
        config = child or Config(type_, None, config.document, config, config.problems, name)
    name, last_index = path.steps[-1]
    field = path.field(config.type, name)
    path.refuse_index(field, last_index)
    value = config.value(name)
    if isinstance(last_index, int):
        value = value[path.element(field, last_index, len(value))]
    return Found(path.text, field, is_set and config.has(name), value)


def _refuse_unreadable(config: Config, path: Path) -> None:
    """Raise UserError where the text has a value at the path that the field does not take."""
    for problem in config.problems:
        if (
            problem.path == path.text
            and SEVERITIES.get(problem.code, "error") == "error"
            and _is_lost(problem.code)
        ):
            line, column = config.document.position(problem.start)
            raise UserError(problem.message, line=line, column=column)


def _is_lost(code: str) -> bool:
    """Whether a problem leaves a field without the value that the text gives it."""
    return code not in ("placeholder-path", "control-character", "oneof-conflict")


def plain(field: FieldType, value: Any) -> Any:
    """The value for JSON: messages as objects, maps by key, floats with no more digits than they need."""
    if isinstance(value, list):
        if field.label == "map":
            return {str(entry.value("key")): _plain_field(entry, "value") for entry in value}
        return [plain(field, element) for element in value]
    if isinstance(value, Config):
        return {name: _plain_field(value, name) for name in value.type.fields if value.has(name)}
    if field.kind in ("float", "double"):
        return _json_float(shortest(value) if field.kind == "float" else value)
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _plain_field(config: Config, name: str) -> Any:
    return plain(config.type.fields[name], config.value(name))


def _json_float(value: float) -> float | str:
    """JSON has no infinity and no NaN; protobuf writes them as strings."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def lines(field: FieldType, value: Any) -> list[str]:
    """The value as text, strings without quotes, an element a line; a message as its fields in text format."""
    if isinstance(value, Config):
        return _message_lines(value)
    if isinstance(value, list):
        if field.kind == "message":
            return [line for element in value for line in _block_lines(field, element)]
        return [line for element in value for line in lines(field, element)]
    return [value] if isinstance(value, str) else [_scalar(field, value)]


def _message_lines(config: Config) -> list[str]:
    found = []
    for name, field in config.type.fields.items():
        if not config.has(name):
            continue
        value = config.value(name)
        for element in value if isinstance(value, list) else [value]:
            if isinstance(element, Config):
                found += _block_lines(field, element)
            else:
                found.append(f"{name}: {_scalar(field, element)}")
    return found


def _block_lines(field: FieldType, config: Config) -> list[str]:
    return [f"{field.name} {{", *("  " + line for line in _message_lines(config)), "}"]


def _scalar(field: FieldType, value: Any) -> str:
    """A scalar in text format."""
    if field.kind == "bool":
        return "true" if value else "false"
    if field.kind in ("float", "double"):
        return repr(shortest(value) if field.kind == "float" else value)
    if field.kind in ("string", "bytes"):
        text = value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
        return quote(text)
    return str(value)


def quote(text: str) -> str:
    """A string literal of the text format."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    """A character as it may stand in a literal; control characters, and bytes that were not UTF-8, are escaped."""
    code = ord(character)
    if "\udc80" <= character <= "\udcff":
        return f"\\{code - 0xDC00:03o}"
    return f"\\{code:03o}" if code < 32 or code == 127 else character
