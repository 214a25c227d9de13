"""Says what is wrong with values that are given too often, which protobuf's `Merge` drops without a word."""

from __future__ import annotations

from cfgtool.schema.diagnose import field_path, quoted
from cfgtool.schema.problems import SchemaProblem
from cfgtool.textproto import Edit
from cfgtool.textproto.edits import delete_field, end_with_separator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.schema.config import Config, Entry
    from cfgtool.textproto import Block, Field


def duplicate(config: Config, earlier: Entry, entry: Entry) -> SchemaProblem:
    """A singular field that is given again."""
    name = entry.type.name
    document = config.document
    line = document.position(earlier.field.start)[0]
    if entry.type.kind == "message":
        message = f"'{name}' is given again; it is merged with the block at line {line}, and may stand once"
        problem = SchemaProblem(
            "duplicate-message", message, entry.field.start, entry.field.name_end, entry.path
        )
    else:
        assert earlier.node is not None
        assert entry.node is not None
        lost, kept = quoted(document, earlier.node), quoted(document, entry.node)
        message = f"'{name}' is given again; {lost} at line {line} is dropped silently for {kept}"
        problem = SchemaProblem("duplicate-scalar", message, entry.field.start, entry.field.end, entry.path)
        delete = delete_field(document, earlier.field, keep_comment=True)
        problem.fix = (f"delete the value at line {line}, which has no effect", [delete])
        problem.fix_safe = True
    problem.related = (earlier.field.start, earlier.field.end)
    return problem


def oneof_conflict(config: Config, earlier: Entry, entry: Entry, block: Block) -> SchemaProblem:
    """A member of a oneof that a later member drops; steps of a repeated message get blocks of their own."""
    document = config.document
    lost, kept = earlier.type.name, entry.type.name
    line = document.position(entry.field.start)[0]
    message = f"'{lost}' is dropped silently for '{kept}' at line {line}; "
    splittable = _is_list_of_choices(config)
    message += (
        f"each needs a '{config._name}' block of its own" if splittable else "only one of them may stand here"
    )
    problem = SchemaProblem(
        "oneof-conflict", message, earlier.field.start, earlier.field.name_end, field_path(config, lost)
    )
    problem.related = (entry.field.start, entry.field.end)
    if splittable and earlier.field.start >= block.start:
        problem.fix = (
            f"give '{kept}' a block of its own",
            _split_after(config, earlier.field, entry.field, block),
        )
    return problem


def _is_list_of_choices(config: Config) -> bool:
    """Whether the message is an element of a repeated field and consists of one oneof."""
    return config._index >= 0 and all(field.oneof for field in config.type.fields.values())


def _split_after(config: Config, field: Field, following: Field, block: Block) -> list[Edit]:
    """Close the block after `field`, at the end of its line if possible, and open another for the rest."""
    document = config.document
    text = document.text
    line, _ = document.position(block.start)
    header = document.line_text(line)
    indent = header[: len(header) - len(header.lstrip())]
    opener, closer = text[block.start : block.body_start], text[block.body_end : block.end] or "}"
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", field.end)
    after = end_with_separator(text, field.end)
    if end < 0 or following.start < end:
        return [Edit(after, after, f" {closer} {config._name} {opener}")]
    end -= text[end - 1] == "\r"
    split = Edit(end, end, f"{newline}{indent}{closer}{newline}{indent}{config._name} {opener}")
    # A separator on a later line would come to stand first in the new block, where none may.
    return [split, Edit(after - 1, after, "")] if after > end else [split]
