"""The best checkpoint of a run, kept in `best/` of the model dir, and when to stop waiting for a better one."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cfgtool.files import atomic_write
from cfgtool.training.run.saving import Saver

FOLDER = "best"
_FILE = "best.json"


def lower_is_better(metric: str) -> bool:
    """Whether small values of a metric are good ones: those of losses are."""
    return metric.startswith("Loss/")


@dataclass
class _Record:
    """The content of `best.json`: `later` are the steps of the evaluations since then."""

    metric: str
    value: float
    step: int
    checkpoint: str
    later: list[int] = field(default_factory=list)


class Best:
    """Keeps the checkpoint with the best value of one metric.

    `best.json` beside it remembers the value and the evaluations since, so that a resumed run goes on counting. It is
    written after the checkpoint: a kill in between leaves a checkpoint that is newer than the value, and the resumed
    run comes to the same step again.
    """

    def __init__(self, saver: Saver, folder: Path, metric: str, first_step: int) -> None:
        """`saver` saves the run's state in `folder`; `first_step` is the step that the run starts from.

        What was noted about another metric does not count, nor anything for a run that starts from step 0: it was
        another run, or comes to the same steps again.
        """
        self.metric = metric
        self._saver, self._path = saver, folder / _FILE
        self._record = self._read() if first_step else None
        self._waited: set[int] = set()
        if self._record is not None:
            self._waited = {step for step in self._record.later if step <= first_step}

    @property
    def value(self) -> float | None:
        """The best value so far."""
        return None if self._record is None else self._record.value

    @property
    def step(self) -> int | None:
        """The step of the best value."""
        return None if self._record is None else self._record.step

    @property
    def waited(self) -> int:
        """The number of evaluations since the best one."""
        return len(self._waited)

    def offer(self, step: int, value: float) -> bool:
        """Keep the state of the run if `value` at `step` is the best one; true if it is.

        A value that is no number is never the best. Raises UserError when the disk refuses.
        """
        if self._better(value):
            prefix = self._saver.save(number=step)
            self._waited = set()
            self._record = _Record(self.metric, value, step, Path(prefix).name)
        # Steps up to that of the best one are steps of before a kill that are run again.
        elif self._record is None or step > self._record.step:
            self._waited.add(step)
        self._write()
        return self._record is not None and self._record.step == step

    def _better(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        if self._record is None:
            return True
        return value < self._record.value if lower_is_better(self.metric) else value > self._record.value

    def _read(self) -> _Record | None:
        """What an earlier part of this run noted, if it is about this metric and its checkpoint is there."""
        try:
            record = _Record(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        there = self._path.with_name(f"{record.checkpoint}.index").is_file()
        return record if there and record.metric == self.metric else None

    def _write(self) -> None:
        if self._record is not None:
            self._record.later = sorted(self._waited)
            atomic_write(str(self._path), json.dumps(asdict(self._record)).encode() + b"\n")
