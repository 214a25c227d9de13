"""The time of a whole analysis grows with the length of the text, and what is kept of it has a bound."""

from __future__ import annotations

import time

import pytest

from cfgtool.lint.engine import analyse
from cfgtool.textproto import parse
from cfgtool.textproto.tree import DEEPEST, MOST_PROBLEMS

SMALL, LARGE = 20_000, 160_000


def seconds(text: str) -> float:
    start = time.process_time()
    analyse(parse(text))
    return time.process_time() - start


@pytest.mark.parametrize(
    "unit",
    [
        "batch_size: 8\n",
        "train_config { batch_size: 8 } ",
        "train_config { data_augmentation_options { random_horizontal_flip { } } }\n",
        'eval_config { metrics_set: "coco" } ',
        "model { ssd { ",
        "a: 1  # cfgtool: ignore[CFG030]\n",
        "eval_input_reader { label_map_path: '' }\n",
        "item { id: 1 name: 'a' }\n",
    ],
)
def test_no_text_takes_quadratic_time(unit: str) -> None:
    small = min(seconds(unit * (SMALL // len(unit))) for _ in range(2))
    large = unit * (LARGE // len(unit))
    # Eight times the text: linear is 8, quadratic 64. A busy machine is slow now and then, a quadratic one always.
    assert any(seconds(large) < 25 * small + 0.3 for _ in range(4))


def test_mistakes_without_end_are_counted_and_said() -> None:
    report = analyse(parse("}" * (MOST_PROBLEMS + 5)))
    assert len(report.findings) == MOST_PROBLEMS
    assert report.notes == [f"more than {MOST_PROBLEMS:,} mistakes in the text: the rest is not listed"]
    assert len(analyse(parse("batch_size: 8\n" * (MOST_PROBLEMS + 5))).findings) <= MOST_PROBLEMS + 10


def test_blocks_beyond_measure_are_not_entered() -> None:
    document = parse("a {" * (DEEPEST + 10))
    assert str(document) == "a {" * (DEEPEST + 10)
    assert any("deep" in note for note in document.notes)
    assert sum(1 for _ in document.walk()) == DEEPEST + 1
