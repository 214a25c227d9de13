"""What holds of masks whatever the OD API says."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.training.detectors.center_net.masks import HEATMAP, mask_targets, region_weights
from cfgtool.training.detectors.center_net.task import Peaks

from . import answers, cases

SIGMOID = "classification_loss { weighted_sigmoid { } }"


def loss(text: str, outputs: list[dict[str, tf.Tensor]], **truth: object) -> float:
    (task,) = answers.tasks_of(f"mask_estimation_task {{ {text} }}")
    return float(task.losses(outputs, answers.truth(**truth))[HEATMAP])


def whole_map(classes: list[list[int]]) -> Peaks:
    """Detections whose boxes are the whole map: from the centre of the first cell to that of the last."""
    k = len(classes[0])
    box = tf.constant([0.0, 0.0, cases.ROWS, cases.COLUMNS], tf.float32)
    boxes = tf.broadcast_to(box, [cases.BATCH, k, 4])
    none = tf.zeros([cases.BATCH, k], tf.int32)
    return Peaks(
        tf.ones([cases.BATCH, k]), tf.constant(classes), none, none, boxes, tf.fill([cases.BATCH], k)
    )


def test_targets_are_the_union_of_the_masks_of_a_class() -> None:
    masks = np.zeros([cases.BATCH, cases.OBJECTS, cases.HEIGHT, cases.WIDTH], np.uint8)
    masks[0, 1, :32], masks[0, 2, 24:48] = 1, 1
    masks[1, 2] = 1  # a row of padding, whatever it holds
    got = mask_targets(answers.truth(masks=masks), cases.CLASSES).numpy()
    want = np.zeros([cases.BATCH, cases.ROWS, cases.COLUMNS, cases.CLASSES], np.float32)
    want[0, :12, :, 1] = 1.0
    np.testing.assert_array_equal(got, want)


def test_a_cell_is_as_bilinear_resampling_has_it() -> None:
    masks = np.random.default_rng(0).integers(
        0, 2, [cases.BATCH, cases.OBJECTS, cases.HEIGHT, cases.WIDTH]
    ).astype(np.uint8)  # fmt: skip
    classes = np.array([[0, 1, 2], [2, 0, 1]], np.int32)
    got = mask_targets(answers.truth(masks=masks, classes=classes), cases.CLASSES).numpy()
    size = [cases.ROWS, cases.COLUMNS]
    want = tf.image.resize(tf.reshape(masks, [6, cases.HEIGHT, cases.WIDTH, 1]), size).numpy()
    for row, class_ in enumerate(classes.reshape(-1)):
        np.testing.assert_allclose(got[row // 3, :, :, class_], want[row, :, :, 0], atol=1e-6)


def test_one_hot_class_targets_say_what_classes_say() -> None:
    plain = answers.truth()
    one_hot = tf.one_hot(plain.batch["classes"], cases.CLASSES).numpy()
    np.testing.assert_array_equal(
        mask_targets(answers.truth(class_targets=one_hot), cases.CLASSES), mask_targets(plain, cases.CLASSES)
    )


def test_masks_of_weight_1_weigh_nothing() -> None:
    ones = np.ones([cases.BATCH, cases.OBJECTS], np.float32)
    np.testing.assert_array_equal(region_weights(answers.truth(mask_weights=ones)), 1.0)


def test_what_is_predicted_in_a_box_of_weight_0_does_not_count() -> None:
    weights = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]], np.float32)
    ymin, xmin, ymax, xmax = cases.groundtruth(24)["boxes"][0, 1] * ([cases.ROWS, cases.COLUMNS] * 2)
    changed = cases.outputs(24)[HEATMAP].copy()
    changed[:, 0, int(ymin + 1) : int(ymax), int(xmin + 1) : int(xmax)] += 5
    before, after = answers.outputs(), answers.outputs(segmentation_heatmap=changed)
    assert loss(SIGMOID, before, mask_weights=weights) == loss(SIGMOID, after, mask_weights=weights)
    assert loss(SIGMOID, before) != loss(SIGMOID, after)


def test_what_is_predicted_on_padding_does_not_count() -> None:
    changed = cases.outputs(24)[HEATMAP].copy()
    changed[:, 1, 13:] += 5  # the second image ends at pixel 50 of 64
    assert loss(SIGMOID, answers.outputs()) == loss(SIGMOID, answers.outputs(segmentation_heatmap=changed))


def test_right_logits_have_no_loss() -> None:
    covered = mask_targets(answers.truth(), cases.CLASSES).numpy()
    sharp = np.broadcast_to(np.where(covered > 0.5, 40.0, -40.0), cases.outputs(24)[HEATMAP].shape)
    halves = np.zeros_like(cases.outputs(24)["object_center"])
    masks = np.repeat(np.repeat(covered > 0.5, 4, axis=1), 4, axis=2)
    by_object = np.moveaxis(masks, 3, 1).astype(np.uint8)
    classes = np.broadcast_to(np.arange(3, dtype=np.int32), [2, 3])
    outputs = answers.outputs(segmentation_heatmap=sharp.astype(np.float32), object_center=halves)
    assert loss(SIGMOID, outputs, masks=by_object, classes=classes) < 1e-6


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_a_box_of_the_whole_map_shows_its_class(threshold: float) -> None:
    size = f"mask_height: {cases.ROWS} mask_width: {cases.COLUMNS}"
    (task,) = answers.tasks_of(f"mask_estimation_task {{ {SIGMOID} {size} score_threshold: {threshold} }}")
    logits = cases.outputs(24)[HEATMAP][-1]
    classes = [[2, 0], [1, 1]]
    found = task.decode({HEATMAP: tf.constant(logits)}, whole_map(classes), tf.constant(cases.TRUE_SHAPES))
    masks = found["detection_masks"].numpy()
    assert masks.dtype == np.uint8
    probable = tf.sigmoid(logits).numpy() >= threshold
    want = np.stack([probable[image][..., classes[image]] for image in range(cases.BATCH)])
    np.testing.assert_array_equal(masks, np.moveaxis(want, 3, 1))
    assert 0 < masks.mean() < 1
