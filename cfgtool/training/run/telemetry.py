"""What a run tells while it goes: `metrics.jsonl`, TensorBoard scalars under the OD API's tags, a progress display."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

METRICS_FILE = "metrics.jsonl"


class MetricsFile:
    """`metrics.jsonl` in the model dir: one object per logged step, appended and flushed, cut back on resume."""

    def __init__(self, model_dir: Path, resume_step: int) -> None:
        """Open for appending; rows past `resume_step` are of steps that will be run again and are dropped."""
        self.path = model_dir / METRICS_FILE
        self._drop_rows_after(resume_step)
        self._file = self.path.open("a", encoding="utf-8")

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row. Non-finite values are written as null: JSON has no word for them."""
        row: dict[str, float | int | None] = {"step": step}
        row.update({key: value if math.isfinite(value) else None for key, value in values.items()})
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _drop_rows_after(self, step: int) -> None:
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _row_step(line) <= step]
        if len(kept) != len(lines):
            temporary = self.path.with_suffix(".tmp")
            temporary.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
            os.replace(temporary, self.path)


def _row_step(line: str) -> float:
    """The step of a row; infinity for a row that a kill left half-written, so that it is dropped."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf


class TensorBoard:
    """Scalar summaries in `<model dir>/<name>`, created with the first value."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Write each value under its name at `step`."""
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self._folder))
        with self._writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)
        self._writer.flush()

    def image(self, step: int, name: str, images: Any) -> None:
        """Write `images`, uint8 [n, height, width, 3], under `name` at `step`."""
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self._folder))
        with self._writer.as_default(step=step):
            tf.summary.image(name, images, max_outputs=len(images))
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class Progress:
    """The progress line on standard error: step, rate, time left, loss. Plain lines where there is no terminal."""

    def __init__(self, total: int, start: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        self.console = Console(stderr=True)
        self._total = total
        self._bar = Bar(
            TextColumn("training"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=total, completed=start, rate="", loss="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, step: int) -> None:
        """Move the bar to `step`."""
        self._bar.update(self._task, completed=step)

    def report(self, step: int, values: Mapping[str, float]) -> None:
        """Show the values of a logged step: in the bar, and as a line of its own where nobody watches."""
        rate = values.get("steps_per_sec", 0.0)
        total = values.get("Loss/total_loss", math.nan)
        self._bar.update(self._task, completed=step, rate=f"{rate:.2f} steps/s", loss=f"loss {total:.4f}")
        if not self.console.is_terminal:
            terms = "  ".join(
                f"{key.removeprefix('Loss/').removesuffix('_loss')} {value:.4f}"
                for key, value in values.items()
                if key.startswith("Loss/")
            )
            line = f"step {step}/{self._total}  {terms}  rate {values.get('learning_rate', 0.0):.3g}"
            self.say(f"{line}  {rate:.2f} steps/s")

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        with contextlib.suppress(BrokenPipeError):
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)
