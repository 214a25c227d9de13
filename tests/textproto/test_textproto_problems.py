"""Every mistake: its slug, its place, what is left of the tree, and what its fix makes of the text."""

from __future__ import annotations

import pytest
from textproto_checks import check, names

from cfgtool.files import decode_text
from cfgtool.textproto import parse
from cfgtool.textproto.edits import apply_edits
from cfgtool.textproto.problems import CODES

# text, slug, the text that the problem points at, the tree, the text after the fix (None: no fix)
CASES = [
    ("\ufeffa: 1", "byte-order-mark", "\ufeff", [("a", "1")], "a: 1"),
    ('a: "\udcff\udcfe"', "invalid-utf8", "\udcff\udcfe", [("a", '"\udcff\udcfe"')], None),
    ("# \udc80\na: 1", "invalid-utf8", "\udc80", [("a", "1")], None),
    (
        "a: \u201cx\u201d b: 1",
        "smart-quote",
        "\u201cx\u201d",
        [("a", "\u201cx\u201d"), ("b", "1")],
        'a: "x" b: 1',
    ),
    ("a: \u00abx\u00bb", "smart-quote", "\u00abx\u00bb", [("a", "\u00abx\u00bb")], 'a: "x"'),
    ("a: \u2018x\u2019", "smart-quote", "\u2018x\u2019", [("a", "\u2018x\u2019")], 'a: "x"'),
    ("a: \u201cx", "smart-quote", "\u201cx", [("a", "\u201cx")], 'a: "x"'),
    ('a: "x\u201d\nb: 1', "smart-quote", '"x\u201d', [("a", '"x\u201d'), ("b", "1")], 'a: "x"\nb: 1'),
    (
        'a: \u201cit\'s "x"\u201d',
        "smart-quote",
        '\u201cit\'s "x"\u201d',
        [("a", '\u201cit\'s "x"\u201d')],
        'a: "it\'s \\"x\\""',
    ),
    (
        'a: \u201cx" b: \u201cy\u201d',
        "smart-quote",
        '\u201cx"',
        [("a", '\u201cx"'), ("b", "\u201cy\u201d")],
        'a: "x" b: \u201cy\u201d',
    ),
    ('a: "x\nb: 1', "unterminated-string", '"x', [("a", '"x'), ("b", "1")], 'a: "x"\nb: 1'),
    ("a: 'x  \r\nb: 1", "unterminated-string", "'x", [("a", "'x"), ("b", "1")], "a: 'x'  \r\nb: 1"),
    ('a: "C:\\', "unterminated-string", '"C:\\', [("a", '"C:\\')], 'a: "C:\\\\"'),
    ('a: "\\xz"', "bad-escape", "\\x", [("a", '"\\xz"')], 'a: "\\\\xz"'),
    ('a: "\\u12"', "bad-escape", "\\u", [("a", '"\\u12"')], 'a: "\\\\u12"'),
    ('a: "C:\\Users"', "bad-escape", "\\U", [("a", '"C:\\Users"')], 'a: "C:\\\\Users"'),
    ('a: "\\777"', "bad-escape", "\\777", [("a", '"\\777"')], 'a: "\\\\777"'),
    ('a: "\\ud800"', "bad-escape", "\\ud800", [("a", '"\\ud800"')], 'a: "\\\\ud800"'),
    ("a: 08", "bad-number", "08", [("a", "08")], None),
    ("a: 1.2.3", "bad-number", "1.2.3", [("a", "1.2.3")], None),
    ("a: - 1.5", "bad-number", "- 1.5", [("a", "- 1.5")], "a: -1.5"),
    ("a: -\nb: 1", "bad-number", "-", [("a", "-"), ("b", "1")], None),
    ("a: /x/y.record", "unquoted-value", "/x/y.record", [("a", None)], 'a: "/x/y.record"'),
    ("a: C:\\x", "unquoted-value", "C:\\x", [("a", None)], 'a: "C:\\\\x"'),
    ("a: gs://b/c", "unquoted-value", "gs://b/c", [("a", None)], 'a: "gs://b/c"'),
    ("a: x/y # c", "unquoted-value", "x/y", [("a", None)], 'a: "x/y" # c'),
    ("a: [x/y, 1]", "unquoted-value", "x/y", [("a", ("1",))], 'a: ["x/y", 1]'),
    ("a:", "missing-value", "a:", [("a", None)], None),
    ("a", "missing-value", "a", [("a", None)], None),
    ("a:\nb: 1", "missing-value", "a:", [("a", None), ("b", "1")], None),
    ("a: b: 1", "missing-value", "a:", [("a", None), ("b", "1")], None),
    ("a:\nb { c: 1 }", "missing-value", "a:", [("a", None), ("b", [("c", "1")])], None),
    ("a\nb: 1", "missing-value", "a", [("a", None), ("b", "1")], None),
    ("a b: 1", "missing-value", "a", [("a", None), ("b", "1")], None),
    ("x { a }", "missing-value", "a", [("x", [("a", None)])], None),
    ("a 1", "missing-colon", "a 1", [("a", "1")], "a: 1"),
    ('a "x"', "missing-colon", 'a "x"', [("a", '"x"')], 'a: "x"'),
    ("a FOO\nb: 1", "missing-colon", "a FOO", [("a", "FOO"), ("b", "1")], "a: FOO\nb: 1"),
    ("a [1]", "missing-colon", "a [", [("a", ("1",))], "a: [1]"),
    ("a = 1", "equals-sign", "=", [("a", "1")], "a : 1"),
    ("a = { b: 1 }", "equals-sign", "=", [("a", [("b", "1")])], "a : { b: 1 }"),
    ("{ a: 1 }", "missing-name", "{", [("", [("a", "1")])], None),
    ("[a b]: 1", "bad-name", "[a b]", [("ab", "1")], None),
    ("[/a]: {}", "bad-name", "[/a]", [("/a", [])], None),
    ("[a\nb: 1", "bad-name", "[a", [("a", None), ("b", "1")], None),
    ("[h/t]: 1", "unexpected-value", "1", [("h/t", "1")], None),
    ("[h/t]: [{}]", "unexpected-value", "[{}]", [("h/t", ([],))], None),
    ("a: [1 2]", "missing-comma", " 2", [("a", ("1", "2"))], "a: [1, 2]"),
    ("a: [1,]", "trailing-comma", ",", [("a", ("1",))], "a: [1]"),
    ("a: [[1]]", "nested-list", "[", [("a", ("1",))], None),
    ("a: [,1]", "stray-separator", ",", [("a", ("1",))], None),
    ("a: [1; 2]", "stray-separator", ";", [("a", ("1", "2"))], None),
    ("a: [1, :]", "unexpected-text", ":", [("a", ("1",))], None),
    ("a: [1, 2\nb: 3", "unclosed-list", "[", [("a", ("1", "2")), ("b", "3")], "a: [1, 2]\nb: 3"),
    ("x { a: [1 }", "unclosed-list", "[", [("x", [("a", ("1",))])], "x { a: [1] }"),
    ("a: [1", "unclosed-list", "[", [("a", ("1",))], "a: [1]"),
    ("a: 1;; b: 2", "stray-separator", ";", [("a", "1"), ("b", "2")], "a: 1; b: 2"),
    (", a: 1", "stray-separator", ",", [("a", "1")], " a: 1"),
    ("[h/t] {},", "stray-separator", ",", [("h/t", [])], "[h/t] {}"),
    ("a { b: 1 >", "mismatched-delimiter", ">", [("a", [("b", "1")])], "a { b: 1 }"),
    ("a < b: 1 }", "mismatched-delimiter", "}", [("a", [("b", "1")])], "a < b: 1 >"),
    ("a: 1 }", "extra-closing-brace", "}", [("a", "1")], "a: 1 "),
    ("a: [1, } 2]", "extra-closing-brace", "}", [("a", ("1", "2"))], "a: [1,  2]"),
    ("a { b: 1", "unclosed-block", "a {", [("a", [("b", "1")])], None),
    ("a: 1 2 'x' ?? b: 3", "unexpected-text", "2 'x' ??", [("a", "1"), ("b", "3")], None),
    ("a: 1 : 2\n3\nb: 1", "unexpected-text", ": 2\n3", [("a", "1"), ("b", "1")], None),
    ("a: 1 ] b: 2", "unexpected-text", "]", [("a", "1"), ("b", "2")], None),
    ("a:: 1", "missing-value", "a:", [("a", None)], None),
]


