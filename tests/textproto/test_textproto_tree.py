"""The tree: round trips, spans, positions, tokens, comments."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textproto_checks import check, names
from textproto_documents import bodies, mutated

from cfgtool.files import decode_text
from cfgtool.textproto import Block, ListValue, Scalar, parse


@pytest.mark.reference
def test_corpus_is_legal_and_comes_back(corpus: dict[str, str], label_maps: dict[str, str]) -> None:
    for name, text in (corpus | label_maps).items():
        assert check(text).problems == [], name


@pytest.mark.reference
def test_damaged_corpus_holds_together(corpus: dict[str, str]) -> None:
    dice = random.Random(0)
    for text in corpus.values():
        start = dice.randrange(len(text))
        check(mutated(text[start : start + 800], dice.randrange(2**32)))


@settings(max_examples=150, deadline=None)
@given(bodies(), st.integers(0, 2**32))
def test_generated_texts_hold_together(text: str, seed: int) -> None:
    check(text)
    for number in range(5):
        check(mutated(text, seed + number))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=" \n\t\r#\"'{}<>[]:,;=ab1-.\\\u201c\u201d\u2019\ufeff\udc80\u00e9", max_size=60))
def test_any_text_holds_together(text: str) -> None:
    check(text)


def test_every_kind_of_value() -> None:
    text = """a: 1 b: -1.5e3 c: "x" 'y' # both
    d { e: FOO } f < g: inf > h: [1, 2] i [{ j: 1 }, < >] k: [] [pkg.ext]: 2; [host/pkg.Type] { l: 3 }"""
    document = parse(text)
    assert document.problems == []
    assert names(document) == [
        ("a", "1"),
        ("b", "-1.5e3"),
        ("c", "\"x\" 'y'"),
        ("d", [("e", "FOO")]),
        ("f", [("g", "inf")]),
        ("h", ("1", "2")),
        ("i", ([("j", "1")], [])),
        ("k", ()),
        ("pkg.ext", "2"),
        ("host/pkg.Type", [("l", "3")]),
    ]


def test_spans_and_kinds() -> None:
    text = 'a : "x"\nb { c: 1 }\n[ p . q ] <>\n'
    first, second, third = parse(text).root.fields
    assert isinstance(first.value, Scalar)
    assert (first.name_start, first.name_end, first.colon, first.end) == (0, 1, True, 7)
    assert (first.value.kind, first.value.start, first.value.end) == ("string", 4, 7)
    assert isinstance(second.value, Block)
    assert (second.colon, second.value.start, second.value.body_start) == (False, 10, 11)
    assert (second.value.body_end, second.value.end, second.end) == (17, 18, 18)
    assert (third.name, third.kind, text[third.start : third.name_end]) == ("p.q", "extension", "[ p . q ]")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1", "number"),
        ("-inf", "number"),
        ("+1", "number"),
        ("inf", "identifier"),
        ("'a'", "string"),
        ("t", "identifier"),
    ],
)
def test_scalar_kinds(value: str, kind: str) -> None:
    (field,) = parse(f"a: {value}").root.fields
    assert isinstance(field.value, Scalar)
    assert field.value.kind == kind


def test_positions() -> None:
    document = parse("a: 1\r\n\u00e9# x\n\n")
    assert [document.position(offset) for offset in (0, 3, 6, 8, 11, 12)] == [
        (1, 1),
        (1, 4),
        (2, 1),
        (2, 3),
        (3, 1),
        (4, 1),
    ]
    assert document.position(99) == document.position(12)
    assert document.position(-1) == (1, 1)
    assert [document.line_text(line) for line in (1, 2, 3, 4)] == ["a: 1", "\u00e9# x", "", ""]
    assert document.line_count == 4
    assert document.line_start(2) == 6
    for line in (0, 5):
        with pytest.raises(IndexError):
            document.line_text(line)


@pytest.mark.parametrize(
    ("data", "offset", "expected"),
    [
        (b"a: 1", 3, 3),
        ("\u00e9: \u4e2d".encode(), 3, 4),
        (b"\xff\xfe: 1", 2, 2),
        (b"\xf0\x9f\x98\x80x", 1, 4),
    ],
)
def test_byte_offsets(data: bytes, offset: int, expected: int) -> None:
    assert parse(decode_text(data)).byte_offset(offset) == expected


def test_byte_offset_of_a_surrogate_that_no_file_has() -> None:
    assert parse("\ud800x").byte_offset(2) == 4


def test_comments_and_what_only_looks_like_one() -> None:
    document = parse("# top\r\na: '#no' # yes\n  # own\nb: \u201c#no\u201d\nc: \"open # in the string\n")
    assert [(comment.text, comment.own_line) for comment in document.comments] == [
        ("# top", True),
        ("# yes", False),
        ("# own", True),
    ]
    assert document.text[document.comments[1].start : document.comments[1].end] == "# yes"
    assert parse("a: 1").comments == []


def test_token_kinds() -> None:
    tokens = parse("a: -1.5 'x' # c\n{~").tokens()
    assert [(token.kind, token.text) for token in tokens if token.kind != "whitespace"] == [
        ("identifier", "a"),
        ("punctuation", ":"),
        ("number", "-1.5"),
        ("string", "'x'"),
        ("comment", "# c"),
        ("punctuation", "{"),
        ("other", "~"),
    ]


def test_walk_goes_in_source_order() -> None:
    document = parse("a { b: 1 c [{ d: 1 }, { e: 1 }] } f: 2")
    assert [field.name for _, field in document.walk()] == list("abcdef")
    owners = {field.name: block for block, field in document.walk()}
    (outer, _) = document.root.fields
    assert owners["b"] is outer.value
    listed = outer.value.fields[1].value if isinstance(outer.value, Block) else None
    assert isinstance(listed, ListValue)
    assert owners["e"] is listed.items[1]
