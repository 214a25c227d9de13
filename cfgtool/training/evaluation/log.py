"""Where evaluations of a model dir are written: `eval/metrics.jsonl` and TensorBoard's scalars and pictures.

The run itself writes `metrics.jsonl` of the model dir; a second process beside it must not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cfgtool.files import atomic_write
from cfgtool.training.evaluation.evaluator import Evaluation
from cfgtool.training.run.telemetry import METRICS_FILE, TensorBoard


def as_json(values: Mapping[str, float]) -> dict[str, float | None]:
    """The values, with null for those that are no number: JSON has no word for them."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def eval_folder(model_dir: Path, reader_name: str) -> Path:
    """Where the OD API puts evaluations: `eval`, or `eval/<name of the reader>`."""
    return model_dir / "eval" / reader_name


def write_to_board(board: TensorBoard, step: int, evaluation: Evaluation) -> None:
    """The scalars and pictures of an evaluation under the OD API's tags; what is no number is left out."""
    board.write(step, {name: value for name, value in evaluation.values.items() if math.isfinite(value)})
    for picture, image in zip(evaluation.pictures, evaluation.side_by_side(), strict=True):
        board.image(step, picture.tag, np.asarray(image)[np.newaxis])


class EvalLog:
    """`metrics.jsonl` and TensorBoard of evaluations: a row a checkpoint, with its name, step and values."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / METRICS_FILE
        self._board = TensorBoard(folder)
        self._rows = _rows(self._path)

    @property
    def done(self) -> set[tuple[str, int]]:
        """(name, step) of the checkpoints that have a row."""
        return {(row["checkpoint"], row["step"]) for row in self._rows}

    def write(self, checkpoint: str, step: int, evaluation: Evaluation) -> None:
        """Write the row of a checkpoint by its name; an earlier one of the same checkpoint is replaced."""
        row = {"step": step, "checkpoint": checkpoint, **as_json(evaluation.values)}
        self._rows = [
            known for known in self._rows if known["checkpoint"] != checkpoint or known["step"] != step
        ]
        self._rows.append(row)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(known) + "\n" for known in self._rows)
        atomic_write(str(self._path), text.encode())
        write_to_board(self._board, step, evaluation)

    def close(self) -> None:
        self._board.close()


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of an earlier evaluation; lines that are none are dropped."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and {"step", "checkpoint"} <= row.keys():
            rows.append(row)
    return rows
