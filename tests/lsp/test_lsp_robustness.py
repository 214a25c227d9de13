"""Half-typed and damaged texts: no feature may fail on any of them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsp_texts import DEMO, ROOT, opened

from cfgtool.lsp.actions import fix_all_edits, quick_fixes
from cfgtool.lsp.completion import complete
from cfgtool.lsp.diagnostics import diagnostics
from cfgtool.lsp.hover import hover
from cfgtool.lsp.opened import Opened
from cfgtool.lsp.outline import folds, selections, symbols
from cfgtool.lsp.paths import files, path_of_step, paths
from cfgtool.lsp.places import trail
from cfgtool.lsp.positions import ENCODINGS
from cfgtool.textproto.edits import apply_edits

BROKEN = ROOT / "fixtures" / "readme" / "broken.config"
LABEL_MAP = ROOT / "fixtures" / "shapes" / "shapes_label_map.pbtxt"
PIECES = [
    "{",
    "}",
    "<",
    ">",
    "[",
    "]",
    '"',
    "'",
    ":",
    ",",
    ";",
    "#",
    "\\",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "𝄞",
    "\ud800",
    "\u201c",
    "\ufeff",
    "\0",
    "item",
    "=",
    "-",
    "0x",
]


def exercise(text: Opened, offset: int) -> None:
    """Every feature at one place, with what must hold of any answer."""
    size = len(text.text)
    for shown in diagnostics(text):
        check_span(text, shown.start, shown.end)
    for action in quick_fixes(text, offset, offset):
        apply_edits(text.text, action.edits)
    for item in complete(text, offset, snippets=True):
        assert item.start <= offset <= item.end
        check_span(text, item.start, item.end)
    found = hover(text, offset)
    if found is not None:
        assert found.start <= offset <= found.end
    for path in paths(text):
        check_span(text, path.start, path.end)
        files(text, path)
    steps = trail(text.document, text.root, offset)
    if steps:
        path_of_step(text, steps[-1])
    for symbol in symbols(text):
        check_span(text, symbol.start, symbol.end)
    for first, last, _ in folds(text):
        assert 0 <= first < last < text.positions.line_count
    spans = selections(text, offset)
    assert spans[-1] == (0, size)
    assert all(outer[0] <= inner[0] and inner[1] <= outer[1] for inner, outer in pairwise(spans))


def check_span(text: Opened, start: int, end: int) -> None:
    assert 0 <= start <= end <= len(text.text)
    assert text.positions.position(start) <= text.positions.position(end)


@pytest.mark.parametrize("path", [DEMO, BROKEN, LABEL_MAP], ids=lambda path: path.name)
def test_every_prefix(path: object) -> None:
    """A text as it is typed from top to bottom; of a long one every few characters."""
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for end in range(0, len(text) + 1, max(1, len(text) // 250)):
        exercise(opened(text[:end]), end)


@pytest.mark.parametrize("seed", range(120))
def test_damaged_texts(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice([DEMO, BROKEN, LABEL_MAP]).read_text(encoding="utf-8")
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 0, 1, 3, 40]))
        text = text[:start] + chance.choice(PIECES) + text[end:]
    for _ in range(3):
        exercise(opened(text, chance.choice([DEMO, None])), chance.randrange(len(text) + 1))
    before = opened(text)
    apply_edits(text, fix_all_edits(before))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*PIECES, "model", "ssd", " ", "type", '"a"', "# cfgtool: ignore[X]"])
        | st.text(max_size=4),
        max_size=25,
    ),
    st.data(),
)
def test_any_text(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    offset = data.draw(st.integers(0, len(text)))
    exercise(opened(text, None), offset)
    for encoding in ENCODINGS:
        Opened("untitled:a", text, opened("").settings, 1, encoding).positions.position(offset)
