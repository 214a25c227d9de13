"""Damage of a known kind to a legal text, and how much of its tree survives it."""

from __future__ import annotations

import random
import re
from collections import Counter

from cfgtool.textproto import Block, Document, ListValue, parse

Kept = Counter[tuple[tuple[str, ...], str]]


def leaves(document: Document, skip: tuple[int, int] = (-1, -1)) -> Kept:
    """Every field that is no block, as its path of names and its text; but for those that touch the span
    `skip`.
    """
    found: Kept = Counter()
    pending: list[tuple[Block, tuple[str, ...]]] = [(document.root, ())]
    while pending:
        block, path = pending.pop()
        for field in block.fields:
            place = (*path, field.name)
            items = field.value.items if isinstance(field.value, ListValue) else [field.value]
            blocks = [item for item in items if isinstance(item, Block)]
            pending += [(item, place) for item in blocks]
            if not blocks or not blocks[0].fields:
                touched = field.start <= skip[1] and field.end >= skip[0]
                value = document.text[field.start : field.end] if not blocks else "{}"
                found[place, value] += not touched
    return found


def survival(text: str, damaged: str, start: int, end: int, limit: int | None = None) -> float:
    """The share of the fields of `text` outside `start`..`end` (and before `limit`) that `damaged` still
    has in place.
    """
    before = parse(text)
    expected = leaves(before, (start, end))
    if limit is not None:
        expected = leaves(before, (limit, len(text)))
    total = sum(expected.values())
    kept = sum((expected & leaves(parse(damaged))).values())
    return kept / total if total else 1.0


def _code(text: str) -> str:
    """`text` with strings and comments masked, so that braces in them are not taken for braces."""
    pattern = r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'|#[^\n]*"
    return re.sub(pattern, lambda match: ("_" if match.group()[0] != "#" else " ") * len(match.group()), text)


def _replace(
    text: str, pattern: str, new: str, dice: random.Random, group: int = 0
) -> tuple[str, int, int] | None:
    matches = list(re.finditer(pattern, _code(text)))
    if not matches:
        return None
    start, end = dice.choice(matches).span(group)
    return text[:start] + new + text[end:], start, end


def damage(kind: str, text: str, seed: int) -> tuple[str, int, int] | None:
    """`text` damaged in one place, and the span that was touched; None where this damage is impossible."""
    dice = random.Random(seed)
    if kind == "dropped }":
        found = _replace(text, r"\}", "", dice)
        return found and (found[0], -1, -1)
    if kind == "dropped } line":
        found = _replace(text, r"\n[ \t]*\}(?=\r?\n)", "", dice)
        return found and (found[0], -1, -1)
    if kind == "extra } line":
        place = dice.choice([match.end() for match in re.finditer("\n", text)])
        indent = dice.choice(re.findall(r"(?m)^[ \t]*", text))
        return text[:place] + indent + "}\n" + text[place:], -1, -1
    if kind == "extra }":
        found = _replace(text, r"(?<=[{}\w_])(?=[ \t]*\r?\n)", " }", dice)
        return found and (found[0], -1, -1)
    if kind == "dropped {":
        found = _replace(text, r"[ \t]*\{", "", dice)
        return found and (found[0], -1, -1)
    if kind == "half-typed":
        place = dice.choice([match.end() for match in re.finditer("\n", text)])
        indent = re.match(r"[ \t]*", text[place:])
        assert indent is not None
        return (
            text[:place] + indent.group() + dice.choice(["foo:", "foo", "foo: "]) + "\n" + text[place:],
            -1,
            -1,
        )
    if kind == "truncated":
        place = dice.randrange(len(text) // 4, len(text))
        return text[:place], place, place
    patterns = {
        "missing value": (r"(?<=\w: )[\w.+-]+", ""),
        "no colon": (r"(?<=\w):(?= [\w])", ""),
        "= for :": (r"(?<=\w):(?= )", " ="),
        "unclosed list": (r"\]", ""),
    }
    if kind == "unclosed quote":
        quotes = [match.end() - 1 for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"', text)]
        quotes = [place for place in quotes if "#" not in text[text.rfind("\n", 0, place) + 1 : place]]
        if not quotes:
            return None
        place = dice.choice(quotes)
        return text[:place] + text[place + 1 :], place, place + 1
    pattern, new = patterns[kind]
    return _replace(text, pattern, new, dice)
