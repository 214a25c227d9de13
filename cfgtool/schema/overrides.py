"""`--set path=value`: edits of the text that give a field a value, whatever the text has for it now.

Paths are dotted field names from the root, with indices for repeated fields: `train_config.batch_size`,
`eval_input_reader[0].shuffle`. Missing blocks are made. A path that ends in `+` appends to a repeated
field; without it all its values are replaced.
"""

from __future__ import annotations

from cfgtool.errors import UserError
from cfgtool.schema.model import load
from cfgtool.schema.nearest import nearest
from cfgtool.schema.reader import read_config
from cfgtool.textproto import Block, Edit, parse
from cfgtool.textproto.edits import delete_fields, insert_field, replace_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.schema.config import Config, Entry
    from cfgtool.schema.model import FieldType, MessageType
    from cfgtool.textproto import Document, Field


def set_value(
    document: Document, path: str, value_text: str, root: str = "TrainEvalPipelineConfig"
) -> list[Edit]:
    """The edits of `document` after which the field at `path` has the value `value_text`.

    Values are written as in a config; strings may come without quotes, lists as `[a, b]`, messages as
    `{...}`. Raises UserError for paths that the schema does not have, values that the field does not take,
    and paths that do not say which element is meant.
    """
    append = path.endswith("+")
    *outer, last = path.removesuffix("+").split(".")
    config = read_config(document, root)
    missing: list[str] = []
    type_ = config.type
    for part in outer:
        name, index = _split(part, path)
        field = _field(type_, name, path)
        if field.kind != "message":
            raise _error(path, f"'{name}' is a {field.type}, it has no fields")
        _check_oneof(config, field, path, bool(missing))
        child = None if missing else _child(config, field, index, path)
        if child is None:
            missing.append(name)
        else:
            config = child
        type_ = load().messages[field.type]
    name, index = _split(last, path)
    field = _field(type_, name, path)
    _check_oneof(config, field, path, bool(missing))
    value = _checked_value(document, field, value_text, path, type_, append or index is not None)
    if missing:
        if index is not None:
            raise _error(path, f"'{name}' has no element {index}")
        return [_insert(document, config, missing, f"{name}{_joint(value)}{value}")]
    return _assign(document, config, field, index, value, append, path)


def _error(path: str, message: str, hint: str | None = None) -> UserError:
    return UserError(f"cannot set '{path}': {message}", hint=hint)


def _split(part: str, path: str) -> tuple[str, int | None]:
    """Name and index of one part of a path."""
    name, bracket, index = part.partition("[")
    if not bracket:
        return name, None
    if not index.endswith("]") or not index[:-1].isdecimal():
        raise _error(path, f"'{part}' is no field name, and no name with an index such as '{name}[0]'")
    return name, int(index[:-1])


def _field(type_: MessageType, name: str, path: str) -> FieldType:
    field = type_.fields.get(name)
    if field is not None:
        return field
    near = nearest(name, type_.fields)
    hint = f"did you mean '{near}'" if near else f"fields are {', '.join(type_.fields) or 'none'}"
    raise _error(path, f"{type_.name} has no field '{name}'", hint)


def _check_oneof(config: Config, field: FieldType, path: str, missing: bool) -> None:
    """A value for one member of a oneof must not silently drop another member that is set."""
    if field.oneof is None or missing:
        return
    chosen = config.which(field.oneof)
    if chosen is not None and chosen != field.name:
        message = f"'{chosen}' is set at this place, and only one of '{chosen}' and '{field.name}' may be"
        raise _error(path, message, f"replace '{chosen}' in the file")


def _child(config: Config, field: FieldType, index: int | None, path: str) -> Config | None:
    """The message that a part of a path means; None if it has to be made."""
    if field.single:
        if index is not None:
            raise _error(path, f"'{field.name}' is not repeated, it takes no index")
        return config.message(field.name) if config.has(field.name) else None
    children = config.messages(field.name)
    if index is None and len(children) > 1:
        raise _error(path, f"there are {len(children)} '{field.name}'", f"say which: '{field.name}[0]'")
    if index is None:
        return children[0] if children else None
    if index >= len(children):
        raise _error(path, f"'{field.name}' has no element {index}, it has {len(children)}")
    return children[index]


# Values


def _checked_value(
    document: Document, field: FieldType, text: str, path: str, type_: MessageType, element: bool
) -> str:
    """The value as it is to be written; strings get quotes. Raises UserError if the field does not take
    it."""
    value = text.strip()
    if field.kind == "string" and not value.startswith(('"', "'", "[")):
        value = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if value.startswith("[") and (field.single or element):
        raise _error(path, f"'{value}' is a list, '{field.name}' takes one value here")
    trial = parse(f"{field.name}{_joint(value)}{value}")
    config = read_config(trial, type_.name)
    problems = [p.message for p in trial.problems]
    problems += [p.message for p in config.problems if p.code not in ("enum-number", "placeholder-path")]
    if not problems and (len(trial.root.fields) != 1 or trial.root.fields[0].value is None):
        problems.append(f"'{value}' is not one value")
    if problems:
        raise _error(path, problems[0])
    return value.replace("\n", "\r\n") if "\r\n" in document.text and "\r" not in value else value


def _joint(value: str) -> str:
    """What stands between name and value."""
    return " " if value.startswith(("{", "<")) else ": "


# Edits


def _insert(document: Document, config: Config, missing: list[str], text: str) -> Edit:
    """Put `text`, inside blocks named `missing`, into the message `config`."""
    for name in reversed(missing):
        inner = "\n".join("  " + line for line in text.replace("\r\n", "\n").split("\n"))
        text = f"{name} {{\n{inner}\n}}"
    return insert_field(document, config.block or document.root, text)


def _assign(
    document: Document,
    config: Config,
    field: FieldType,
    index: int | None,
    value: str,
    append: bool,
    path: str,
) -> list[Edit]:
    """Write `value` where the field stands, or add the field."""
    name = field.name
    if field.single and (append or index is not None):
        raise _error(path, f"'{name}' is not repeated, it takes no {'+' if append else 'index'}")
    entries = config.entries(name) if not field.single else [e] if (e := config.entry(name)) else []
    if index is not None:
        effective = [entry for entry in entries if entry.value is not None]
        if index >= len(effective):
            raise _error(path, f"'{name}' has no element {index}, it has {len(effective)}")
        return [_replace(document, effective[index], value)]
    if append or not entries:
        after = entries[-1].field if entries else None
        block = _block_of(config, after) if after else None
        inserted = f"{name}{_joint(value)}{value}"
        return [insert_field(document, block or config.block or document.root, inserted, after=after)]
    first, *rest = _fields(entries)
    return [replace_value(document, first, value), *delete_fields(document, rest)]


def _replace(document: Document, entry: Entry, value: str) -> Edit:
    """Write `value` for one occurrence: the whole field's value, or one element of a list."""
    if entry.node is None or entry.node is entry.field.value:
        return replace_value(document, entry.field, value)
    return Edit(entry.node.start, entry.node.end, value)


def _fields(entries: list[Entry]) -> list[Field]:
    """The fields that the occurrences stand in, each once, in order."""
    fields: list[Field] = []
    for entry in entries:
        if entry.field not in fields:
            fields.append(entry.field)
    return fields


def _block_of(config: Config, field: Field) -> Block | None:
    """The block of a merged message that `field` stands in."""
    blocks = [config.block]
    if config.parent is not None:
        blocks += [e.node for e in config.parent.entries(config._name) if isinstance(e.node, Block)]
    for block in blocks:
        if block is not None and any(child is field for child in block.fields):
            return block
    return None
