"""What holds of temporal offsets whatever the OD API says."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.training.detectors.center_net.task import Truth
from cfgtool.training.detectors.center_net.temporal import OFFSET, centre_cells

from . import answers, cases

(TASK,) = answers.tasks_of(cases.TEMPORAL[0].text)


def loss(truth: Truth) -> float:
    return float(TASK.losses(answers.outputs(), truth)[OFFSET])


def test_the_absolute_error_of_matched_objects_is_shared_by_all() -> None:
    truth = answers.truth()
    rows, columns = (value.numpy() for value in centre_cells(truth))
    arrays, maps = cases.groundtruth(24), cases.outputs(24)[OFFSET]
    total = 0.0
    for image, object_ in np.argwhere(arrays["weights"] * arrays["track_match_flags"] > 0):
        shown = maps[:, image, rows[image, object_], columns[image, object_]]
        error = np.abs(shown - arrays["temporal_offsets"][image, object_]).sum(axis=-1).mean()
        total += arrays["weights"][image, object_] * error
    objects = np.count_nonzero(arrays["weights"])
    assert loss(truth) == pytest.approx(0.3 * total / objects, rel=1e-5)


def test_offsets_that_are_not_known_have_no_loss_and_no_gradient() -> None:
    offsets = np.full([cases.BATCH, cases.OBJECTS, 2], np.nan, np.float32)
    outputs = answers.outputs()
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        found = TASK.losses(outputs, answers.truth(temporal_offsets=offsets))[OFFSET]
    assert float(found) == 0.0
    np.testing.assert_array_equal(tf.convert_to_tensor(tape.gradient(found, outputs[0][OFFSET])), 0.0)


def test_only_cells_of_matched_centres_learn() -> None:
    truth, outputs = answers.truth(), answers.outputs()
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        found = TASK.losses(outputs, truth)[OFFSET]
    gradient = tf.convert_to_tensor(tape.gradient(found, outputs[0][OFFSET])).numpy()
    matched = (truth.weights * truth.batch["track_match_flags"]).numpy() > 0
    rows, columns = centre_cells(truth)
    want = {
        (image, int(rows[image, object_]), int(columns[image, object_]))
        for image, object_ in np.argwhere(matched)
    }
    assert {tuple(place[:3]) for place in np.argwhere(gradient)} == want
