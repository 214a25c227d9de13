"""Inputs for fuzzing: small real texts, and mutations of them that a seed determines.

The seeds are the examples of the rules' documentation and the configs and label maps under `fixtures/`: together they
trigger nearly every rule. Mutations work on characters, on tokens, on lines, and by joining two texts.
"""

from __future__ import annotations

import json
import random
import re
from functools import cache
from pathlib import Path

from cfgtool.files import decode_text
from cfgtool.schema import load

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 4_000
"""Longer texts are cut: many short inputs find more than few long ones."""

_TOKEN = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'|#[^\n]*|[\w.+-]+|[ \t]+|\r?\n|.', re.DOTALL)
_JUNK = (
    *"{}[]<>:;,#\"'=\\\n",
    *(
        '""',
        '"x"',
        "'a' \"b\"",
        "0",
        "1",
        "-1",
        "2147483648",
        "0x1F",
        "017",
        "1e60",
        "nan",
        "-inf",
        "0.5f",
        "1e-50",
    ),
    *(
        "true",
        "false",
        "t",
        "SIGMOID",
        '"SIGMOID"',
        "{}",
        "<>",
        "[]",
        "[1, 2]",
        "[{}, {}]",
        "\r\n",
        "\t",
        "\ufeff",
        "\udcff",
    ),
    *(
        "# cfgtool: ignore",
        "# cfgtool: ignore[CFG030, CFG1]",
        "# cfgtool: fmt: off\n",
        "\u201cx\u201d",
        "\U0001f600",
        "[a.b/c.D]",
    ),
    *(
        "[ext.name]",
        "<<<<<<< HEAD\n",
        ">>>>>>> x\n",
        "//",
        "/* x */",
        '"C:\\models"',
        '"\\xff"',
        '"gs://a/b"',
        '"unclosed',
    ),
)


@cache
def seeds() -> tuple[str, ...]:
    """Real texts to start from, none empty."""
    docs = json.loads((ROOT / "cfgtool" / "lint" / "data" / "rule_docs.json").read_bytes())["docs"]
    texts = {page[part] for page in docs.values() for part in ("example", "instead") if page.get(part)}
    for pattern in ("*.config", "*.pbtxt"):
        texts |= {decode_text(path.read_bytes())[:LONGEST] for path in (ROOT / "fixtures").rglob(pattern)}
        texts |= {decode_text(path.read_bytes())[:LONGEST] for path in (ROOT / "tests").rglob(pattern)}
    return tuple(sorted(text for text in texts if text.strip()))


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted({name for message in load().messages.values() for name in message.fields}))


def make(seed: int) -> str:
    """The input number `seed`."""
    dice = random.Random(seed)
    text = dice.choice(seeds())
    for _ in range(dice.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        text = dice.choice(_MUTATIONS)(text, dice)
    return text[:LONGEST]


def from_bytes(data: bytes) -> str:
    """An input from the bytes of a coverage-guided fuzzer: as they are, or as instructions for mutations."""
    if data[:1] and data[0] % 2:
        return decode_text(data[1:])
    dice = random.Random(data[1:9])
    text = dice.choice(seeds())
    for byte in data[9:17]:
        text = _MUTATIONS[byte % len(_MUTATIONS)](text, dice)
    place = dice.randrange(len(text) + 1)
    return (text[:place] + decode_text(data[17:]) + text[place:])[:LONGEST]


def _characters(text: str, dice: random.Random) -> str:
    start = dice.randrange(len(text) + 1)
    end = min(len(text), start + dice.choice((0, 1, 1, 2, 8)))
    return text[:start] + dice.choice(("", dice.choice(_JUNK))) + text[end:]


def _tokens(text: str, dice: random.Random) -> str:
    """A token dropped, doubled, replaced by junk or by a name of the schema, or swapped with another."""
    parts = _TOKEN.findall(text)
    if not parts:
        return text
    here, there = dice.randrange(len(parts)), dice.randrange(len(parts))
    kind = dice.randrange(5)
    if kind == 0:
        del parts[here]
    elif kind == 1:
        parts.insert(there, parts[here])
    elif kind == 2:
        parts[here] = dice.choice(_JUNK)
    elif kind == 3:
        parts[here] = dice.choice(_names())
    else:
        parts[here], parts[there] = parts[there], parts[here]
    return "".join(parts)


def _lines(text: str, dice: random.Random) -> str:
    """A run of lines moved, doubled, dropped, or put on one line."""
    lines = text.split("\n")
    start = dice.randrange(len(lines))
    end = min(len(lines), start + dice.randrange(1, 6))
    run, rest = lines[start:end], lines[:start] + lines[end:]
    kind = dice.randrange(4)
    if kind == 0:
        return "\n".join(rest)
    place = dice.randrange(len(rest) + 1)
    if kind == 1:
        return "\n".join(rest[:place] + run + rest[place:])
    if kind == 2:
        return "\n".join(lines[:end] + run + lines[end:])
    return "\n".join([*lines[:start], " ".join(run), *lines[end:]])


def _join(text: str, dice: random.Random) -> str:
    """Two texts behind each other, or one inside the other."""
    other = dice.choice(seeds())
    place = dice.choice((0, len(text), dice.randrange(len(text) + 1)))
    return text[:place] + dice.choice(("", "\n", " ")) + other + text[place:]


def _number(text: str, dice: random.Random) -> str:
    """A number replaced by one at an edge."""
    found = list(re.finditer(r"(?<=: )-?[\d.]+", text))
    if not found:
        return _tokens(text, dice)
    match = dice.choice(found)
    new = dice.choice(
        ("0", "-1", "1", "0.0", "1.5", "1e9", "99999", "2147483647", "inf", "nan", match[0] + "0", "''")
    )
    return text[: match.start()] + new + text[match.end() :]


def _ends(text: str, dice: random.Random) -> str:
    """Other line ends, a cut, blanks at the ends."""
    kind = dice.randrange(4)
    if kind == 0:
        return text.replace("\n", "\r\n")
    if kind == 1:
        return text[: dice.randrange(len(text) + 1)]
    if kind == 2:
        return text.replace("\n", " ")
    return text.rstrip() if text.rstrip() != text else text + "\n\n"


_MUTATIONS = (_characters, _tokens, _tokens, _tokens, _lines, _lines, _join, _number, _number, _ends)
