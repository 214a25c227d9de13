"""What holds of DensePose whatever the OD API says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.training.detectors.center_net.densepose import HEATMAP, REGRESSION, DensePoseEstimation
from cfgtool.training.detectors.center_net.task import Truth

from . import answers, cases

CASE = cases.DENSEPOSE[0]
CELLS = next(case for case in cases.DENSEPOSE if case.name == "densepose_cells")


def task_of(text: str = CASE.text) -> DensePoseEstimation:
    task = answers.tasks_of(text)[1]
    assert isinstance(task, DensePoseEstimation)
    return task


def losses(truth: Truth, outputs: list[dict[str, tf.Tensor]] | None = None) -> tuple[float, float]:
    found = task_of().losses(outputs or answers.outputs(), truth)
    return float(found[HEATMAP]), float(found[REGRESSION])


def at(y: float, x: float, part: int = 3) -> dict[str, Any]:
    """One point, of the first object of the first image; its coordinates are 0."""
    arrays = cases.groundtruth(24)
    counts = np.zeros_like(arrays["densepose_num_points"])
    counts[0, 0] = 1
    parts = np.full_like(arrays["densepose_part_ids"], part)
    surface = np.zeros_like(arrays["densepose_surface_coords"])
    surface[0, 0, 0, :2] = y, x
    return {
        "densepose_num_points": counts,
        "densepose_part_ids": parts,
        "densepose_surface_coords": surface,
    }


@pytest.mark.parametrize("point", [(0.0, 0.0), (0.999, 0.999), (1.0, 1.0), (0.41, 0.77), (0.02, 0.5)])
@pytest.mark.parametrize("upsampled", [True, False])
def test_losses_are_of_what_the_map_shows_at_the_point(point: tuple[float, float], upsampled: bool) -> None:
    text = CASE.text if upsampled else CELLS.text
    found = task_of(text).losses(answers.outputs(), answers.truth(**at(*point)))
    shown = []
    for name in (HEATMAP, REGRESSION):
        maps = tf.constant(cases.outputs(24)[name][:, 0])
        if upsampled:
            maps = tf.image.resize(maps, [cases.HEIGHT, cases.WIDTH])
        row, column = (
            min(int(fraction * side), side - 1) for fraction, side in zip(point, maps.shape[1:3], strict=True)
        )
        shown.append(maps.numpy()[:, row, column])
    scores, surface = shown
    entropy = np.log(np.exp(scores).sum(axis=-1)) - scores[:, 3]
    np.testing.assert_allclose(found[HEATMAP], entropy.mean(), rtol=1e-5)
    np.testing.assert_allclose(found[REGRESSION], np.abs(surface[:, 6:8]).sum(axis=-1).mean(), rtol=1e-5)


def test_padding_may_hold_anything() -> None:
    arrays = cases.groundtruth(24)
    padding = np.arange(cases.POINTS) >= arrays["densepose_num_points"][..., np.newaxis]
    surface, parts = arrays["densepose_surface_coords"].copy(), arrays["densepose_part_ids"].copy()
    surface[padding], parts[padding] = np.nan, 99
    outputs = answers.outputs()
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        found = task_of().losses(
            outputs, answers.truth(densepose_surface_coords=surface, densepose_part_ids=parts)
        )
        total = tf.add_n(list(found.values()))
    assert (float(found[HEATMAP]), float(found[REGRESSION])) == losses(answers.truth())
    for gradient in tape.gradient(total, [outputs[0][HEATMAP], outputs[0][REGRESSION]]):
        assert np.isfinite(gradient).all()
        assert np.count_nonzero(gradient)


def test_a_part_that_there_is_not_has_no_loss() -> None:
    one_more = at(0.5, 0.5)
    one_more["densepose_num_points"][0, 0] = 2
    one_more["densepose_part_ids"][0, 0, 1] = 24
    assert losses(answers.truth(**one_more)) == losses(answers.truth(**at(0.5, 0.5)))


def test_without_any_point_there_is_no_loss() -> None:
    none = np.zeros([cases.BATCH, cases.OBJECTS], np.int32)
    assert losses(answers.truth(densepose_num_points=none)) == (0.0, 0.0)


def test_masks_of_other_classes_are_plain() -> None:
    want = answers.recorded()[CASE.name]
    outputs, peaks, shapes = answers.outputs()[-1], answers.peaks(want), tf.constant(cases.TRUE_SHAPES)
    plain, dressed = (task.decode(outputs, peaks, shapes) for task in answers.tasks_of(CASE.text))
    masks, parts = plain["detection_masks"].numpy(), dressed["detection_masks"].numpy()
    coordinates = dressed["detection_surface_coords"].numpy()
    people = peaks.classes.numpy() == 1
    assert people.any()
    assert not people.all()
    np.testing.assert_array_equal(parts[~people], masks[~people])
    np.testing.assert_array_equal(parts > 0, masks > 0)
    assert parts[people].max() > 1
    np.testing.assert_array_equal(coordinates[~people], 0.0)
    np.testing.assert_array_equal(coordinates[masks == 0], 0.0)
