"""Edits of the text that give a field a value, whatever the text has for it now: `--set path=value`, `cfgtool set`.

Paths are those of `cfgtool.schema.paths`. Missing blocks are made. A path that ends in `+` appends to a repeated
field; without it all its values are replaced.
"""

from __future__ import annotations

from typing import NamedTuple

from cfgtool.schema.model import PIPELINE
from cfgtool.schema.paths import EVERY, Path, without_stars
from cfgtool.schema.reader import read_config
from cfgtool.textproto import Block, Edit, ListValue, parse
from cfgtool.textproto.edits import delete_fields, insert_field, replace_value
from cfgtool.textproto.formatting import format_document
from cfgtool.textproto.lexer import TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.errors import UserError
    from cfgtool.schema.config import Config, Entry
    from cfgtool.schema.model import FieldType, MessageType
    from cfgtool.textproto import Document, Field

UNCHECKED = ("enum-number", "placeholder-path")
"""Schema problems that a value may have: it is what it says."""


class Place(NamedTuple):
    """Where a path leads: the field, the message that has it or gets it inside blocks named `missing`."""

    path: Path
    config: Config
    missing: list[str]
    type: MessageType
    field: FieldType
    element: int | None


def set_value(document: Document, path: str, value_text: str, root: str = PIPELINE) -> list[Edit]:
    """The edits of `document` after which the field at `path` has the value `value_text`.

    Values are written as in a config; strings may come without quotes, lists as `[a, b]`, messages as
    `{...}`. Raises UserError for paths that the schema does not have, values that the field does not take, paths
    that do not say which element is meant, and members of a oneof that has another member set.
    """
    return _set_one(document, read_config(document, root), path, value_text)


def replace_member(
    document: Document, path: str, value_text: str, root: str = PIPELINE
) -> tuple[list[Edit], list[Entry]]:
    """As `set_value`, but a member of a oneof takes the place of the member that is set; with what it replaces.

    Only the member itself does, not a field inside it. The `path` may have `[*]`.
    """
    config = read_config(document, root)
    paths = without_stars(Path(path, "set"), config)
    if not paths:
        raise Path(path, "set").error("there is no such element")
    edits: list[Edit] = []
    replaced: list[Entry] = []
    for each in paths:
        edits += _set_one(document, config, each, value_text, replaced)
    return edits, replaced


def unset(document: Document, path: str, root: str = PIPELINE) -> list[Edit]:
    """The edits that delete the field at `path`, all occurrences of it, or one element of a repeated field.

    No edits if it is not set. Raises UserError for paths that the schema does not have, or elements that are not
    there.
    """
    config = read_config(document, root)
    edits: list[Edit] = []
    given = Path(path, "unset")
    if given.steps[-1][1] == EVERY:
        path = path.rpartition("[")[0]
    fields: list[Field] = []
    for each in without_stars(Path(path, "unset"), config):
        place = _place(config, Path(each, "unset"))
        entries = [] if place.missing else place.config.entries(place.field.name)
        if place.element is None:
            fields += _fields(entries)
            continue
        effective = [entry for entry in entries if entry.value is not None]
        entry = effective[place.path.element(place.field, place.element, len(effective))]
        if isinstance(entry.field.value, ListValue) and len(entry.field.value.items) > 1:
            edits += _delete_item(document, entry.field.value, entry)
        else:
            fields.append(entry.field)
    return edits + delete_fields(document, fields)


def _set_one(
    document: Document, config: Config, path: str, value_text: str, replaced: list[Entry] | None = None
) -> list[Edit]:
    """The edits for a path without `[*]`. Members that give way are noted in `replaced`, refused if that is None."""
    place = _place(config, Path(path, "set"), replaced is not None)
    field, missing = place.field, place.missing
    others = [] if missing else _other_members(place.config, field)
    if others and replaced is None:
        raise _one_member(place.path, others[0], field, f"replace '{others[0].type.name}' in the file")
    value = _checked_value(document, place, value_text)
    text = f"{field.name}{_joint(value)}{value}"
    if missing:
        if place.element is not None:
            place.path.element(field, place.element, 0)
        return [_insert(document, place.config, missing, text)]
    if others and replaced is not None:
        replaced.append(others[0])
        first, *rest = _fields(others + place.config.entries(field.name))
        return [
            Edit(first.start, first.end, _hung(document, first.start, text)),
            *delete_fields(document, rest),
        ]
    return _assign(document, place, value)


def _place(config: Config, path: Path, replacing: bool = False) -> Place:
    """Follow a path as far as there are messages."""
    missing: list[str] = []
    type_ = config.type
    for name, index in path.steps[:-1]:
        field = path.field(type_, name)
        type_ = path.message_type(field)
        child = None if missing else path.child(config, field, index)
        if child is not None:
            config = child
            continue
        if missing:
            path.refuse_index(field, index)
            if isinstance(index, int):
                path.element(field, index, 0)
        if not missing and path.verb == "set" and (others := _other_members(config, field)):
            way = f"set '{name}' as a whole" if replacing else f"replace '{others[0].type.name}' in the file"
            raise _one_member(path, others[0], field, way)
        missing.append(name)
    name, last_index = path.steps[-1]
    field = path.field(type_, name)
    path.refuse_index(field, last_index)
    if isinstance(last_index, str):
        raise path.error("'[*]' means several elements", f"say which: '{name}[0]'")
    if path.append and (field.single or last_index is not None):
        what = "not repeated" if field.single else "one element here"
        raise path.error(f"'{name}' is {what}, it takes no +")
    return Place(path, config, missing, type_, field, last_index)


# Oneofs


