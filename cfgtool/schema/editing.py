"""Several changes of one text, all or none, as `cfgtool set` makes them."""

from __future__ import annotations

from typing import NamedTuple

from cfgtool.errors import UserError
from cfgtool.schema.formatting import format_text
from cfgtool.schema.model import LABEL_MAP, root_of
from cfgtool.schema.overrides import UNCHECKED, replace_member, unset
from cfgtool.schema.reader import read_config
from cfgtool.schema.soundness import sound_document
from cfgtool.textproto import parse
from cfgtool.textproto.edits import apply_edits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.textproto import Document


class Edited(NamedTuple):
    """The changed text, and what else the user should know of."""

    text: str
    notes: list[str]


def edit_text(text: str, assignments: Iterable[str], unset_paths: Iterable[str] = ()) -> Edited:
    """`text` with the fields at `unset_paths` deleted, then with each `path=value` carried out, one after another.

    `path+=value` appends. A member of a oneof takes the place of the one that is set, which is noted. A text in
    the layout of `cfgtool fmt` stays in it, any other in its own. Raises UserError for texts with syntax mistakes,
    for paths and values that the schema does not have, and for changes that would make the text wrong.
    """
    document = first = sound_document(text)
    assignments = list(assignments)
    root = root_of(document)
    if not document.root.fields and any(assignment.startswith("item") for assignment in assignments):
        root = LABEL_MAP  # an empty text is what it is about to become
    notes: list[str] = []
    for path in unset_paths:
        edits = unset(document, path.strip(), root)
        if not edits:
            notes.append(f"'{path.strip()}' is not set, there is nothing to unset")
        document = parse(apply_edits(document.text, edits))
    for assignment in assignments:
        path, value = _split(assignment)
        edits, replaced = replace_member(document, path, value, root)
        member = path.rstrip("+").rpartition(".")[2]
        notes += [f"'{entry.path}' is replaced by '{member}'" for entry in replaced]
        document = parse(apply_edits(document.text, edits))
    _refuse_damage(first, document, root)
    result = document.text
    if result != text and format_text(text) == text:
        result = format_text(result)
    return Edited(result, notes)


def _split(assignment: str) -> tuple[str, str]:
    """Path and value of `path=value`."""
    path, equals, value = assignment.partition("=")
    if not equals:
        hint = "such as train_config.batch_size=4"
        raise UserError(f"assignment '{assignment}' is not of the form 'path=value'", hint=hint)
    if not value.strip():
        hint = f"--unset {path.strip()} deletes the field, {path.strip()}='\"\"' sets an empty string"
        raise UserError(f"cannot set '{path.strip()}': the value is empty", hint=hint)
    return path.strip(), value.strip()


def _refuse_damage(before: Document, after: Document, root: str) -> None:
    """Raise UserError for a mistake that the text has not had before the change."""
    known = {problem.code for problem in before.problems}
    for problem in after.problems:
        if problem.code not in known:
            raise UserError(f"the result would not parse: {problem.message}", hint="nothing is changed")
    messages = [problem.message for problem in read_config(before, root).problems]
    for mistake in read_config(after, root).problems:
        if mistake.code in UNCHECKED or _without_lines(mistake.message) in map(_without_lines, messages):
            continue
        raise UserError(f"the result would be wrong: {mistake.message}", hint="nothing is changed")


def _without_lines(message: str) -> str:
    """A message without its numbers: lines move when a text changes."""
    return "".join(character for character in message if not character.isdigit())
