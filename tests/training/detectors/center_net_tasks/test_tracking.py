"""What holds of tracking whatever the OD API says."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.training.detectors.center_net.task import Peaks, Truth
from cfgtool.training.detectors.center_net.tracking import REID, TrackEstimation

from . import answers, cases

TRACKS = 7


def task_of(text: str = cases.TRACKING[0].text) -> TrackEstimation:
    (task,) = answers.tasks_of(text)
    assert isinstance(task, TrackEstimation)
    return task


def identify(embeddings: tf.Tensor) -> tf.Tensor:
    return tf.tensordot(embeddings, cases.classifier(0, (cases.EMBEDDING, TRACKS)), 1)


def loss(truth: Truth, text: str = cases.TRACKING[0].text) -> float:
    task = task_of(text)
    return float(task.losses(task.identified(answers.outputs(), truth, identify), truth)[REID])


@pytest.mark.parametrize("case", cases.TRACKING[:2], ids=lambda case: case.name)
def test_several_objects_lose_what_they_lose_alone(case: cases.Case) -> None:
    weights = cases.groundtruth(24)["weights"]
    alone = []
    for place in np.argwhere(weights > 0):
        only = np.zeros_like(weights)
        only[tuple(place)] = weights[tuple(place)]
        alone.append(loss(answers.truth(weights=only), case.text))
    assert loss(answers.truth(), case.text) == pytest.approx(np.mean(alone), rel=1e-5)


def test_a_track_that_is_not_known_has_no_loss() -> None:
    ids = np.full([cases.BATCH, cases.OBJECTS], TRACKS, np.int32)
    assert loss(answers.truth(track_ids=ids)) == 0.0


def test_statistics_of_the_classifier_are_those_of_the_objects() -> None:
    """Five objects among six rows, and the same among twenty: every row holds one of them."""
    five = answers.truth()
    padded = {
        name: np.pad(value, [(0, 0), (0, 7), *[(0, 0)] * (value.ndim - 2)], constant_values=0)
        for name, value in cases.groundtruth(24).items()
        if name in ("boxes", "weights", "track_ids")
    }
    seen: list[np.ndarray] = []

    def watch(embeddings: tf.Tensor) -> tf.Tensor:
        seen.append(embeddings.numpy()[:, 0, 0])
        return identify(embeddings)

    for truth in (five, answers.truth(**padded)):
        task_of().identified(answers.outputs()[:1], truth, watch)
    few, many = seen
    assert (len(few), len(many)) == (6, 20)
    objects = np.unique(few, axis=0)
    assert len(objects) == 5
    rows, counts = np.unique(many, axis=0, return_counts=True)
    np.testing.assert_array_equal(rows, objects)
    assert counts.max() - counts.min() <= 1


def test_without_any_object_there_is_no_loss() -> None:
    assert loss(answers.truth(weights=np.zeros([cases.BATCH, cases.OBJECTS], np.float32))) == 0.0


def test_embeddings_have_length_1_and_none_is_not_a_number() -> None:
    maps = np.zeros([1, cases.ROWS, cases.COLUMNS, cases.EMBEDDING], np.float32)
    maps[0, 2, 3] = [3, 4, 0, 0, 0, 0]
    places = tf.constant([[2, 5]]), tf.constant([[3, 5]])
    peaks = Peaks(tf.ones([1, 2]), tf.zeros([1, 2], tf.int32), *places, tf.zeros([1, 2, 4]), tf.constant([2]))
    found = task_of().decode({REID: tf.constant(maps)}, peaks, tf.constant([[64, 96, 3]]))
    np.testing.assert_allclose(found["detection_embeddings"], [[[0.6, 0.8, 0, 0, 0, 0], [0] * 6]])
