"""Texts beyond all measure: the time of parsing and linting them grows with their length, and no faster."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable

from benchmarks.light import Setting
from benchmarks.timing import run_function

SMALL, LARGE = 2_500_000, 10_000_000
"""Characters."""

EXTREMES: dict[str, Callable[[int], str]] = {
    "open braces": lambda size: "{" * size,
    "open blocks": lambda size: "model {\n" * (size // 8),
    "closing braces": lambda size: "}" * size,
    "one string": lambda size: f'train_config {{ fine_tune_checkpoint: "{"x" * size}" }}',
    "one line of fields": lambda size: "train_config { " + "batch_size: 1 " * (size // 14) + "}",
    "comments": lambda size: "# a comment on a line of its own\n" * (size // 33),
    "suppressions": lambda size: "a: 1  # cfgtool: ignore[CFG030]\n" * (size // 32),
    "unknown fields": lambda size: "batch_size: 8\n" * (size // 14),
    "one repeated field": lambda size: (
        "train_config {\n"
        + "data_augmentation_options { random_horizontal_flip { } }\n" * (size // 57)
        + "}\n"
    ),
}


def extremes(setting: Setting) -> None:
    """Each text at 2.5 and at 10 MB: four times the length, at most five times the time."""
    from cfgtool.lint.engine import analyse
    from cfgtool.textproto import parse

    for title, make in EXTREMES.items():
        seconds = []
        for size in (SMALL, LARGE):
            text = make(size)
            runs = []
            for _ in range(min(setting.rounds, 3)):
                gc.collect()
                runs.append(run_function(lambda text=text: analyse(parse(text))).cpu)
            seconds.append(statistics.median(runs))
        ratio = seconds[1] / seconds[0]
        small, large = (f"{each:.2f} s" for each in seconds)
        print(f"{title}: {small} for 2.5 MB, {large} for 10 MB; ratio {ratio:.1f} x (bar: at most 5 x)")
