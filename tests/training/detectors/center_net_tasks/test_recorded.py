"""Targets, losses and detections against those of the OD API for the same outputs of the heads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.networks.center_net.detector import track_identities
from cfgtool.networks.shapes import ShapeOps
from cfgtool.training.detectors.center_net.masks import mask_targets, region_weights
from cfgtool.training.detectors.center_net.task import Peaks, Truth
from cfgtool.training.detectors.center_net.tracking import TrackEstimation
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensor_weights import Weights

from . import answers, cases

DIFFERENT = {"densepose_l2", "densepose_smooth_l1", "densepose_few_parts", "temporal_l1", "temporal_giou"}
"""Where the OD API raises an error, or multiplies every weight with every error."""
WITH_LOSSES = [case for case in cases.CASES if case.name not in DIFFERENT and case not in cases.TRACKING]


def of_ones(case: cases.Case) -> tuple[list[dict[str, tf.Tensor]], Truth]:
    """Outputs and groundtruth with each object in an image of its own; the OD API takes no others to learn tracks."""
    kept = range(5 if "num_fc_layers" in case.text else 6)
    images = [index // cases.OBJECTS for index in kept]
    arrays: dict[str, Any] = cases.groundtruth(case.parts)
    wanted = ("boxes", "weights", "track_ids")
    one_each = {name: arrays[name].reshape(6, 1, *arrays[name].shape[2:])[list(kept)] for name in wanted}
    one_each["num_boxes"] = np.ones(len(images), np.int32)
    shapes = np.array(cases.TRUE_SHAPES)[images]
    outputs = [
        {name: tf.gather(value, images) for name, value in stack.items()} for stack in answers.outputs()
    ]
    return outputs, answers.truth_of(one_each, shapes)


def classifier(case: cases.Case) -> Weights:
    """The variables of the network's classifier, with the values of the case."""
    ops = ShapeOps()
    track_identities(ops, answers.config_of(case.text), (1, 1, 1, cases.EMBEDDING))
    weights = Weights(ops.variables.values())
    for number, variable in enumerate(weights.all):
        variable.assign(cases.classifier(number, tuple(variable.shape)))
    return weights


