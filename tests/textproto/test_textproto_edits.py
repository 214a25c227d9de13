"""Edits: what a deletion, an insertion, a replacement makes of the text around it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textproto_checks import names
from textproto_documents import bodies

from cfgtool import textproto
from cfgtool.textproto import Block, Document, Edit, Field, ListValue, Scalar, parse
from cfgtool.textproto.edits import (
    apply_edits,
    delete_field,
    delete_fields,
    insert_field,
    leading_comments,
    rename_field,
    replace_value,
    trailing_comment,
)


def find(document: Document, name: str) -> tuple[Block, Field]:
    """The first field called `name`, and its block."""
    return next((block, field) for block, field in document.walk() if field.name == name)


def block_of(document: Document, name: str) -> Block:
    value = find(document, name)[1].value
    assert isinstance(value, Block)
    return value


def test_apply_edits_in_any_order() -> None:
    edits = [Edit(5, 6, "E"), Edit(0, 0, ">"), Edit(2, 4, ""), Edit(4, 4, "|"), Edit(4, 4, "/")]
    assert apply_edits("abcdefg", edits) == ">ab|/eEg"
    assert apply_edits("abcdefg", edits[::-1]) == ">ab/|eEg"
    assert apply_edits("abc", []) == "abc"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(0, 2, ""), Edit(1, 3, "")],
        [Edit(0, 3, ""), Edit(1, 1, "x")],
        [Edit(0, 2, ""), Edit(0, 2, "")],
        [Edit(2, 4, "")],
        [Edit(-1, 1, "")],
        [Edit(2, 1, "")],
    ],
)
def test_overlapping_and_outlying_edits_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match=r"overlaps|outside"):
        apply_edits("abc", edits)


def test_builders_are_part_of_the_package() -> None:
    assert textproto.delete_field is delete_field
    assert textproto.apply_edits is apply_edits
    with pytest.raises(AttributeError, match="no attribute 'delete'"):
        _ = textproto.delete


def test_edits_are_values() -> None:
    assert Edit(1, 2, "x") == Edit(1, 2, "x")
    assert len({Edit(1, 2, "x"), Edit(1, 2, "x"), Edit(1, 2, "y")}) == 2
    assert Edit(1, 2, "x") != (1, 2, "x")


# Text with the field `x` to delete, and the text after.
DELETIONS = {
    "whole line": ("a: 1\n  x: 1\nb: 2\n", "a: 1\nb: 2\n"),
    "with its separator": ("a: 1\nx: 1 ;\nb: 2\n", "a: 1\nb: 2\n"),
    "with its comment": ("a: 1\nx: 1 # x\nb: 2\n", "a: 1\nb: 2\n"),
    "comment above stays": ("a: 1\n# about x\nx: 1\nb: 2\n", "a: 1\n# about x\nb: 2\n"),
    "carriage returns": ("a: 1\r\nx: 1\r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"),
    "without final line end": ("a: 1\nx: 1", "a: 1\n"),
    "several lines": ("a: 1\nx {\n  y: 1\n} # x\nb: 2\n", "a: 1\nb: 2\n"),
    "list": ("a: 1\nx: [\n  1,\n  2\n]\nb: 2\n", "a: 1\nb: 2\n"),
    "only one": ("x: 1\n", ""),
    "one blank line of two": ("a: 1\n\nx: 1\n\nb: 2\n", "a: 1\n\nb: 2\n"),
    "blank line above only": ("a: 1\n\nx: 1\nb: 2\n", "a: 1\n\nb: 2\n"),
    "first of a line": ("  x: 1 b: 2\n", "  b: 2\n"),
    "last of a line": ("a: 1 x: 1\nb: 2\n", "a: 1\nb: 2\n"),
    "middle of a line": ("a: 1, x: 1, b: 2\n", "a: 1, b: 2\n"),
    "shared comment stays": ("a: 1 x: 1 # both\n", "a: 1 # both\n"),
    "one-line block": ("m { x: 1 }\n", "m {}\n"),
    "one-line block, first": ("m { x: 1 b: 2 }\n", "m { b: 2 }\n"),
    "one-line block, last": ("m { a: 1 x: 1 }\n", "m { a: 1 }\n"),
    "tight block": ("m{x:1}n<x:2>", "m{}n<x:2>"),
    "block of several lines": ("m {\n  x: 1\n}\n", "m {\n}\n"),
    "on the opening line": ("m { x: 1\n  b: 2\n}\n", "m {\n  b: 2\n}\n"),
    "on the closing line": ("m {\n  a: 1\n  x: 1 }\n", "m {\n  a: 1\n  }\n"),
    "block before a field": ("x {\n} b: 2\n", "b: 2\n"),
    "separator on the next line": ("a: 1\nx: 1\n; b: 2\n", "a: 1\nb: 2\n"),
    "separator behind a comment": ("x: 1 # why\n, b: 2\n", "# why\n b: 2\n"),
    "tokens do not grow together": ("a:1[x]:1,b:2", "a:1 b:2"),
    "byte order mark": ("\ufeffx: 1\nb: 2\n", "b: 2\n"),
}


@pytest.mark.parametrize(("before", "after"), DELETIONS.values(), ids=DELETIONS.keys())
def test_delete_field(before: str, after: str) -> None:
    document = parse(before)
    _, field = find(document, "x")
    assert apply_edits(before, [delete_field(document, field)]) == after


def test_delete_keeps_the_comment_on_the_line_if_asked() -> None:
    document = parse("m {\r\n  x: 1;  # why\r\n}\r\n")
    edit = delete_field(document, find(document, "x")[1], keep_comment=True)
    assert apply_edits(document.text, [edit]) == "m {\r\n  # why\r\n}\r\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\n# one\n# two\nx: 1\n", "a: 1\n"),
        ("a: 1\n# far\n\n# near\nx: 1\n", "a: 1\n# far\n\n"),
        ("m {\n  # near\n  x: 1\n}\n", "m {\n}\n"),
        ("# of the file\nx: 1\n", "# of the file\n"),
        ("a: 1 # of a\nx: 1\n", "a: 1 # of a\n"),
    ],
)
def test_delete_drops_the_comments_above_if_asked(before: str, after: str) -> None:
    document = parse(before)
    edit = delete_field(document, find(document, "x")[1], drop_above=True)
    assert apply_edits(before, [edit]) == after


@pytest.mark.parametrize(
    ("before", "gone", "after"),
    [
        ("  a: 1 b: 2\nc: 3\n", "ab", "c: 3\n"),
        ("m { a: 1, b: 2 }\n", "ab", "m {}\n"),
        ("m { a: 1 b: 2 c: 3 }\n", "ac", "m { b: 2 }\n"),
        ("a: 1\nb: 2\nc: 3\n", "ab", "c: 3\n"),
        ("a: 1\nm {\n  b: 2\n}\nc: 3\n", "mb", "a: 1\nc: 3\n"),
        ("a: 1\n\nb: 2\n\nc: 3\n\nd: 4\n", "bc", "a: 1\n\nd: 4\n"),
    ],
)
def test_delete_fields(before: str, gone: str, after: str) -> None:
    document = parse(before)
    fields = [field for _, field in document.walk() if field.name in gone]
    assert apply_edits(before, delete_fields(document, fields[::-1])) == after


def test_comments_of_a_field() -> None:
    document = parse("# file\na: 1\n\n  # one\n  #two\r\n  x {\n  } # end\nb: 1 c: 2 # shared\n")
    _, field = find(document, "x")
    above = leading_comments(document, field)
    assert [comment.text for comment in above] == ["# one", "#two"]
    assert all(document.text[comment.start : comment.end] == comment.text for comment in above)
    comment = trailing_comment(document, field)
    assert comment is not None
    assert (comment.text, comment.own_line) == ("# end", False)
    assert leading_comments(document, find(document, "a")[1]) == []
    assert leading_comments(document, find(document, "c")[1]) == []
    assert trailing_comment(document, find(document, "c")[1]) is None
    assert trailing_comment(document, find(document, "a")[1]) is None


# Text, where (block, after, before), what to insert, and the text after.
INSERTIONS = {
    "end of the file": ("a: 1\n", ("", "", ""), "n: 1", "a: 1\nn: 1\n"),
    "end of the file, no line end": ("a: 1", ("", "", ""), "n: 1", "a: 1\nn: 1"),
    "empty file": ("", ("", "", ""), "n: 1", "n: 1\n"),
    "file of comments": ("# c", ("", "", ""), "n: 1", "# c\nn: 1\n"),
    "copies the indentation": ("m {\n\ta: 1\n}\n", ("m", "", ""), "n: 1", "m {\n\ta: 1\n\tn: 1\n}\n"),
    "several lines": (
        "m {\n   a: 1\n}\n",
        ("m", "", ""),
        "n {\n  o: 1\n}",
        "m {\n   a: 1\n   n {\n     o: 1\n   }\n}\n",
    ),
    "carriage returns": ("a: 1\r\n", ("", "", ""), "n {\n}", "a: 1\r\nn {\r\n}\r\n"),
    "behind the comment": ("a: 1 # of a\nb: 2\n", ("", "a", ""), "n: 1", "a: 1 # of a\nn: 1\nb: 2\n"),
    "behind a block": ("a {\n}\nb: 2\n", ("", "a", ""), "n: 1", "a {\n}\nn: 1\nb: 2\n"),
    "behind, on a line": ("a: 1; b: 2\n", ("", "a", ""), "n: 1", "a: 1; n: 1 b: 2\n"),
    "before": ("a: 1\n  b: 2\n", ("", "", "b"), "n: 1", "a: 1\n  n: 1\n  b: 2\n"),
    "before, above its comment": (
        "a: 1\n# of b\nb: 2\n",
        ("", "", "b"),
        "n: 1",
        "a: 1\nn: 1\n# of b\nb: 2\n",
    ),
    "before, below the file's comment": ("# file\nb: 2\n", ("", "", "b"), "n: 1", "# file\nn: 1\nb: 2\n"),
    "before, byte order mark": ("\ufeffb: 2\n", ("", "", "b"), "n: 1", "\ufeffn: 1\nb: 2\n"),
    "before, on a line": ("m { a: 1 }\n", ("m", "", "a"), "n: 1", "m { n: 1 a: 1 }\n"),
    "one-line block": ("m { a: 1 }\n", ("m", "", ""), "n {\n  o: 1\n}", "m { a: 1 n { o: 1 } }\n"),
    "behind the opening line": ("m { a: 1\n}\n", ("m", "", ""), "n: 1", "m { a: 1 n: 1\n}\n"),
    "empty block": ("k {\n    m {}\n}\n", ("m", "", ""), "n: 1", "k {\n    m {\n        n: 1\n    }\n}\n"),
    "empty block, first indent": ("m <>", ("m", "", ""), "n: 1", "m <\n  n: 1\n>"),
    "empty block of two lines": ("m {\n}\n", ("m", "", ""), "n: 1", "m {\n  n: 1\n}\n"),
    "empty block with a comment": ("m {\n    # c\n}\n", ("m", "", ""), "n: 1", "m {\n    # c\n    n: 1\n}\n"),
    "comment on the opening line": ("m { # c\n}\n", ("m", "", ""), "n: 1", "m { # c\n  n: 1\n}\n"),
    "empty block in a line": ("k { m {} }\n", ("m", "", ""), "n: 1", "k { m { n: 1 } }\n"),
}


@pytest.mark.parametrize(("before", "where", "text", "after"), INSERTIONS.values(), ids=INSERTIONS.keys())
def test_insert_field(before: str, where: tuple[str, str, str], text: str, after: str) -> None:
    document = parse(before)
    block = block_of(document, where[0]) if where[0] else document.root
    behind = find(document, where[1])[1] if where[1] else None
    ahead = find(document, where[2])[1] if where[2] else None
    edit = insert_field(document, block, text, after=behind, before=ahead)
    assert apply_edits(before, [edit]) == after


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("x: 1 # c\n", "2", "x: 2 # c\n"),
        ("x: 'a'\n   'b'", '"c"', 'x: "c"'),
        ("x { a: 1 }", "{}", "x {}"),
        ("x { a: 1 }", "1", "x: 1"),
        ("x: { a: 1 }", "1", "x: 1"),
        ("x: [1, 2]", "[]", "x: []"),
        ("x\na: 1", "2", "x: 2\na: 1"),
        ("x:\na: 1", "2", "x: 2\na: 1"),
    ],
)
def test_replace_value(before: str, value: str, after: str) -> None:
    document = parse(before)
    assert apply_edits(before, [replace_value(document, find(document, "x")[1], value)]) == after


def test_replace_an_item_and_a_name() -> None:
    document = parse("[ p.q ]: [1, 2]")
    field = document.root.fields[0]
    assert isinstance(field.value, ListValue)
    item = field.value.items[1]
    assert isinstance(item, Scalar)
    edits = [replace_value(document, item, "3"), rename_field(field, "x")]
    assert apply_edits(document.text, edits) == "x: [1, 3]"


def without(document: Document, gone: list[Field]) -> list[object]:
    """The tree as `names` tells it, without the fields `gone`."""
    kept = parse(document.text)
    starts = {field.start for field in gone}
    for block in {id(block): block for block, _ in kept.walk()}.values():
        block.fields = [field for field in block.fields if field.start not in starts]
    return names(kept)


@settings(max_examples=150, deadline=None)
@given(bodies(), st.integers(0, 2**32))
def test_deleting_removes_exactly_the_fields(text: str, seed: int) -> None:
    document = parse(text)
    fields = [field for _, field in document.walk()]
    dice = random.Random(seed)
    for gone in [[field] for field in fields] + [dice.sample(fields, len(fields) // 2)]:
        result = parse(apply_edits(text, delete_fields(document, gone)))
        assert result.problems == []
        assert names(result) == without(document, gone)
        kept = parse(apply_edits(text, delete_fields(document, gone, keep_comment=True)))
        assert names(kept) == names(result)
        above = parse(apply_edits(text, delete_fields(document, gone, drop_above=True)))
        assert names(above) == names(result)


@settings(max_examples=150, deadline=None)
@given(bodies(), st.integers(0, 2**32))
def test_deleting_loses_no_other_comment(text: str, seed: int) -> None:
    document = parse(text)
    fields = [field for _, field in document.walk() if not isinstance(field.value, Block | ListValue)]
    for field in fields:
        result = apply_edits(text, [delete_field(document, field, keep_comment=True)])
        inside = [comment for comment in document.comments if field.start < comment.start < field.end]
        assert len(parse(result).comments) == len(document.comments) - len(inside)


@settings(max_examples=150, deadline=None)
@given(bodies())
def test_inserting_adds_exactly_the_field(text: str) -> None:
    document = parse(text)
    places: list[tuple[Block, Field | None, Field | None]] = [(document.root, None, None)]
    for block, field in document.walk():
        places += [(block, field, None), (block, None, field)]
        if isinstance(field.value, Block):
            places.append((field.value, None, None))
    for block, after, before in places:
        new = "many_int32: [7,\n  4242424]"
        result = parse(apply_edits(text, [insert_field(document, block, new, after, before)]))
        assert result.problems == []
        added = [field for _, field in result.walk() if "4242424" in result.text[field.start : field.end]]
        innermost = added[-1]
        assert innermost.name == "many_int32"
        assert without(result, [innermost]) == names(document)
        assert len(result.comments) == len(document.comments)


@settings(max_examples=150, deadline=None)
@given(bodies())
def test_writing_what_is_there_changes_nothing(text: str) -> None:
    document = parse(text)
    edits = []
    for _, field in document.walk():
        edits.append(rename_field(field, text[field.start : field.name_end]))
        if isinstance(field.value, Scalar):
            edits.append(replace_value(document, field, text[field.value.start : field.value.end]))
    assert apply_edits(text, edits) == text
