"""Changes to a text: edits on spans, and builders that make them from the tree.

Which comment belongs to what:

1. A comment at the end of a line belongs to the field on that line, if that is the only field there.
2. Comment lines directly above a field that starts its line, without a blank line between, belong to that
   field; at the start of a block too. The comment lines that a file starts with belong to the file.
3. Any other comment belongs to the block it stands in.

`delete_field` takes the comment at the end of the line along (`keep_comment=True` leaves it on a line of
its own), and leaves the comment lines above (`drop_above=True` takes them along); comments inside a deleted
block go with it. A field alone on its lines goes with the whole lines, and of two blank lines that would
meet one goes too; beside others on a line only the field, its separator, and the blanks on one side go.
`insert_field` copies the indentation and line ends of the neighbours, opens up an empty block, and stays on
the line inside a block on one line.
"""

from __future__ import annotations

import re

from cfgtool.textproto.lexer import TRIVIA, find_comments
from cfgtool.textproto.tree import Block, Comment, Document, Edit, Field, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SEPARATOR = re.compile(rf"({TRIVIA})[,;]", re.VERBOSE)
_BLANKS = " \t\r\f\v\u00a0"
_DEFAULT_INDENT = "  "


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` made; their order does not matter, except for insertions at the same place.

    Raises ValueError if two edits overlap or one lies outside the text.
    """
    pieces: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not 0 <= edit.start <= edit.end <= len(text):
            raise ValueError(f"{edit!r} lies outside the text of {len(text)} characters")
        if edit.start < position:
            raise ValueError(f"{edit!r} overlaps the edit before it, which ends at {position}")
        pieces += (text[position : edit.start], edit.text)
        position = edit.end
    pieces.append(text[position:])
    return "".join(pieces)


def trailing_comment(document: Document, field: Field) -> Comment | None:
    """The comment at the end of the line of a field that is alone on its lines (rule 1), else None."""
    text = document.text
    start, end = field.start, end_with_separator(text, field.end)
    place = _skip_blanks(text, end)
    if not _leads_line(text, start) or not text.startswith("#", place):
        return None
    found = text[place : _line_end(text, place)].removesuffix("\r")
    return Comment(place, place + len(found), found, False)


def leading_comments(document: Document, field: Field) -> list[Comment]:
    """The comment lines above a field that belong to it (rule 2), from top to bottom."""
    if not _leads_line(document.text, field.start):
        return []
    line = document.position(field.start)[0] - 1
    found: list[Comment] = []
    while line >= 1 and (body := document.line_text(line)).lstrip().startswith("#"):
        start = document.line_start(line) + len(body) - len(body.lstrip())
        found.append(Comment(start, start + len(body.lstrip()), body.lstrip(), True))
        line -= 1
    return found[::-1] if line >= 1 else []


def delete_field(
    document: Document, field: Field, keep_comment: bool = False, drop_above: bool = False
) -> Edit:
    """The edit that deletes `field` with its separator; the module says what becomes of its comments."""
    return _delete_span(document, field, field, keep_comment, drop_above)


def delete_fields(
    document: Document, fields: Iterable[Field], keep_comment: bool = False, drop_above: bool = False
) -> list[Edit]:
    """Edits that delete all `fields`; unlike separate edits they do not overlap where fields share a line."""
    runs: list[tuple[Field, Field]] = []
    for field in sorted(fields, key=lambda field: field.start):
        if runs and field.end <= runs[-1][1].end:
            continue  # inside a field that goes as a whole
        if runs:
            end = end_with_separator(document.text, runs[-1][1].end)
            if _skip_blanks(document.text, end) >= field.start:
                runs[-1] = (runs[-1][0], field)
                continue
        runs.append((field, field))
    return [_delete_span(document, first, last, keep_comment, drop_above) for first, last in runs]


def _delete_span(document: Document, first: Field, last: Field, keep_comment: bool, drop_above: bool) -> Edit:
    """Delete the fields `first` to `last`, between which there is nothing but blanks and separators."""
    text = document.text
    start, end = first.start, end_with_separator(text, last.end)
    between = text[last.end : max(end - 1, last.end)]
    if "#" in between:
        # The separator stands behind a comment, on a later line: the comment stays.
        return Edit(start, end, between.lstrip(_BLANKS))
    after = _skip_blanks(text, end)
    if not _leads_line(text, start):
        return _delete_behind_others(text, start, end, after)
    if text.startswith("#", after) and keep_comment:
        return Edit(start, after, "")
    if not text.startswith(("#", "\n"), after) and after < len(text):
        return Edit(start, after, "")
    above = leading_comments(document, first) if drop_above else []
    line_start = _line_start(text, above[0].start if above else start)
    line_end = min(_line_end(text, after) + 1, len(text))
    before = text[_line_start(text, line_start - 1) : line_start] if line_start else ""
    following = text[line_end : _line_end(text, line_end) + 1]
    if before and following.endswith("\n") and not before.strip() and not following.strip():
        line_end += len(following)
    return Edit(line_start, line_end, "")


def _delete_behind_others(text: str, start: int, end: int, after: int) -> Edit:
    """Delete a span that has something before it on its line, and the blanks on one side of it."""
    before = start
    while text[before - 1] in _BLANKS:
        before -= 1
    if text[before - 1] in "{<" and text[after : after + 1] in ("}", ">"):
        return Edit(before, after, "")
    # Nothing must grow together with what stands before.
    following = text[end : end + 1]
    joins = (
        bool(following)
        and not following.isspace()
        and following not in "}>#"
        and text[before - 1] not in "{<,;"
    )
    return Edit(before, end, " " if joins else "")


def replace_value(document: Document, target: Field | Scalar, text: str) -> Edit:
    """The edit that writes `text` in the place of a field's value, or of a scalar (such as a list item).

    Where the field has no `:` and the new value needs one, it is added; a missing value is put in.
    """
    if isinstance(target, Scalar):
        return replace_span(document, target.start, target.end, text)
    value = target.value
    if value is None:
        return replace_span(document, target.name_end, target.end, f": {text}")
    if not target.colon and text[:1] not in ("{", "<"):
        return replace_span(document, target.name_end, value.end, f": {text}")
    return replace_span(document, value.start, value.end, text)


def replace_span(document: Document, start: int, end: int, text: str) -> Edit:
    """The edit that writes `text` in the place of a span, with a blank where it would grow together with a neighbour.

    Strings and lists need no blank behind them, numbers and names do: `a: "3"b: 4`.
    """
    before, after = document.text[start - 1 : start], document.text[end : end + 1]
    lead = " " if _joins(before, text[:1]) else ""
    return Edit(start, end, lead + text + (" " if _joins(text[-1:], after) else ""))


def _joins(left: str, right: str) -> bool:
    """Whether two characters beside each other may be parts of one token."""
    return all(character.isalnum() or character in "_.+-" for character in (left or " ", right or " "))


def rename_field(field: Field, name: str) -> Edit:
    """The edit that writes `name` in the place of the field's name."""
    return Edit(field.start, field.name_end, name)


def insert_field(
    document: Document, block: Block, text: str, after: Field | None = None, before: Field | None = None
) -> Edit:
    """The edit that puts the field `text` into `block`: behind `after`, before `before`, or at the end of
    the block.

    `text` may have several lines, indented among themselves from column 0, and ends without a line end.
    `after` and `before` are fields of `block`.
    """
    if before is not None:
        return _insert_before(document, text, before)
    if after is None and block.fields:
        after = block.fields[-1]
    if after is not None:
        return _insert_after(document, text, after)
    if block is document.root:
        return _insert_into_empty_root(document, text)
    return _insert_into_empty(document, block, text)


def _insert_before(document: Document, text: str, field: Field) -> Edit:
    source = document.text
    if not _leads_line(source, field.start):
        return Edit(field.start, field.start, _on_one_line(document, text) + " ")
    above = leading_comments(document, field)
    place = _line_start(source, above[0].start if above else field.start)
    if source.startswith("\ufeff", place):
        place += 1
    return Edit(
        place, place, _indented(document, text, _indent_at(source, field.start)) + _line_feed(document)
    )


def _insert_after(document: Document, text: str, field: Field) -> Edit:
    source = document.text
    end = end_with_separator(source, field.end)
    place = _skip_blanks(source, end)
    ends_line = place == len(source) or source[place] in "#\n"
    if not ends_line or not _starts_on_own_line(source, field):
        return replace_span(document, end, end, " " + _on_one_line(document, text))
    line_end = _line_end(source, place)
    if source[line_end - 1] == "\r":
        line_end -= 1
    inserted = _line_feed(document) + _indented(document, text, _indent_at(source, field.start))
    return Edit(line_end, line_end, inserted)


def _starts_on_own_line(text: str, field: Field) -> bool:
    """Whether a line of its own fits behind `field`: it starts its line, or other fields before it do."""
    before = text[_line_start(text, field.start) : field.start]
    return "{" not in before and "<" not in before


def _insert_into_empty_root(document: Document, text: str) -> Edit:
    source = document.text
    end = len(source)
    line_feed = _line_feed(document)
    gap = line_feed if source.removeprefix("\ufeff") and not source.endswith("\n") else ""
    return Edit(end, end, gap + _indented(document, text, "") + line_feed)


def _insert_into_empty(document: Document, block: Block, text: str) -> Edit:
    """Into a block without fields, which may have comments."""
    source = document.text
    start, end = block.body_start, block.body_end
    line_feed = _line_feed(document)
    outer = _indent_at(source, block.start)
    inner = outer + _indent_unit(document)
    comments = [comment for comment in document.comments if start <= comment.start < end]
    if comments:
        place = comments[-1].end
        if comments[-1].own_line:
            inner = _indent_at(source, place)
        return Edit(place, place, line_feed + _indented(document, text, inner))
    enclosed = "{" in source[_line_start(source, block.start) : block.start].rstrip(_BLANKS)
    if enclosed and "\n" not in source[start:end]:
        return Edit(start, end, f" {_on_one_line(document, text)} ")
    return Edit(start, end, line_feed + _indented(document, text, inner) + line_feed + outer)


def _indented(document: Document, text: str, indent: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    return _line_feed(document).join(indent + line if line.strip() else "" for line in lines)


def _on_one_line(document: Document, text: str) -> str:
    """`text` on one line; a comment in it forces its line ends to stay."""
    if find_comments(text):
        return _indented(document, text, "") + _line_feed(document)
    return " ".join(line.strip() for line in text.split("\n"))


def _line_feed(document: Document) -> str:
    """The line end of the document: that of its first line."""
    first = document.text.find("\n")
    return "\r\n" if first > 0 and document.text[first - 1] == "\r" else "\n"


def _indent_unit(document: Document) -> str:
    """By what the first indented field of the document is indented."""
    text = document.text
    for _, field in document.walk():
        if _leads_line(text, field.start) and (indent := _indent_at(text, field.start)):
            return indent
    return _DEFAULT_INDENT


def _indent_at(text: str, place: int) -> str:
    """The blanks that the line of `place` starts with."""
    line = text[_line_start(text, place) : place].removeprefix("\ufeff")
    return line[: len(line) - len(line.lstrip(_BLANKS))]


def _leads_line(text: str, place: int) -> bool:
    # Not by the whole line before it, which may be megabytes long.
    while place and text[place - 1] in _BLANKS:
        place -= 1
    return place == 0 or text[place - 1] == "\n" or (place == 1 and text[0] == "\ufeff")


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, max(place, 0)) + 1


def _line_end(text: str, place: int) -> int:
    found = text.find("\n", place)
    return found if found >= 0 else len(text)


def _skip_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in _BLANKS:
        place += 1
    return place


def end_with_separator(text: str, end: int) -> int:
    """The end of a field that ends at `end`, with the separator that may follow."""
    match = _SEPARATOR.match(text, end)
    return match.end() if match else end
