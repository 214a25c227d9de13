"""What a run writes while it goes: `metrics.jsonl`, TensorBoard scalars and pictures under the OD API's tags."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cfgtool.errors import UserError
from cfgtool.training.run.progress import Progress as Progress  # what tells is offered here as a whole
from cfgtool.training.starting.estimates import METRICS_FILE as METRICS_FILE

OnRow = Callable[[int, Mapping[str, float | None]], None]


class MetricsFile:
    """`metrics.jsonl` in the model dir: one object per logged step, appended and flushed, cut back on resume."""

    def __init__(self, model_dir: Path, resume_step: int, on_row: OnRow = lambda step, values: None) -> None:
        """Open for appending; rows past `resume_step` are of steps that will be run again and are dropped.

        `on_row` is told every row: those that are kept now, the others when they are written. Raises UserError when the
        disk refuses, as `write` does.
        """
        self.path = model_dir / METRICS_FILE
        self._on_row = on_row
        with _disk(self.path):
            self._drop_rows_after(resume_step)
            self._file = self.path.open("a", encoding="utf-8")

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row. Non-finite values are written as null: JSON has no word for them."""
        numbers = {key: value if math.isfinite(value) else None for key, value in values.items()}
        with _disk(self.path):
            self._file.write(json.dumps({"step": step, **numbers}) + "\n")
            self._file.flush()
        self._on_row(step, numbers)

    def close(self) -> None:
        """Close the file; rows are on disk already, or their loss was told."""
        with suppress(OSError):
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
        for line in kept:
            row = json.loads(line)
            self._on_row(int(row.pop("step")), row)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Raises UserError when the disk refuses what is done to `path`."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror or error}",
            path=str(path),
            hint="the last checkpoint is intact; make room there and start again",
        ) from None


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
        """Write each value under its name at `step`. Raises UserError when the disk refuses."""
        import tensorflow as tf

        with self._writing(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def image(self, step: int, name: str, images: Any) -> None:
        """Write `images`, uint8 [n, height, width, channels], under `name` at `step`; 1, 3 or 4 channels."""
        import tensorflow as tf

        with self._writing(step):
            tf.summary.image(name, images, max_outputs=len(images))

    @contextmanager
    def _writing(self, step: int) -> Iterator[None]:
        import tensorflow as tf

        try:
            if self._writer is None:
                self._writer = tf.summary.create_file_writer(str(self._folder))
            with self._writer.as_default(step=step):
                yield
            self._writer.flush()
        except (OSError, tf.errors.OpError) as error:
            reason = getattr(error, "message", None) or str(error)
            raise UserError(
                f"summaries cannot be written: {reason.splitlines()[0]}",
                path=str(self._folder),
                hint="the last checkpoint is intact; make room there and start again",
            ) from None

    def close(self) -> None:
        """Close the writer, if anything was written."""
        if self._writer is not None:
            self._writer.close()
