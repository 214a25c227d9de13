"""Tokens of the text format, as protobuf's Python parser cuts them, and the strings it would refuse.

The rules that matter: a line ends with a line feed only; blanks are what `\\s` matches; identifiers may
contain `+` and `-` after the first character; a number is anything that starts like one; a string ends on
its line.
"""

from __future__ import annotations

import re

from cfgtool.textproto.tree import Comment, Token

# Possessive quantifiers throughout: no text makes these expressions go back and try again.
TRIVIA = r"\s*+(?:\#[^\n]*+\s*+)*+"
OPENING_QUOTES = "\"'\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_SINGLE = "\u2018\u2019\u201a"
_STRING = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|' + r"'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
_WORDS = rf"""
    ([A-Za-z_][0-9A-Za-z_+-]*+)
  | ((?:[0-9+-]|\.[0-9])[0-9A-Za-z_.+-]*+)
  | ({_STRING})
  | ([{OPENING_QUOTES}])
  | ([{{}}<>\[\]:,;=])
"""

END, NAME, NUMBER, STRING, QUOTE, PUNCTUATION, OTHER = range(7)

TOKEN = re.compile(rf"{TRIVIA}(?:{_WORDS}|([^\s\#]))?+", re.VERBOSE)
"""Trivia and one token. `lastindex` is its kind (None at the end); QUOTE is where a broken string starts."""


def broken_string_end(text: str, start: int) -> tuple[int, bool]:
    """Where the broken string that opens at `start` ends, and whether it has a closing quote.

    A string that opens with a smart quote ends with the next one of its kind (single or double) on the line,
    or else with a straight one. A string that opens with a straight quote is closed by a smart one only at
    the end of its line. A string without an end ends with the last visible character of its line.
    """
    if text[start] in _SINGLE or text[start] == "'":
        closing = "'\u2018\u2019"
    else:
        closing = '"\u201c\u201d\u00ab\u00bb'
    if text[start] in "\"'":
        return _straight_string_end(text, start, closing[1:])
    return _smart_string_end(text, start, closing[0], closing[1:])


def _smart_string_end(text: str, start: int, straight: str, smart: str) -> tuple[int, bool]:
    """As `broken_string_end`, for a smart opening quote; closed by a straight one if no smart one follows."""
    fallback = -1
    index = start
    for index in range(start + 1, len(text)):
        character = text[index]
        if character == "\n":
            break
        if character == straight and fallback < 0:
            fallback = index + 1
        elif character in smart:
            opens_next = fallback >= 0 and character in "\u2018\u201c\u00ab"
            return (fallback if opens_next else index + 1), True
    else:
        index += 1
    if fallback >= 0:
        return fallback, True
    return start + 1 + len(text[start + 1 : index].rstrip()), False


def _straight_string_end(text: str, start: int, smart: str) -> tuple[int, bool]:
    """As `broken_string_end`, for a straight quote without its partner; only a smart quote may close it."""
    line_end = text.find("\n", start)
    content = text[start + 1 : line_end if line_end >= 0 else len(text)].rstrip()
    closed = content.rstrip(",;")
    if closed and closed[-1] in smart:
        return start + 1 + len(closed), True
    return start + 1 + len(content), False


def tokenize(text: str) -> list[Token]:
    """Cut the whole text into tokens; their texts joined are `text`."""
    kinds = ("", "whitespace", "comment", "identifier", "number", "string", "string", "punctuation", "other")
    pattern = re.compile(rf"(\s+)|(\#[^\n]*)|{_WORDS}|([^\s\#])", re.VERBOSE)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = pattern.match(text, position)
        # Every character is blank, a '#', or neither, so that one alternative always matches.
        assert match is not None
        kind, end = kinds[match.lastindex or 0], match.end()
        if match.lastindex == 6:
            end = broken_string_end(text, position)[0]
        if kind == "comment" and match.group().endswith("\r"):
            end -= 1
        tokens.append(Token(kind, position, end, text[position:end]))
        position = end
    return tokens


def find_comments(text: str) -> list[Comment]:
    """All comments of `text`."""
    if "#" not in text:
        return []
    pattern = re.compile(rf"[^\#{OPENING_QUOTES}]++|({_STRING})|([{OPENING_QUOTES}])|(\#[^\n]*)")
    comments: list[Comment] = []
    position = line_start = 0
    while match := pattern.match(text, position):
        end = match.end()
        if match.lastindex == 2:
            end = broken_string_end(text, position)[0]
        elif match.lastindex == 3:
            comment = match.group().removesuffix("\r")
            own_line = not text[line_start:position].strip()
            comments.append(Comment(position, position + len(comment), comment, own_line))
        else:
            line_start = max(line_start, text.rfind("\n", position, end) + 1)
        position = end
    return comments
