"""Texts to parse: legal ones drawn from the grammar, and mutations that may break them."""

from __future__ import annotations

import random

from hypothesis import strategies as st
from textproto_oracle import SCALARS

BLANKS = st.sampled_from(
    [" "] * 12
    + ["", "", "\n", "\n  ", "\t", " # note: 1 {\n", "\r\n", " \n\n# it's \"\n\t", "\f", "\u00a0", "\x0b"]
)
_INTEGERS = ["0", "1", "42", "017", "0x1F", "0X2a", "0o17", "0b11", "1_0", "+7", "00"]
_FLOATS = [
    "1.0",
    ".5",
    "2.",
    "1e-3",
    "1.5E+3",
    "2.5f",
    "3F",
    "inf",
    "-inf",
    "nan",
    "Infinity",
    "iNFf",
    "-.5",
    "1_0.5",
]
_PIECES = ["", "a", " ", "path/to", "#", "{", "\u00fc", "\u4e2d", "\U0001f600", "\\n", "\\t", "\\x41", "\\xa"]
_PIECES += [
    "\\101",
    "\\7",
    "\\u00e9",
    "\\U0001F600",
    "\\\\",
    "\\'",
    '\\"',
    "\\d",
    "\\ ",
    "\u201cq\u201d",
    "\\a",
]
_BYTES = ["\\xff", "\\377", "\\0"]


@st.composite
def literals(draw: st.DrawFn, binary: bool = False) -> str:
    """A string value: one or more adjacent literals."""
    parts = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        quote = draw(st.sampled_from("\"'"))
        pieces = draw(st.lists(st.sampled_from(_PIECES + (_BYTES if binary else [])), max_size=4))
        parts.append(quote + "".join(pieces) + quote)
    return draw(BLANKS).join(parts)


def _scalars(kind: str) -> st.SearchStrategy[str]:
    if kind in ("string", "bytes"):
        return literals(kind == "bytes")
    if kind in ("double", "float"):
        return st.sampled_from([*_FLOATS, "0", "-3", "7"])
    if kind == "bool":
        return st.sampled_from(["true", "false", "t", "f", "True", "False", "0", "1"])
    if kind == "color":
        return st.sampled_from(["RED", "GREEN", "inf", "true", "1", "0x2"])
    negative = [] if kind.startswith(("uint", "fixed")) else ["-1", "-017", "-0x1f"]
    return st.sampled_from(_INTEGERS + negative)


@st.composite
def _blocks(draw: st.DrawFn, body: st.SearchStrategy[str]) -> str:
    opening, closing = draw(st.sampled_from(["{}", "{}", "<>"]))
    return opening + draw(BLANKS) + draw(body) + draw(BLANKS) + closing


def _listed(items: list[str], blanks: list[str]) -> str:
    pairs = zip(items, blanks, strict=False)
    return "[" + ",".join(blank + item + blank for item, blank in pairs) + "]"


@st.composite
def _fields(draw: st.DrawFn, depth: int) -> str:
    body = bodies(depth - 1)
    blank, other = draw(BLANKS), draw(BLANKS)
    kind = draw(
        st.sampled_from([*SCALARS, "color", "sample", "sample", "any", "counts", "note", "notes", "more"])
    )
    colon = draw(st.sampled_from([":", ""]))
    values = st.lists(BLANKS, min_size=3, max_size=3)
    if kind == "counts":
        entry = f'key: "{draw(st.integers(0, 9))}" value: {draw(_scalars("int32"))}'
        return f"counts{blank}{colon}{{ {entry}{other}}}"
    if kind == "any":
        inner = draw(_blocks(body))
        name = f"[type.googleapis.com/{other}test.Sample{blank}]"
        return f"one_any{blank}{colon}{{{other}{name}{blank}{colon}{inner} }}"
    if kind in ("note", "notes"):
        return f"[{blank}test{other}.{kind} ]{blank}:{other}{draw(literals())}"
    many = draw(st.booleans()) and kind != "more"
    name = "[test.more]" if kind == "more" else ("many_" if many else "one_") + kind
    value = _blocks(body) if kind in ("sample", "more") else _scalars(kind)
    if kind not in ("sample", "more"):
        colon = ":"
    if many and draw(st.booleans()):
        items = draw(st.lists(value, max_size=3))
        return f"{name}{blank}{colon}{other}{_listed(items, draw(values))}"
    return f"{name}{blank}{colon}{other}{draw(value)}"


@st.composite
def bodies(draw: st.DrawFn, depth: int = 2) -> str:
    """The fields of a message of type test.Sample, legal in protobuf's text format."""
    text = ""
    fewest, most = ((1, 6) if depth > 1 else (0, 3)) if depth > 0 else (0, 0)
    for field in draw(st.lists(_fields(depth), min_size=fewest, max_size=most)):
        text += draw(BLANKS) + field + draw(BLANKS) + draw(st.sampled_from(["\n", "\n", " ", ";", ","]))
    return text


_JUNK = [
    *"\"'{}<>[]:,;=#-+.0129aef_/\\ \t\r\n\n\n\u201c\u201d\u2019\ufeff\u00e9",
    "one_int32", "one_int32:", "one_sample {", "many_int32: [1,", "08", "- 1.5", "\\x", "\\u12", "1.2.3",
    '"a"', "one_string: C:\\temp", "[test.note]", "[a/b]", "many_sample [", "one_string: 'it",
    "one_any {", "//", "}}",
]  # fmt: skip


def mutated(text: str, seed: int) -> str:
    """`text` with a few characters or tokens dropped, inserted, replaced or moved."""
    dice = random.Random(seed)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.choice((0, 0, 1, 1, 1, 2, 8)))
        kind = dice.randrange(4)
        if kind == 0:
            text = text[:start] + text[max(end, start + 1) :]
        elif kind == 1:
            text = text[:start] + dice.choice(_JUNK) + text[end:]
        elif kind == 2:
            text = text[:start] + dice.choice(_JUNK) + text[start:]
        else:
            place = dice.randrange(len(text) + 1)
            text = text[:place] + text[start:end] + text[place:]
    return text
