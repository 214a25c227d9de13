"""Case files: a config, and the same config formatted. `same.config` has nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.files import read_text
from cfgtool.schema.formatting import format_text, shorter

CASES = sorted((Path(__file__).parent / "cases").glob("*.config"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = read_text(str(path.with_suffix(".out")))
    assert format_text(read_text(str(path))) == expected
    assert format_text(expected) == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_line_ends_and_byte_order_mark_stay(path: Path) -> None:
    text = "\ufeff" + read_text(str(path)).replace("\n", "\r\n")
    result = format_text(text)
    assert result[0] == "\ufeff"
    assert result.count("\r\n") == result.count("\n") == result.count("\r")
    assert format_text(result) == result
    if path.stem != "blank_lines":  # behind the mark, the first line is not empty
        assert result[1:].replace("\r\n", "\n") == read_text(str(path.with_suffix(".out")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("# c", "# c\n"),
        ("\ufeff", "\ufeff"),
        ("a: 1", "a: 1\n"),
        ("a: 1 # caf\udce9", "a: 1  # caf\udce9\n"),
        ("a: 1\r\n\r\n\r\nb: 2\n", "a: 1\r\n\r\nb: 2\r\n"),
    ],
)
def test_small_texts(text: str, expected: str) -> None:
    assert format_text(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "column"), [("a: 1\n  b 2", 2, 3), ("a {\n", 1, 1), ("a: 1\nb: '", 2, 4)]
)
def test_syntax_mistakes_are_refused_at_their_place(text: str, line: int, column: int) -> None:
    with pytest.raises(UserError, match="nothing is done with a text that has syntax mistakes") as caught:
        format_text(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("raw", "short"),
    [
        ("0.8999999761581421", "0.9"),
        ("-0.30000001192092896", "-0.3"),
        ("1.99999994948e-05", "2e-5"),
        ("1.0000000116860974E-07", "1e-7"),
        ("73.60276794433594", "73.60277"),
        ("3.4028234663852886e+38", "3.4028235e38"),
        ("0.500", "0.5"),
        (".500", ".5"),
        ("0.000", "0.0"),
        ("-0.00", "-0.0"),
        ("10.00f", "10.0"),
    ],
)
def test_numbers_that_get_shorter(raw: str, short: str) -> None:
    assert shorter(raw, "float") == short
    assert shorter(short, "float") == short


@pytest.mark.parametrize(
    "raw",
    [
        "1", "0", "1.0", "1.", ".5", "0.1", "1e-3", "1E5", "4.0e-05", "2.5f", "16777217", "16777217.5", "200000000.0",
        "1e999", "inf", "-inf", "nan", "0x10", "1_0.50", "3.4028235e38", "1e-45", "0.00001", "-0.0", "0.33333334",
    ],
)  # fmt: skip
def test_numbers_that_stay(raw: str) -> None:
    assert shorter(raw, "float") == raw


def test_doubles_keep_their_digits() -> None:
    assert shorter("0.8999999761581421", "double") == "0.8999999761581421"
    assert shorter("0.10000000000000000555", "double") == "0.1"
