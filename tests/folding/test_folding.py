"""Names folded into few lines stand for exactly the names that were put in."""

from __future__ import annotations

import random
import re
from collections.abc import Hashable

import pytest

from cfgtool.folding import Node, braced, common_folder, fold, grow, leaves, together, walk


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["stem"], "stem"),
        (["gamma", "beta"], "{gamma,beta}"),
        (["block_1", "block_2"], "block_{1..2}"),
        (["block_9", "block_10", "block_11"], "block_{9..11}"),
        (["10", "2", "1", "3"], "{1..3,10}"),
        (["level_0", "level_2", "level_3"], "level_{0,2,3}"),
        (["stage_1_conv", "stage_2_conv"], "stage_{1..2}_conv"),
        (["unit_01", "unit_02"], "{unit_01,unit_02}"),
        (["c1_1", "c2_2"], "{c1_1,c2_2}"),
        (["a1", "b2"], "{a1,b2}"),
        (["conv", "conv_1"], "{conv,conv_1}"),
        (["x1y", "x1yy"], "{x1y,x1yy}"),
        (["p\u00b2", "p\u00b3"], "{p\u00b2,p\u00b3}"),
        (["n" + "7" * 5000, "n" + "8" * 5000], "{n" + "7" * 5000 + ",n" + "8" * 5000 + "}"),
        ([chr(97 + letter) for letter in range(11)], "{a,b,c,d,e,f,g,h,...3 more}"),
    ],
)
def test_one_spelling(names: list[str], text: str) -> None:
    assert braced(names) == text


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        ([], ""),
        (["a/b/c"], "a/b/"),
        (["a/b/c", "a/b/d"], "a/b/"),
        (["a/b", "a/b/c"], "a/"),
        (["a/bc/d", "a/bd/d"], "a/"),
        (["a/b", "c"], ""),
    ],
)
def test_common_folder(names: list[str], folder: str) -> None:
    assert common_folder(names) == folder


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a/b"], "a/b"),
        (["l-3/x", "l-4/x", "l-9/x"], "l-{3,4,9}/x"),
        (["l-3/x", "l-3/y", "l-4/x", "l-4/y"], "l-{3..4}/{x,y}"),
        (["a", "a/b"], "{a,a/b}"),
    ],
)
def test_names_together(names: list[str], text: str) -> None:
    assert together(names) == text


def _shown(items: list[tuple[str, Hashable]]) -> list[str]:
    return [
        f"{'  ' * level}{name} {sorted(set(map(str, node.values)))}"
        for level, name, node in walk(fold(grow(items), lambda value: value))
    ]


def test_like_blocks_share_a_line() -> None:
    items: list[tuple[str, Hashable]] = [("backbone/stem/kernel", 3)]
    for block in range(1, 6):
        items += [(f"backbone/block_{block}/conv/kernel", 3)]
        items += [(f"backbone/block_{block}/conv/norm/{leaf}", 8) for leaf in ("gamma", "beta")]
    items += [("backbone/block_6/conv/kernel", 4)]
    assert _shown(items) == [
        "backbone []",
        "  stem/kernel ['3']",
        "  block_{1..5}/conv []",
        "    kernel ['3']",
        "    norm/{gamma,beta} ['8']",
        "  block_6/conv/kernel ['4']",
    ]


def test_folders_of_other_words_stay_apart() -> None:
    assert _shown([("expand/kernel", 1), ("project/kernel", 1)]) == [
        "expand/kernel ['1']",
        "project/kernel ['1']",
    ]


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["a", "a/b", "a//c"], ["a ['0']", "  b ['1']", "  /c ['2']"]),
        (["", "/a"], [" ['0']", "  a ['1']"]),
        (["/a"], ["/a ['0']"]),
    ],
)
def test_a_name_may_be_a_folder_too_and_empty(names: list[str], lines: list[str]) -> None:
    assert _shown([(name, number) for number, name in enumerate(names)]) == lines


def test_depth_cuts() -> None:
    root = grow([("a/b/c", 1), ("a/d/e", 2), ("f", 3)])
    assert [name for _, name, _ in walk(root, 1)] == ["a", "f"]
    assert [name for _, name, _ in walk(root, 2)] == ["a", "b/c", "d/e", "f"]


def _spread(text: str) -> list[str]:
    """The names that a folded one stands for."""
    found = re.search(r"\{([^{}]*)\}", text)
    if not found:
        return [text]
    words: list[str] = []
    for part in found[1].split(","):
        ends = part.split("..")
        words += map(str, range(int(ends[0]), int(ends[1]) + 1)) if len(ends) == 2 else ends
    return [name for word in words for name in _spread(text[: found.start()] + word + text[found.end() :])]


def _paths(node: Node[int], above: str) -> list[str]:
    path = f"{above}/{braced(node.names, 10**6)}" if above else braced(node.names, 10**6)
    own = [path] if node.values else []
    return own + [name for child in node.children for name in _paths(child, path)]


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_or_added(seed: int) -> None:
    draw = random.Random(seed)
    steps = [
        "block_1",
        "block_2",
        "block_3",
        "block_10",
        "conv",
        "norm",
        "0",
        "1",
        "2",
        "gamma",
        "beta",
        "x7y",
        "x8y",
    ]
    names = list(
        dict.fromkeys("/".join(draw.choices(steps, k=draw.randint(1, 4))) for _ in range(draw.randint(1, 80)))
    )
    kinds = {name: draw.randint(0, 1) for name in names}
    root = grow([(name, kinds[name]) for name in names])
    fold(root, lambda value: value)
    folded = [path for child in root.children for path in _paths(child, "")]
    spread = [name for path in folded for name in _spread(path)]
    assert sorted(spread) == sorted(names)
    assert sorted(root.everything()) == sorted(kinds.values())


def test_leaves_have_their_whole_names() -> None:
    root = fold(grow([("a/b/x", 1), ("a/b/y", 1), ("a/c", 2), ("d", 3)]), int)
    assert [(name, node.values) for name, node in leaves(root)] == [
        ("a/b/{x,y}", [1, 1]),
        ("a/c", [2]),
        ("d", [3]),
    ]


def test_deep_names_and_many_siblings() -> None:
    deep = "/".join(["a"] * 20_000)
    root = fold(grow([(deep, 0), *((f"s/layer_{number}/kernel", 1) for number in range(20_000))]), int)
    assert [name for _, name, _ in walk(root)] == [deep, "s/layer_{0..19999}/kernel"]