@pytest.mark.parametrize("case", WITH_LOSSES, ids=lambda case: case.name)
def test_losses(case: cases.Case) -> None:
    truth, outputs = answers.truth(case.extra, case.parts), answers.outputs(case.parts)
    got = {}
    for task in answers.tasks_of(case.text):
        losses = task.losses(outputs, truth)
        assert tuple(losses) == task.loss_terms
        got |= losses
    want = answers.recorded()[case.name]["losses"]
    assert got.keys() == want.keys()
    for name, value in got.items():
        np.testing.assert_allclose(value, want[name], rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("case", cases.TRACKING, ids=lambda case: case.name)
def test_losses_of_tracks(case: cases.Case) -> None:
    (task,) = answers.tasks_of(case.text)
    assert isinstance(task, TrackEstimation)
    weights = classifier(case)

    def identify(embeddings: tf.Tensor) -> tf.Tensor:
        ops = TensorOps(weights, training=True)
        logits = track_identities(ops, answers.config_of(case.text), embeddings)
        for variable, value in ops.updates:
            variable.assign(value)
        return logits

    outputs, truth = of_ones(case)
    want = answers.recorded()[case.name]
    losses = task.losses(task.identified(outputs, truth, identify), truth)
    np.testing.assert_allclose(losses["track/reid"], want["losses"]["track/reid"], rtol=1e-5)
    moving = [v.numpy() for d, v in zip(weights.described, weights.all, strict=True) if not d.trainable]
    for got, value in zip(moving, want.get("moving", []), strict=True):
        np.testing.assert_allclose(got, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "case", [case for case in cases.CASES if case.detections], ids=lambda case: case.name
)
def test_detections(case: cases.Case) -> None:
    want = answers.recorded()[case.name]
    shapes = tf.constant(cases.TRUE_SHAPES)
    got: dict[str, tf.Tensor] = {}
    for task in answers.tasks_of(case.text):
        got |= task.decode(answers.outputs(case.parts)[-1], answers.peaks(want), shapes)
    recorded = {name for name in want if name.startswith("detection_")}
    assert got.keys() == recorded - {"detection_boxes", "detection_classes"}
    for name, value in got.items():
        exact = name == "detection_masks"
        np.testing.assert_allclose(value, want[name], atol=0 if exact else 1e-5, err_msg=name)


@pytest.mark.parametrize("name", ["masks_sigmoid", "densepose", "tracking", "temporal_l1"])
def test_one_trace_detects_in_batches_and_images_of_any_size(name: str) -> None:
    case = next(case for case in cases.CASES if case.name == name)
    want, outputs = answers.recorded()[name], answers.outputs()[-1]
    peaks = answers.peaks(want)
    free = [[None, None, None, value.shape[-1]] for value in outputs.values()]
    signature = (
        {key: tf.TensorSpec(shape) for key, shape in zip(outputs, free, strict=True)},
        Peaks(*(tf.TensorSpec([None, *value.shape[1:]], value.dtype) for value in peaks)),
    )

    @tf.function(input_signature=signature)
    def detect(outputs: dict[str, tf.Tensor], peaks: Peaks) -> dict[str, tf.Tensor]:
        found = {}
        for task in answers.tasks_of(case.text):
            found |= task.decode(outputs, peaks, tf.constant(cases.TRUE_SHAPES))
        return found

    for image in range(cases.BATCH):
        one = slice(image, image + 1)
        found = detect(
            {key: value[one] for key, value in outputs.items()}, Peaks(*(value[one] for value in peaks))
        )
        for key, value in found.items():
            np.testing.assert_allclose(value, want[key][one], atol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", ["masks_sigmoid", "masks_weights", "masks_class_targets"])
def test_targets_of_masks(name: str) -> None:
    case = next(case for case in cases.CASES if case.name == name)
    truth = answers.truth(case.extra)
    want = answers.recorded()["targets"][name]
    np.testing.assert_array_equal(mask_targets(truth, cases.CLASSES), want["targets"])
    if "mask_weights" in case.extra:
        np.testing.assert_allclose(region_weights(truth), want["weights"], atol=1e-6)


def test_the_od_api_multiplies_every_weight_of_a_point_with_every_squared_error() -> None:
    """Its answer is this sum; ours takes each point's own weight, as with every other loss."""
    case = next(case for case in cases.CASES if case.name == "densepose_l2")
    truth = answers.truth()
    ours = answers.tasks_of(case.text)[1].losses(answers.outputs(), truth)["densepose/regression"]
    real = np.arange(cases.POINTS) < truth.batch["densepose_num_points"].numpy()[..., np.newaxis]
    weights = np.where(real, truth.weights.numpy()[..., np.newaxis], 0.0)
    errors = np.array([_squared_error(*place) for place in np.ndindex(weights.shape)]).reshape(weights.shape)
    count = np.count_nonzero(weights)
    np.testing.assert_allclose(ours, np.sum(weights**2 * errors) / count, rtol=1e-5)
    theirs = answers.recorded()["densepose_l2"]["losses"]["densepose/regression"]
    np.testing.assert_allclose(theirs, np.sum(weights**2) * np.sum(errors) / count, rtol=1e-5)


def _squared_error(image: int, object_: int, point: int) -> float:
    """Half the squared error at one point, the mean over the stacks: the map is resampled as a whole."""
    arrays = cases.groundtruth(24)
    y, x, v, u = arrays["densepose_surface_coords"][image, object_, point]
    part = arrays["densepose_part_ids"][image, object_, point]
    row, column = int(y * cases.HEIGHT), int(x * cases.WIDTH)
    maps = cases.outputs(24)["densepose/regression"][:, image, :, :, 2 * part : 2 * part + 2]
    large = tf.image.resize(maps, [cases.HEIGHT, cases.WIDTH]).numpy()
    return float(0.5 * np.mean(np.sum((large[:, row, column] - [v, u]) ** 2, axis=-1)))


@pytest.mark.parametrize("name", ["densepose_smooth_l1", "densepose_few_parts", "temporal_l1"])
def test_settings_that_stop_the_od_api_have_losses(name: str) -> None:
    case = next(case for case in cases.CASES if case.name == name)
    assert "Error" in answers.recorded()[name]["error"]
    truth, outputs = answers.truth(parts=case.parts), answers.outputs(case.parts)
    for task in answers.tasks_of(case.text):
        losses = task.losses(outputs, truth)
        assert all(0.01 < float(value) < 100 for value in losses.values())


def test_overlaps_of_offsets_are_refused() -> None:
    assert "Error" in answers.recorded()["temporal_giou"]["error"]
    with pytest.raises(UserError, match="weighted_giou' compares boxes"):
        answers.tasks_of(cases.TEMPORAL[-1].text)


def test_the_od_api_learns_no_tracks_of_several_objects_in_an_image() -> None:
    assert "Error" in answers.recorded()["tracking"]["several_objects"]
