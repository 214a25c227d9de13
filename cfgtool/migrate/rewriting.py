"""Parts of changes: deleting, setting, adding and renaming fields, each with its edits and its effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import Change, Effect
from cfgtool.textproto import Block, Edit, ListValue
from cfgtool.textproto.edits import delete_field, delete_fields, insert_field, replace_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.migrate.draft import Draft, Place
    from cfgtool.textproto import Comment, Field

Part = tuple[tuple[Edit, ...], tuple[Effect, ...]]
"""Edits, and what they do to the fields."""


def change(message: str, *parts: Part, exact: bool = True) -> Change:
    """One change made of parts."""
    edits = _joined([edit for part in parts for edit in part[0]])
    effects = tuple(effect for part in parts for effect in part[1])
    return Change(message, effects, edits, exact)


def _joined(edits: list[Edit]) -> tuple[Edit, ...]:
    """The edits, with what is put behind a field that goes itself in that field's place."""
    # A field goes with the end of its line, and behind it means before that end: the two would overlap.
    for inserted in [edit for edit in edits if edit.start == edit.end]:
        for index, edit in enumerate(edits):
            if edit.start < inserted.start < edit.end:
                line_feed = "\r\n" if inserted.text.startswith("\r\n") else "\n"
                text = edit.text + inserted.text.removeprefix(line_feed) + line_feed
                edits[index] = Edit(edit.start, edit.end, text)
                edits.remove(inserted)
                break
    return _disjoint(edits)


def _disjoint(edits: list[Edit]) -> tuple[Edit, ...]:
    """The edits, those joined that share blanks: of two deleted fields on one line each takes the blanks between."""
    if len(edits) < 2:
        return tuple(edits)
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        before = kept[-1] if kept else None
        if before is not None and edit.start < before.end and not before.text:
            kept[-1] = Edit(before.start, max(before.end, edit.end), edit.text)
        else:
            kept.append(edit)
    return tuple(kept)


def note(draft: Draft, place: Place, message: str) -> Change:
    """A change that only tells the user something about a field."""
    text = None if isinstance(place.node, Block) else draft.text(place)
    return Change(message, (Effect(place.path, place.start, text, text),))


def removed(draft: Draft, place: Place) -> Part:
    """Delete a field, or one element of a list; comments stay."""
    effect = Effect(place.path, place.start, draft.text(place), None)
    value = place.field.value
    if isinstance(value, ListValue) and len(value.items) > 1 and place.index is not None:
        return (_without_item(draft, value, place.index),), (effect,)
    return (_without_field(draft, place.field),), (effect,)


def removed_together(draft: Draft, places: Sequence[Place]) -> Part:
    """Delete whole fields, several of which may share a line; `places` are all of their values."""
    fields = list({id(place.field): place.field for place in places}.values())
    edits = []
    for edit in delete_fields(draft.document, fields, keep_comment=True):
        first = min(field.start for field in fields if edit.start <= field.start < edit.end)
        edits.append(_keeping_comments(draft, edit, first))
    effects = (Effect(place.path, place.start, draft.text(place), None) for place in places)
    return tuple(edits), tuple(effects)


def set_to(draft: Draft, place: Place, value: str) -> Part:
    """Write another value in the place of the one there."""
    assert place.node is not None
    effect = Effect(place.path, place.start, draft.text(place), value)
    return (replace_span(draft.document, place.node.start, place.node.end, value),), (effect,)


def renamed(draft: Draft, place: Place, name: str, value: str | None = None) -> Part:
    """Turn a field into another one of the same message, in its place, with its value or another."""
    values = [other for other in draft.places if other.field is place.field]
    # Two small edits, so that spacing and a comment between name and value stay.
    edits = [Edit(place.field.name_start, place.field.name_end, name)]
    effects = [Effect(other.path, other.start, draft.text(other), None) for other in values]
    path = place.path.removesuffix(place.name) + name
    start = place.field.start
    if value is None:
        effects += [Effect(path, start, None, draft.text(other)) for other in values]
    else:
        assert place.field.value is not None
        edits.append(Edit(place.field.value.start, place.field.value.end, value))
        effects.append(Effect(path, start, None, value))
    return tuple(edits), tuple(effects)