def _other_members(config: Config, field: FieldType) -> list[Entry]:
    """Every occurrence of other members of the field's oneof, the one that is set first; none if `field` is set."""
    chosen = None if field.oneof is None else config.which(field.oneof)
    if field.oneof is None or chosen is None or chosen == field.name:
        return []
    names = [name for name in config.type.oneofs[field.oneof] if name not in (chosen, field.name)]
    effective = config.entries(chosen)[::-1]
    return effective + [entry for name in names for entry in config.entries(name)]


def _one_member(path: Path, other: Entry, field: FieldType, hint: str) -> UserError:
    """A value for one member of a oneof must not silently drop another member that is set."""
    chosen = other.type.name
    message = f"'{chosen}' is set at this place, and only one of '{chosen}' and '{field.name}' may be"
    return path.error(message, hint)


# Values


def _checked_value(document: Document, place: Place, text: str) -> str:
    """The value as it is to be written: strings get quotes, blocks and lists the usual layout.

    Raises UserError if the field does not take it.
    """
    field = place.field
    value = text.strip()
    if field.kind == "string" and not value.startswith(('"', "'", "[")):
        value = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if value.startswith("[") and (field.single or place.path.append or place.element is not None):
        raise place.path.error(f"'{value}' is a list, '{field.name}' takes one value here")
    trial = parse(f"{field.name}{_joint(value)}{value}")
    config = read_config(trial, place.type.name)
    problems = [problem.message for problem in trial.problems]
    problems += [problem.message for problem in config.problems if problem.code not in UNCHECKED]
    if not problems and (len(trial.root.fields) != 1 or trial.root.fields[0].value is None):
        problems.append(f"'{value}' is not one value")
    if problems:
        raise place.path.error(problems[0])
    if value.startswith(("{", "<", "[")):
        value = format_document(trial).strip().removeprefix(field.name).lstrip(": ")
    return value.replace("\n", "\r\n") if "\r\n" in document.text and "\r" not in value else value


def _joint(value: str) -> str:
    """What stands between name and value."""
    return " " if value.startswith(("{", "<")) else ": "


def _hung(document: Document, place: int, value: str) -> str:
    """`value` with its lines below the first indented as the line of `place` is."""
    line, column = document.position(place)
    before = document.line_text(line)[: column - 1]
    return value.replace("\n", "\n" + before[: len(before) - len(before.lstrip())])


# Edits


def _insert(document: Document, config: Config, missing: list[str], text: str) -> Edit:
    """Put `text`, inside blocks named `missing`, into the message `config`."""
    for name in reversed(missing):
        inner = "\n".join("  " + line for line in text.replace("\r\n", "\n").split("\n"))
        text = f"{name} {{\n{inner}\n}}"
    return insert_field(document, config.block or document.root, text)


def _assign(document: Document, place: Place, value: str) -> list[Edit]:
    """Write `value` where the field stands, or add the field."""
    config, field = place.config, place.field
    name = field.name
    entries = config.entries(name) if not field.single else [e] if (e := config.entry(name)) else []
    if place.element is not None:
        effective = [entry for entry in entries if entry.value is not None]
        return [
            _replace(document, effective[place.path.element(field, place.element, len(effective))], value)
        ]
    if place.path.append or not entries:
        after = entries[-1].field if entries else None
        block = _block_of(config, after) if after else None
        inserted = f"{name}{_joint(value)}{value}"
        return [insert_field(document, block or config.block or document.root, inserted, after=after)]
    first, *rest = _fields(entries)
    return [
        replace_value(document, first, _hung(document, first.start, value)),
        *delete_fields(document, rest),
    ]


def _replace(document: Document, entry: Entry, value: str) -> Edit:
    """Write `value` for one occurrence: the whole field's value, or one element of a list."""
    value = _hung(document, entry.start, value)
    if entry.node is None or entry.node is entry.field.value:
        return replace_value(document, entry.field, value)
    return Edit(entry.node.start, entry.node.end, value)


def _delete_item(document: Document, value: ListValue, entry: Entry) -> list[Edit]:
    """Delete one of several items of a list with the comment at its end; comments of others stay."""
    text = document.text
    index = next(number for number, item in enumerate(value.items) if item is entry.node)
    item = value.items[index]
    start = item.start
    line_start = text.rfind("\n", 0, start) + 1
    alone = not text[line_start:start].strip()
    if index + 1 < len(value.items):
        end = _behind(text, _comma_end(text, item.end))
        line_feed = next((feed for feed in ("\r\n", "\n") if text.startswith(feed, end)), "")
        if alone and line_feed:
            return [Edit(line_start, end + len(line_feed), "")]
        return [Edit(len(text[:start].rstrip()) if line_feed else start, end, "")]
    before = value.items[index - 1].end
    end = _behind(text, item.end)
    if "#" not in text[before:start]:
        return [Edit(before, end, "")]
    comma = _comma_end(text, before)
    line_end = line_start - 1 - text.startswith("\r\n", line_start - 2)
    return [Edit(comma - 1, comma, ""), Edit(line_end if alone else start, end, "")]


def _comma_end(text: str, place: int) -> int:
    """Where the comma behind an item that ends at `place` ends."""
    match = TOKEN.match(text, place)
    assert match is not None, "a comma stands between two items"
    return match.end()


def _behind(text: str, place: int) -> int:
    """Behind the blanks at `place` and the comment behind them: the end of the line, or what else stands on it."""
    line_end = text.find("\n", place)
    rest = text[place : line_end if line_end >= 0 else len(text)].removesuffix("\r")
    if rest.lstrip().startswith("#"):
        return place + len(rest)
    return place + len(rest) - len(rest.lstrip())


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
