"""Strings to bytes, numbers to numbers."""

from __future__ import annotations

import math

import pytest

from cfgtool.textproto import Document, Scalar, parse, parse_float, parse_int, string_escapes, string_value
from cfgtool.textproto.values import is_number


def scalar(text: str) -> tuple[Document, Scalar]:
    document = parse(f"a: {text}")
    value = document.root.fields[0].value
    assert isinstance(value, Scalar)
    return document, value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('""', b""),
        ("'a'", b"a"),
        ('"it\'s"', b"it's"),
        ("'a' \"b\" # c\n 'd'", b"abd"),
        ('"\\a\\b\\f\\n\\r\\t\\v\\\\\\\'\\""', b"\a\b\f\n\r\t\v\\'\""),
        ('"\\x41\\xaz\\xA"', b"A\nz\n"),
        ('"\\101\\7\\0a"', b"A\x07\x00a"),
        ('"\\377\\xff"', b"\xff\xff"),
        ('"\\u00e9\\U0001F600"', "\u00e9\U0001f600".encode()),
        ('"\u00e9\u4e2d"', "\u00e9\u4e2d".encode()),
        ('"\\d\\?\\ "', b"\\d\\?\\ "),
        ('"\\N{BELL}\\N{PLUS SIGN}"', b"\\N{BELL}+"),
        ('"C:\\temp\\new"', b"C:\temp\new"),
        ("\u201cx\u201d", b"x"),
        ("\u201cx", b"x"),
        ('"x\u201d', b"x"),
        ('"x', b"x"),
        ('"', b""),
        ("'a' \"b", b"ab"),
        ('"\udcff"', b"\xff"),
        ('"\ud800"', b"?"),
        ('"\\xz"', b"\\xz"),
        ('"\\ud800"', b"\\ud800"),
    ],
)
def test_string_value(text: str, expected: bytes) -> None:
    assert string_value(*scalar(text)) == expected


def test_string_value_of_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a string"):
        string_value(*scalar("12"))


def test_escapes_of_a_windows_path() -> None:
    document, value = scalar("'C:\\temp\\data\\new' \"\\x1b\\\\\"")
    found = string_escapes(document, value)
    assert [(escape.text, escape.known, escape.control, escape.value) for escape in found] == [
        ("\\t", True, True, b"\t"),
        ("\\d", False, False, b"\\d"),
        ("\\n", True, True, b"\n"),
        ("\\x1b", True, True, b"\x1b"),
        ("\\\\", True, False, b"\\"),
    ]
    assert all(document.text[escape.start : escape.end] == escape.text for escape in found)


@pytest.mark.parametrize("text", ['"plain"', "12", "FOO"])
def test_no_escapes(text: str) -> None:
    assert string_escapes(*scalar(text)) == []


def test_escape_that_cannot_be_decoded_has_no_value() -> None:
    (escape,) = string_escapes(*scalar('"\\x"'))
    assert (escape.value, escape.control) == (None, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("-1", -1), ("+7", 7), ("017", 15), ("-017", -15), ("00", 0), ("0x1F", 31), ("-0XfF", -255),
        ("0o17", 15), ("0b101", 5), ("1_000", 1000), ("99999999999999999999", 99999999999999999999),
    ],
)  # fmt: skip
def test_parse_int(text: str, expected: int) -> None:
    assert parse_int(text) == expected
    assert is_number(text)


@pytest.mark.parametrize("text", ["08", "1.0", "1e3", "", "-", "- 1", "inf", "0x", "+017", "1f"])
def test_parse_int_refuses(text: str) -> None:
    with pytest.raises(ValueError):
        parse_int(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0), ("1.5", 1.5), ("-.5", -0.5), ("2.", 2.0), ("1e-3", 0.001), ("1.5F", 1.5),
        ("1f", 1.0), ("+2", 2.0),
        ("0.5", 0.5), ("+01.5", 1.5), ("1_0.5", 10.5), ("inf", math.inf), ("-Infinity", -math.inf),
        ("inff", math.inf), ("-INFf", -math.inf), ("infinityf", math.inf), ("1e999", math.inf),
    ],
)  # fmt: skip
def test_parse_float(text: str, expected: float) -> None:
    assert parse_float(text) == expected


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "nanf", "-NANF"])
def test_parse_float_nan(text: str) -> None:
    assert math.isnan(parse_float(text))


@pytest.mark.parametrize(
    "text", ["010", "-00.5", "0x1F", "1.2.3", "", "-", "- 1.5", "one", "f", "+inff", "infff"]
)
def test_parse_float_refuses(text: str) -> None:
    with pytest.raises(ValueError):
        parse_float(text)


@pytest.mark.parametrize("text", ["08", "-", "1.2.3", "1x", "0x1g", "--1", "1e", "-foo"])
def test_is_no_number(text: str) -> None:
    assert not is_number(text)
