"""Offsets and positions, against counting code units of an encoded text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfgtool.lsp.positions import ENCODINGS, Positions

CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXTS = st.lists(
    st.sampled_from(
        ["a", "é", "\u2028", "\x0c", "\x85", "𝄞", "\ud800", "\udcff", "\ufeff", "\t", "\n", "\r\n", "\r"]
    )
    | st.characters(),
    max_size=30,
).map("".join)
ENCODED = st.sampled_from(ENCODINGS)


def units(text: str, encoding: str) -> int:
    codec, size = CODECS[encoding]
    return len(text.encode(codec, "surrogatepass")) // size


def lines(text: str) -> list[str]:
    """The lines as the protocol has them, without their ends: other separators are ordinary characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@given(TEXTS, ENCODED, st.data())
def test_an_offset_becomes_its_line_and_the_units_before_it(
    text: str, encoding: str, data: st.DataObject
) -> None:
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] == "\r\n" and offset:
        return  # inside a line end: a test of its own
    before = lines(text[:offset])
    assert Positions(text, encoding).position(offset) == (len(before) - 1, units(before[-1], encoding))


@given(TEXTS, ENCODED, st.data())
def test_there_and_back(text: str, encoding: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    positions = Positions(text, encoding)
    back = positions.offset(*positions.position(offset))
    inside_line_end = offset > 0 and text[offset - 1 : offset + 1] == "\r\n"
    assert back == offset - inside_line_end


@given(TEXTS, ENCODED, st.integers(-3, 40), st.integers(-3, 80))
def test_any_position_means_an_offset_on_its_line(text: str, encoding: str, line: int, column: int) -> None:
    positions = Positions(text, encoding)
    offset = positions.offset(line, column)
    assert 0 <= offset <= len(text)
    there, units_there = positions.position(offset)
    if 0 <= line < positions.line_count:
        assert there == line
        # Inside a character, the character's start; beyond the end, the end.
        assert units_there <= max(column, 0)
    else:
        assert offset == (0 if line < 0 else len(text))


@given(TEXTS, ENCODED)
def test_positions_grow_with_offsets(text: str, encoding: str) -> None:
    positions = Positions(text, encoding)
    found = [positions.position(offset) for offset in range(len(text) + 1)]
    assert found == sorted(found)
    assert positions.line_count == len(lines(text))


@given(TEXTS, st.integers(-9, 99))
def test_offsets_outside_are_clamped(text: str, offset: int) -> None:
    positions = Positions(text)
    assert positions.position(offset) == positions.position(min(max(offset, 0), len(text)))


@pytest.mark.parametrize(
    ("encoding", "column"), [("utf-16", 4), ("utf-8", 6), ("utf-32", 3)], ids=lambda value: str(value)
)
def test_an_astral_character(encoding: str, column: int) -> None:
    positions = Positions('"𝄞" # é\n', encoding)
    assert positions.position(3) == (0, column)
    assert positions.offset(0, column) == 3
    # The middle of the character is its start.
    assert positions.offset(0, 2) == (2 if encoding == "utf-32" else 1)


def test_inside_a_line_end_is_the_end_of_the_line() -> None:
    positions = Positions("ab\r\ncd")
    assert positions.position(2) == positions.position(3) == (0, 2)
    assert positions.position(4) == (1, 0)
    assert positions.offset(0, 9) == 2
    assert positions.line_span(0) == (0, 2)


def test_separators_that_are_no_line_ends() -> None:
    positions = Positions("a\u2028b\x0cc\x85d\n")
    assert positions.line_count == 2
    assert positions.position(6) == (0, 6)
