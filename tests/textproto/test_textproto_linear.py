"""Time grows with the length of the text, whatever the text; depth is no limit."""

from __future__ import annotations

import time

import pytest

from cfgtool.textproto import Block, parse

SMALL, LARGE = 8_000, 64_000


def seconds(text: str) -> float:
    start = time.process_time()
    document = parse(text)
    duration = time.process_time() - start
    assert str(document) == text
    return duration


@pytest.mark.parametrize(
    "unit",
    [
        "a{", "a {\n", "}", " }\n", "[", "a[{", "a:", "a: 'x\n", "\u201c", "a: \u201cx\" ", "# c\n",
        "a < b {", "a: 1 }\n", "a\n  b: 1\n}\n", "a: 1,,", 'a: "\\x" ', "\\", ": ", "[a/", "\udc80",
    ],
)  # fmt: skip
def test_no_text_takes_quadratic_time(unit: str) -> None:
    small = min(seconds(unit * (SMALL // len(unit))) for _ in range(2))
    large = unit * (LARGE // len(unit))
    # Eight times the text: linear is 8, quadratic 64. A busy machine is slow now and then, a quadratic one always.
    assert any(seconds(large) < 25 * small + 0.2 for _ in range(4))


@pytest.mark.parametrize("closing", ["}", "", "}\n"])
def test_ten_thousand_nested_blocks(closing: str) -> None:
    depth = 10_000
    document = parse("a {" * depth + closing * depth)
    assert len(document.problems) == (0 if closing else depth)
    assert sum(1 for _ in document.walk()) == depth
    value = document.root.fields[0].value
    assert isinstance(value, Block)
    assert value.end == len(document.text.rstrip())


def test_fifty_thousand_nested_lists() -> None:
    document = parse("a: " + "[" * 50_000 + "]" * 50_000)
    assert {problem.code for problem in document.problems} == {"nested-list"}