@pytest.mark.parametrize(("text", "code", "place", "tree", "fixed"), CASES, ids=lambda value: str(value)[:20])
def test_problem(text: str, code: str, place: str, tree: list[object], fixed: str | None) -> None:
    document = check(text)
    assert names(document) == tree
    problem = next(problem for problem in document.problems if problem.code == code)
    assert text[problem.start : problem.end] == place
    if fixed is None:
        return
    assert problem.fix is not None
    assert apply_edits(text, problem.fix[1]) == fixed
    remaining = parse(fixed).problems
    assert len(remaining) == len(document.problems) - 1


def test_table_of_slugs_is_covered() -> None:
    indented = {"missing-opening-brace"}  # needs indentation: see the tests of recovery
    assert {code for _, code, *_ in CASES} | indented == set(CODES)


def test_many_problems_in_one_file() -> None:
    document = parse("a = 1\nb: 08\nc {\n  d\n  e: 'x\n}\nf: [1,]\n}\n")
    assert [(problem.code, document.position(problem.start)) for problem in document.problems] == [
        ("equals-sign", (1, 3)),
        ("bad-number", (2, 4)),
        ("missing-value", (4, 3)),
        ("unterminated-string", (5, 6)),
        ("trailing-comma", (7, 6)),
        ("extra-closing-brace", (8, 1)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment",
        "a: 1 a: 2",
        "a:1,b:2",
        "a:\nFOO\nb: 1",
        "a\n:\n1",
        'a: "\u201cquoted\u201d" # \u201cx\u201d',
        "a\n{\n}\n",
        "a {};b<>,c:[]",
        "a [ { } , < > ]",
        "a: 1[p.e]: 2",
        "a: 0x1F b: 017 c: 1.0f d: .5 e: 1. f: +3 g: -infinity h: 1_000",
        'a: "\\N{LATIN SMALL LETTER A}"',
        "a:\u00a01\u2003b:\t2\f",
        "a: 1\r# \u00e9 comment to the end of the line feed }\n",
        "inf: nan nan: inf",
    ],
)
def test_legal(text: str) -> None:
    assert check(text).problems == []


def test_long_texts_are_shortened_in_messages() -> None:
    for text in ("a: /" + "x" * 500, "a: 1 " + "? " * 500, "a: 0" + "9" * 500, "b" * 500 + ":"):
        (problem,) = parse(text).problems
        assert len(problem.message) < 160


def test_bytes_that_are_not_utf8_are_named() -> None:
    (problem,) = parse(decode_text(b'a: "caf\xe9"')).problems
    assert problem.code == "invalid-utf8"
    assert "e9" in problem.message