def added(draft: Draft, block: Block, path: str, value: str, after: Field | None = None) -> Part:
    """Add the field at `path` to its message's block: behind `after`, else at the block's end."""
    name = path.rpartition(".")[2].partition("[")[0]
    edit = insert_field(draft.document, block, f"{name}: {value}", after=after)
    start = after.start if after else block.start
    return (edit,), (Effect(path, start, None, value),)


def added_list(draft: Draft, block: Block, path: str, values: Sequence[str]) -> Part:
    """Add a repeated field with several values to its message's block, at the end."""
    name = path.rpartition(".")[2]
    edit = insert_field(draft.document, block, f"{name}: [{', '.join(values)}]")
    effects = (Effect(f"{path}[{i}]", block.start, None, value) for i, value in enumerate(values))
    return (edit,), tuple(effects)


def added_below(draft: Draft, parent: str, name: str, field: str, value: str) -> Part:
    """Add `field` to the message `name` in `parent`, which is made if it is not there.

    `parent` must be in the text.
    """
    # The last piece of a message is the one whose scalars win.
    blocks = blocks_of(draft, f"{parent}.{name}")
    path = f"{parent}.{name}.{field}"
    if blocks:
        return added(draft, blocks[-1], path, value)
    block = blocks_of(draft, parent)[-1]
    edit = insert_field(draft.document, block, f"{name} {{\n  {field}: {value}\n}}")
    return (edit,), (Effect(path, block.start, None, value),)


def blocks_of(draft: Draft, path: str) -> list[Block]:
    """The blocks of the message at `path`, in reading order; none if the text does not have it."""
    return [place.node for place in draft.find(path) if isinstance(place.node, Block)]


def quoted(content: str, like: str = '"') -> str:
    """A string literal with the quotes of the literal `like`."""
    quote = like[0] if like[:1] in ("'", '"') else '"'
    escaped = content.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return f"{quote}{escaped}{quote}"


def _without_field(draft: Draft, field: Field) -> Edit:
    """The edit that deletes a field; comments inside of its block come to stand where it was."""
    return _keeping_comments(draft, delete_field(draft.document, field, keep_comment=True), field.start)


def _keeping_comments(draft: Draft, edit: Edit, first: int) -> Edit:
    """`edit`, which deletes a field that starts at `first`, without the loss of comments in it."""
    # Whoever explained a value in there may still want to read it: no migration loses a comment.
    kept = _comments(draft, edit.start, edit.end)
    if not kept:
        return edit
    text = draft.document.text
    line_start = text.rfind("\n", 0, first) + 1
    line_end = text.find("\n", edit.start)
    line_feed = "\r\n" if text[line_end - 1 : line_end] == "\r" else "\n"
    indent = text[line_start:first] if not text[line_start:first].strip() else ""
    if edit.start == line_start:
        return Edit(edit.start, edit.end, "".join(indent + comment + line_feed for comment in kept))
    return Edit(edit.start, edit.end, "".join(" " + comment + line_feed for comment in kept) + indent)


def _without_item(draft: Draft, value: ListValue, index: int) -> Edit:
    """The edit that deletes one of several items with the comma that goes with it; comments stay."""
    text = draft.document.text
    item = value.items[index]
    comments = [comment for comment in draft.document.comments if value.start < comment.start < value.end]

    def without_comma(start: int, end: int) -> str:
        """The text between two items, its comma left out; nothing if there is no comment in it."""
        inside = [comment for comment in comments if start <= comment.start < end]
        if not inside:
            return ""
        # A comment may hold commas of its own.
        commas = (i for i in range(start, end) if text[i] == "," and not _covered(inside, i))
        comma = next(commas)
        return text[start:comma] + text[comma + 1 : end]

    if index + 1 < len(value.items):
        following = value.items[index + 1].start
        return Edit(item.start, following, without_comma(item.end, following).lstrip(" "))
    previous = value.items[index - 1].end
    return Edit(previous, item.end, without_comma(previous, item.start))


def _covered(comments: list[Comment], offset: int) -> bool:
    return any(comment.start <= offset < comment.end for comment in comments)


def _comments(draft: Draft, start: int, end: int) -> list[str]:
    return [comment.text for comment in draft.document.comments if start <= comment.start < end]
