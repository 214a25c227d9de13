"""`parse`: text to tree. Common lines go through one regular expression, the rest through
`cfgtool.textproto.grammar`.
"""

from __future__ import annotations

import re

from cfgtool.textproto.grammar import Grammar
from cfgtool.textproto.lexer import OPENING_QUOTES, TRIVIA
from cfgtool.textproto.tree import DEEPEST, Block, Document, Edit, Field, Lines, Problem, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

_FAST = re.compile(
    rf"""{TRIVIA}(?:
        (\}})
      | ([A-Za-z_][0-9A-Za-z_]*+)(?:
            [ ]?+:?+[ ]?+(\{{)
          | [ ]?+:[ ]*+(?:
                ("[^"\\\n]*+"|'[^'\\\n]*+')
              | (-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)(?=[\s}}])
              | ([A-Za-z_][0-9A-Za-z_]*+)(?=[\s}}])
            )
        )
      |
    )""",
    re.VERBOSE,
)
"""Trivia and one of: closing brace; name and opening brace, string, number or identifier; nothing."""
_CLOSE, _OPEN, _STRING = 1, 3, 4
_KINDS: dict[int, Literal["string", "number", "identifier"]] = {4: "string", 5: "number", 6: "identifier"}
_AFTER_SCALAR = frozenset(OPENING_QUOTES + ":={<")
_BYTE_ORDER_MARK = "\ufeff"


def parse(text: str, *, _fast: bool = True) -> Document:
    """The document of `text`, whatever it is: mistakes become `problems`, in the order of the text.

    A text whose braces pair up is read strictly by its braces. In one whose braces do not, indentation
    tells where a missing or an extra brace is, if the text is indented consistently.
    """
    lines = Lines(text)
    start = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
    grammar = Grammar(text, lines)
    # The careful parser alone gives the same tree, only slower: `_fast` is for the test that says so.
    _run(grammar, start, _fast)
    if grammar.unclosed or grammar.extra_closers:
        from cfgtool.textproto.recovery import reparse

        grammar = reparse(grammar, start)
    problems = grammar.problems
    if not text.isascii():
        problems += _encoding_problems(text)
    if problems:
        problems.sort(key=_place)
    return Document(text, grammar.root, problems, lines, tuple(grammar.notes))


def _place(problem: Problem) -> tuple[int, int]:
    return problem.start, problem.end


def _run(grammar: Grammar, position: int, fast: bool) -> None:
    """Parse from `position` to the end of the text."""
    grammar.end = position
    if not fast:
        grammar.read(position)
        while grammar.step():
            pass
        grammar.finish()
        return
    going = True
    while going:
        if isinstance(grammar.frames[-1], Block):
            position = _run_fast(grammar, position)
            grammar.end = grammar.previous_end = position
            grammar.read(position)
        going = grammar.step()
        # `previous_end` is behind what the step took; its look at the next token is repeated.
        position = grammar.previous_end
    grammar.finish()


def _run_fast(grammar: Grammar, position: int) -> int:
    """Take common fields and closing braces from `position` on; where it went no further."""
    text, frames, owners = grammar.text, grammar.frames, grammar.owners
    block = frames[-1]
    assert isinstance(block, Block)
    fields = block.fields
    index = 0
    field: Field | None = None
    for match in _FAST.finditer(text, position):
        found = match.lastindex
        if found is None:
            break
        if found == _CLOSE:
            if len(frames) == 1 or text[block.start] != "{":
                break
            position = match.end()
            owner = owners.pop()
            frames.pop()
            block.body_end = position - 1
            block.end = position
            top = frames[-1]
            # Behind an item of a list comes what only the careful parser knows.
            if not isinstance(top, Block):
                grammar.after_field = grammar.comma = True
                return position
            assert owner is not None
            owner.end = position
            # After an expanded `Any`, as after an opening brace, no separator may follow.
            index = found if owner.kind != "any" else _OPEN
            block = top
            fields = block.fields
            continue
        regs = match.regs
        start, name_end = regs[2]
        value_start, position = regs[found]
        index = found
        if found == _OPEN:
            if len(frames) > DEEPEST:
                return start
            block = Block(value_start, position)
            colon = ":" in text[name_end:value_start]
            field = Field(text[start:name_end], start, name_end, position, colon, block)
            fields.append(field)
            fields = block.fields
            frames.append(block)
            owners.append(field)
        else:
            scalar = Scalar(value_start, position, _KINDS[found])
            field = Field(text[start:name_end], start, name_end, position, True, scalar)
            fields.append(field)
    if index:
        grammar.after_field = index != _OPEN
    if field is not None and index >= _STRING and grammar.peek(position) in _AFTER_SCALAR:
        # The scalar may go on, or be the name of the next field: the careful parser decides.
        fields.pop()
        grammar.after_field = True
        return field.start
    return position


def _encoding_problems(text: str) -> list[Problem]:
    """A byte order mark at the start, and every run of bytes that are not UTF-8."""
    problems = []
    if text.startswith(_BYTE_ORDER_MARK):
        fix = ("remove the byte order mark", [Edit(0, 1, "")])
        problems.append(Problem("byte-order-mark", "byte order mark at the start of the file", 0, 1, fix))
    for match in re.finditer("[\ud800-\udfff]+", text):
        shown = " ".join(f"{ord(character) & 0xFF:02x}" for character in match.group()[:4])
        more = "" if len(match.group()) <= 4 else " ..."
        message = f"bytes that are not UTF-8: {shown}{more}"
        problems.append(Problem("invalid-utf8", message, match.start(), match.end()))
    return problems
