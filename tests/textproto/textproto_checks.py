"""What holds for every document, whatever its text."""

from __future__ import annotations

from cfgtool.textproto import Block, Document, ListValue, Problem, Scalar, parse
from cfgtool.textproto.problems import CODES

Value = Scalar | Block | ListValue | None


def outline(document: Document) -> list[object]:
    """The whole tree as plain values, and the problems, for comparing documents."""
    found: list[object] = []
    pending: list[tuple[int, Value]] = [(0, document.root)]
    while pending:
        depth, value = pending.pop()
        if value is None:
            found.append((depth, None))
            continue
        found.append((depth, type(value).__name__, value.start, value.end))
        if isinstance(value, Scalar):
            found.append(value.kind)
        elif isinstance(value, ListValue):
            pending += [(depth + 1, item) for item in value.items]
        else:
            found.append((value.body_start, value.body_end))
            for field in value.fields:
                found.append((field.name, field.kind, field.start, field.name_end, field.end, field.colon))
                pending.append((depth + 1, field.value))
    return found + [
        (problem.code, problem.message, problem.start, problem.end) for problem in document.problems
    ]


def names(document: Document) -> list[object]:
    """The tree as nested lists of names and values: what the tests of recovery compare."""

    def value_of(value: Value) -> object:
        if isinstance(value, Block):
            return fields_of(value)
        if isinstance(value, ListValue):
            return tuple(value_of(item) for item in value.items)
        return None if value is None else document.text[value.start : value.end]

    def fields_of(block: Block) -> list[object]:
        return [(field.name, value_of(field.value)) for field in block.fields]

    return fields_of(document.root)


def check(text: str) -> Document:
    """Parse `text` and check what holds for every text."""
    document = parse(text)
    assert str(document) == text
    assert "".join(token.text for token in document.tokens()) == text
    assert all(token.end - token.start == len(token.text) for token in document.tokens())
    comments = [(token.start, token.text) for token in document.tokens() if token.kind == "comment"]
    assert comments == [(comment.start, comment.text) for comment in document.comments]
    assert outline(document) == outline(parse(text, _fast=False))
    _check_spans(document)
    for problem in document.problems:
        _check_problem(document, problem)
    return document


def _check_spans(document: Document) -> None:
    root = document.root
    assert (root.start, root.body_start, root.end) == (0, 0, len(document.text))
    ends = [0]
    for block, field in document.walk():
        assert block.body_start <= field.start <= field.name_end <= field.end <= block.body_end
        value = field.value
        if value is not None:
            assert field.name_end <= value.start <= value.end == field.end
        if field.kind == "plain":
            assert document.text[field.start : field.name_end] == field.name
        if isinstance(value, Block):
            assert value.start <= value.body_start <= value.body_end <= value.end
        if isinstance(value, ListValue):
            spans = [
                value.start,
                *(place for item in value.items for place in (item.start, item.end)),
                value.end,
            ]
            assert spans == sorted(spans)
        assert ends[-1] <= field.start
        ends.append(field.start)


def _check_problem(document: Document, problem: Problem) -> None:
    assert problem.code in CODES
    assert 0 <= problem.start <= problem.end <= len(document.text)
    assert problem.message
    assert not problem.message.endswith(".")
    if problem.fix is not None:
        title, edits = problem.fix
        assert title
        assert edits
        assert all(0 <= edit.start <= edit.end <= len(document.text) for edit in edits)
