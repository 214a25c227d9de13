"""Losses of replicas, each with its share of a batch, against those of the whole batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.training import replicas
from cfgtool.training.detectors.center_net.task import Task
from cfgtool.training.detectors.center_net.tracking import TrackEstimation

from . import answers, cases

NAMES = ["masks_sigmoid", "masks_weights", "masks_dice", "densepose", "tracking", "temporal_l1"]


def share_losses(task: Task, case: cases.Case, rows: slice) -> dict[str, tf.Tensor]:
    whole = answers.truth(case.extra)
    batch = {name: value[rows] for name, value in whole.batch.items()}
    truth = whole._replace(batch=batch, valid=whole.valid[rows])
    outputs = [{name: value[rows] for name, value in heads.items()} for heads in answers.outputs()]
    if isinstance(task, TrackEstimation):
        kernel = cases.classifier(0, (cases.EMBEDDING, 7))
        outputs = task.identified(outputs, truth, lambda embeddings: tf.tensordot(embeddings, kernel, 1))
    return task.losses(outputs, truth)


@pytest.mark.parametrize(
    "case", [case for case in cases.CASES if case.name in NAMES], ids=lambda case: case.name
)
def test_losses_of_shares_add_up(case: cases.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = [slice(0, 1), slice(1, 2)]
    for task in answers.tasks_of(case.text):
        want = share_losses(task, case, slice(None))
        asked: list[list[tf.Tensor]] = []

        def note(value: tf.Tensor, asked: list[list[tf.Tensor]] = asked) -> tf.Tensor:
            asked[-1].append(value)
            return value

        monkeypatch.setattr(replicas, "total", note)
        for rows in shares:
            asked.append([])
            share_losses(task, case, rows)
        totals = [sum(values) for values in zip(*asked, strict=True)]
        assert totals
        found = []
        for rows in shares:
            monkeypatch.setattr(replicas, "total", _told(totals))
            found.append(share_losses(task, case, rows))
        monkeypatch.undo()
        for name, value in want.items():
            np.testing.assert_allclose(sum(share[name] for share in found), value, rtol=1e-5, err_msg=name)


def _told(totals: list[tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    """What the replicas together would answer, one question after the other."""
    left = iter(totals)
    return lambda value: next(left)
