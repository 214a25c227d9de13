"""The canonical layout of any legal text: what it says stays, comments too, and it is reached in one step."""

from __future__ import annotations

import time
import warnings
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textproto_documents import bodies, mutated
from textproto_oracle import protobuf_accepts, read

from cfgtool.textproto import parse
from cfgtool.textproto.edits import leading_comments, trailing_comment
from cfgtool.textproto.formatting import format_document


def formatted(text: str) -> str:
    document = parse(text)
    assert document.problems == []
    return format_document(document)


def comments(text: str) -> list[str]:
    return [comment.text.rstrip() for comment in parse(text).comments]


def check(text: str) -> None:
    """Formatting keeps values and comments, leaves nothing to do, and obeys the rules that hold everywhere."""
    result = formatted(text)
    assert formatted(result) == result
    assert comments(result) == comments(text)
    if protobuf_accepts(text) is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before, after = read(parse(text)), protobuf_accepts(result)
        assert after is not None
        assert before.SerializeToString(deterministic=True) == read(parse(result)).SerializeToString(
            deterministic=True
        )
    lines = result.replace("\r\n", "\n").split("\n")
    assert lines.pop() == ""
    assert all(line == line.rstrip(" \t") for line in lines)
    assert all(one or other for one, other in pairwise(lines)), "two blank lines"


@settings(max_examples=300, deadline=None)
@given(bodies())
def test_generated_documents(text: str) -> None:
    check(text)


@settings(max_examples=100, deadline=None)
@given(bodies(depth=3), st.sampled_from(["\n", "\r\n"]))
def test_documents_on_one_line(text: str, line_end: str) -> None:
    """Comments go, so that whole blocks are on one line and are weighed against the width."""
    for comment in reversed(parse(text).comments):
        text = text[: comment.start] + text[comment.end :]
    check(text.replace("\r", "").replace("\n", " ") + line_end)


@settings(max_examples=150, deadline=None)
@given(bodies(), st.integers(0, 2**32))
def test_mutated_documents(text: str, seed: int) -> None:
    for number in range(20):
        other = mutated(text, seed + number)
        if parse(other).problems == []:
            check(other)


REMARKS = ["# cfgtool: fmt: off", "# cfgtool: fmt: on", "# cfgtool: ignore[CFG030]", "# x"]


@settings(max_examples=150, deadline=None)
@given(bodies(depth=3), st.lists(st.sampled_from(REMARKS), min_size=1), st.integers(0, 2**32))
def test_documents_with_directives(text: str, remarks: list[str], seed: int) -> None:
    """Regions may hold what the layout forbids; they are copied, and nothing else is lost."""
    lines = text.split("\n")
    for number, remark in enumerate(remarks):
        place = (seed >> number) % len(lines)
        lines.insert(place, f"  {remark}")
    text = "\n".join(lines)
    if parse(text).problems:
        return
    result = formatted(text)
    assert formatted(result) == result
    assert [c.rstrip() for c in comments(result)] == comments(text)
    if protobuf_accepts(text) is not None:
        assert protobuf_accepts(result) is not None
        assert read(parse(result)).SerializeToString(deterministic=True) == read(
            parse(text)
        ).SerializeToString(deterministic=True)


def owned(text: str) -> list[tuple[str, list[str], str | None]]:
    """Of every field its name, the comments above it and the comment at its end, by the rules of `edits`."""
    document = parse(text)
    found = []
    for _, field in document.walk():
        end = trailing_comment(document, field)
        if end is not None and "\n" in text[field.end : end.start]:
            end = None  # it stands behind a separator that has a line of its own
        above = [comment.text.rstrip() for comment in leading_comments(document, field)]
        found.append((field.name, above, end.text.rstrip() if end else None))
    return found


@settings(max_examples=200, deadline=None)
@given(bodies())
def test_comments_stay_with_what_they_belong_to(text: str) -> None:
    before, after = owned(text), owned(formatted(text))
    assert [name for name, _, _ in before] == [name for name, _, _ in after]
    for (_, above, end), (_, above_after, end_after) in zip(before, after, strict=True):
        # A comment between name and value, or at the end of a line of several fields, may have joined.
        assert above_after[: len(above)] == above
        assert end is None or end_after == end


SMALL, LARGE = 8_000, 64_000


@pytest.mark.parametrize(
    "unit",
    [
        "a { b: 1 }\n", "a{b:1}", "a: 1 # c\n", "a: 'x' ", "'x' ", "# c\n", "a {\n}\n", "1,", "{a:1},", "1, # c\n",
        "# cfgtool: fmt: off\n", "a # cfgtool: fmt: off\n: 1\n", "a: 1 # cfgtool: ignore\n", "a { # c\n} \n\n",
    ],
)  # fmt: skip
def test_no_text_takes_quadratic_time(unit: str) -> None:
    head, tail = {"1": ("a: [", "1]"), "{": ("a: [", "{}]"), "'": ("a: ", "")}.get(unit[0], ("", ""))

    def seconds(length: int) -> float:
        text = head + unit * (length // len(unit)) + tail
        start = time.process_time()
        formatted(text)
        return time.process_time() - start

    small = min(seconds(SMALL) for _ in range(2))
    # Eight times the text: linear is 8, quadratic 64; the constant forgives a busy machine.
    # A busy machine is slow now and then, a quadratic one always.
    assert any(seconds(LARGE) < 25 * small + 0.2 for _ in range(4))


def test_a_thousand_nested_blocks() -> None:
    depth = 1000
    result = formatted("a {" * depth + "}" * depth)
    assert formatted(result) == result
    assert max(len(line) for line in result.split("\n")) == 2 * (depth - 1) + len("a {")
