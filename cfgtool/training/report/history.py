"""What a run has logged: `metrics.jsonl` of its model dir, read without TensorFlow."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cfgtool.errors import UserError
from cfgtool.files import read_bytes
from cfgtool.training.run.loop import TOTAL_LOSS
from cfgtool.training.run.tags import main_metrics
from cfgtool.training.run.telemetry import METRICS_FILE

LEARNING_RATE = "learning_rate"
STEPS_PER_SEC = "steps_per_sec"
LOSS = "Loss/"
_BY_CLASS = "PerformanceByCategory/"
_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class History:
    """The rows of a run by rising step; `cut_off` says that the last one was left half-written and is not among them.

    A row holds "step" and the values by their tags; NaN where a value was not finite.
    """

    folder: Path
    rows: list[Mapping[str, float]]
    cut_off: bool = False

    @property
    def last_step(self) -> int:
        """The newest step with values."""
        return int(self.rows[-1]["step"])

    def values(self, tag: str) -> list[tuple[float, float]]:
        """(step, value) of each row that has the tag; of several at one step the last one."""
        return list({row["step"]: row[tag] for row in self.rows if tag in row}.items())

    @property
    def tags(self) -> list[str]:
        """All tags, in the order of their first appearance."""
        return list(dict.fromkeys(tag for row in self.rows for tag in row if tag != "step"))

    @property
    def loss_terms(self) -> list[str]:
        """Tags of the losses of training, the total one first."""
        terms = [tag for tag in self.tags if tag.startswith(LOSS) and tag != TOTAL_LOSS]
        return [TOTAL_LOSS, *terms] if TOTAL_LOSS in self.tags else terms

    @property
    def main_metric(self) -> str | None:
        """The tag that evaluations are compared by: COCO's mAP, else another mean over classes; None without any."""
        return next(iter(self.main_metrics), None)

    @property
    def main_metrics(self) -> list[str]:
        """The same of boxes, of masks and of keypoints, as far as they are there."""
        return main_metrics(self.tags)

    @property
    def evaluations(self) -> list[Mapping[str, float]]:
        """The rows that an evaluation wrote."""
        tag = self.main_metric
        return [row for row in self.rows if tag in row] if tag is not None else []

    @property
    def by_class(self) -> dict[str, list[tuple[float, float]]]:
        """Class name -> (step, average precision) of each evaluation that tells it."""
        found: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for tag in self.tags:
            metric, _, name = tag.partition(_BY_CLASS)[2].partition("/")
            if name and "AP" in metric and "(" not in metric:
                found.setdefault(metric, {})[name] = self.values(tag)
        return next(iter(found.values()), {})


def read_history(model_dir: Path) -> History:
    """The history of the run in `model_dir`, which may be running.

    Raises UserError if there is no run, none of its steps is logged yet, or a line but the last is broken.
    """
    path = model_dir / METRICS_FILE
    if not model_dir.is_dir():
        raise UserError("there is no such run", path=str(model_dir))
    if not path.is_file():
        message = f"no run is in this folder: it has no {METRICS_FILE}"
        raise UserError(message, path=str(model_dir), hint="name the --model-dir of a `cfgtool train`")
    lines = read_bytes(str(path), _MOST_BYTES).decode("utf-8", "replace").split("\n")
    rows: list[Mapping[str, float]] = []
    cut_off = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _row(line)
        if row is not None:
            rows.append(row)
        elif number == len(lines):  # without a line end: being written, or cut off by a kill
            cut_off = True
        else:
            raise UserError("this line is no JSON object with a step", path=str(path), line=number)
    if not rows:
        raise UserError("no step is logged yet", path=str(path), hint="come back when the run has begun")
    rows.sort(key=lambda row: row["step"])
    return History(model_dir, rows, cut_off)


def _row(line: str) -> Mapping[str, float] | None:
    try:
        row = json.loads(line)
        step = float(row["step"])
    except (ValueError, KeyError, TypeError):
        return None
    numbers = {tag: value for tag, value in row.items() if isinstance(value, int | float)}
    missing = {tag: math.nan for tag, value in row.items() if value is None}
    return {**numbers, **missing, "step": step}
