"""The shape of a text: its blocks as a tree, what can be folded, and what a selection grows to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lsp.places import trail, values
from cfgtool.textproto import Block, Scalar, string_value

if TYPE_CHECKING:
    from cfgtool.lsp.opened import Opened
    from cfgtool.textproto import Field

_TELLING = ("type", "name", "display_name", "input_path", "id")
"""Fields that tell one block from another of its kind, the first that is there."""
_DEEPEST = 40


class Symbol(NamedTuple):
    """A block: its name, what tells it apart, its span, the span of its name, the blocks in it."""

    name: str
    detail: str
    start: int
    end: int
    name_start: int
    name_end: int
    children: list[Symbol]


def symbols(opened: Opened) -> list[Symbol]:
    """The tree of blocks, as deep as a config can reasonably be."""
    return _symbols(opened, opened.document.root, _DEEPEST)


def _symbols(opened: Opened, block: Block, depth: int) -> list[Symbol]:
    found: list[Symbol] = []
    if not depth:
        return found
    for field in block.fields:
        for node in values(field):
            if isinstance(node, Block):
                start = field.start if node is field.value else node.start
                name_end = field.name_end if node is field.value else node.body_start
                found.append(
                    Symbol(
                        field.name or "(no name)",
                        _detail(opened, node),
                        start,
                        node.end,
                        start,
                        name_end,
                        _symbols(opened, node, depth - 1),
                    )
                )
    return found


def _detail(opened: Opened, block: Block) -> str:
    """The value that tells a block apart, or the one block that it is a wrapper of."""
    scalars: dict[str, Scalar] = {}
    for field in block.fields:
        if isinstance(field.value, Scalar):
            scalars.setdefault(field.name, field.value)
    for name in _TELLING:
        if name in scalars:
            return _shown(opened, scalars[name])
    return block.fields[0].name if len(block.fields) == 1 and _is_block(block.fields[0]) else ""


def _is_block(field: Field) -> bool:
    return isinstance(field.value, Block)


def _shown(opened: Opened, scalar: Scalar) -> str:
    if scalar.kind == "string":
        return string_value(opened.document, scalar).decode("utf-8", "replace")
    return opened.text[scalar.start : scalar.end]


def folds(opened: Opened) -> list[tuple[int, int, bool]]:
    """(first line, last line, is it a comment) of what can be folded, lines from 0; the line of a closing
    brace stays visible.
    """
    line = opened.positions.line
    found = []
    for _, field in opened.document.walk():
        for node in values(field):
            first, last = line(field.name_start), line(max(node.end - 1, node.start))
            if isinstance(node, Block):
                # A block whose brace is missing ends with its last line.
                found.append((first, last - (node.body_end < node.end), False))
    return sorted({fold for fold in [*found, *_comments(opened)] if fold[0] < fold[1]})


def _comments(opened: Opened) -> list[tuple[int, int, bool]]:
    """Runs of comments on lines of their own."""
    runs: list[list[int]] = []
    for comment in opened.document.comments:
        if comment.own_line:
            line = opened.positions.line(comment.start)
            if runs and runs[-1][-1] == line - 1:
                runs[-1].append(line)
            else:
                runs.append([line])
    return [(run[0], run[-1], True) for run in runs]


def selections(opened: Opened, offset: int) -> list[tuple[int, int]]:
    """Spans around `offset` that hold one another, the smallest first, the whole text last."""
    found = [(0, len(opened.text))]
    for step in trail(opened.document, opened.root, offset):
        field, node = step.field, step.node
        found.append((field.start, field.end))
        if field.start <= offset <= field.name_end:
            found.append((field.start, field.name_end))
        elif node is not None:
            found.append((node.start, node.end))
            if isinstance(node, Block):
                found.append((node.body_start, node.body_end))
    # A field whose value starts it has the span of its value: growing by nothing would look like a stuck key.
    unique: list[tuple[int, int]] = []
    for span in found:
        if not unique or span != unique[-1]:
            unique.append(span)
    return unique[::-1]
