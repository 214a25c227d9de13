"""CenterNet where the OD API gives no answer: what it fails at or leaves out, static shapes for every setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.center_net.cells import at_cells, box_spread, gaussian_maps
from cfgtool.training.detectors.center_net.detector import CenterNetDetector
from cfgtool.training.detectors.center_net.support import unsupported, untrainable
from cfgtool.training.detectors.support import unsupported as unsupported_of_all

from .cases import BASE, BOXES, CASES, LABEL_MAP, SIDE, TRUE_SHAPES, Case, _points
from .test_cases import BEYOND, BY_NAME, OTHERWISE, RECORDED, REFUSED, answer, batch, detector, outputs

ZERO = tf.UnconnectedGradients.ZERO
TRAINED = {name for name, case in BY_NAME.items() if name not in REFUSED and not case.detections_only}
ANSWERED = set(RECORDED) - {*REFUSED, *BEYOND, *OTHERWISE}


def named(names: set[str], quick: tuple[str, ...]) -> list[Any]:
    """Parameters for a test of all `names`, of which a few are enough for every run."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in sorted(names)]


def center_net(text: str, reader: str = "train_input_reader { num_keypoints: 8 }") -> Config:
    return read_config(parse(f"model {{ center_net {{ {BASE} {text} }} }} {reader}")).find("model.center_net")


def changed(case: Case, old: str, new: str) -> Case:
    assert old in case.text
    return case._replace(text=case.text.replace(old, new))


class TestCells:
    def test_peaks_are_the_highest_gaussians_of_their_channel(self) -> None:
        points = np.array([[[3.7, 2.2], [5.0, 6.9], [3.0, 4.0], [0.0, 0.0]]], np.float32)
        spread = np.array([[1.5, 0.0, 2.0, 1.0]], np.float32)
        weights = np.array([[1.0, 1.0, 0.5, 0.0]], np.float32)
        channels = [0, 2, 0, 1]
        want = np.zeros([8, 9, 3])
        rows, columns = np.mgrid[:8, :9]
        for (y, x), sigma, weight, channel in zip(points[0], spread[0], weights[0], channels, strict=True):
            squared = (rows - np.floor(y)) ** 2 + (columns - np.floor(x)) ** 2
            bell = np.exp(-squared / (2 * sigma**2)) if sigma else (squared == 0) * 1.0
            want[..., channel] = np.maximum(want[..., channel], weight * bell)
        for trim in (True, False):
            found = gaussian_maps(points, spread, tf.constant([channels]), weights, (8, 9), 3, trim=trim)
            np.testing.assert_allclose(found[0], want, atol=1e-6)

    def test_without_objects_a_map_is_empty(self) -> None:
        none = tf.zeros([2, 3])
        found = gaussian_maps(tf.zeros([2, 3, 2]), none, tf.fill([2, 3], -1), none, (4, 4), 2)
        assert not found.numpy().any()

    def test_cells_outside_are_the_nearest_ones_inside(self) -> None:
        values = tf.reshape(tf.range(12.0), [1, 3, 4, 1])
        found = at_cells(values, tf.constant([[-1, 3, 1]]), tf.constant([[0, 9, 2]]))
        assert found.numpy().ravel().tolist() == [0, 11, 6]

    def test_the_smallest_box_has_a_peak_of_one_cell(self) -> None:
        assert box_spread(tf.constant(0.1), tf.constant(0.1), 0.7).numpy() == pytest.approx(1 / 6)


def test_other_localization_losses_add_up_both_numbers_of_a_centre() -> None:
    """The OD API's L2 pairs every object with the weights of all, its smooth L1 fails."""
    for kind, loss in (
        ("l2", lambda error: 0.5 * error**2),
        ("smooth_l1", lambda error: np.where(abs(error) < 1, 0.5 * error**2, abs(error) - 0.5)),
    ):
        case = BY_NAME[kind]
        found = answer(case)
        truth, heads = case.groundtruth(), case.outputs()[0]
        boxes = truth["boxes"] * SIDE
        sizes, centres = boxes[..., 2:] - boxes[..., :2], 0.5 * (boxes[..., 2:] + boxes[..., :2])
        targets = {"box/scale": (sizes, 0.1), "box/offset": (centres - np.floor(centres), 1.0)}
        rows, columns = np.moveaxis(centres.astype(int), -1, 0)
        for name, (target, factor) in targets.items():
            at = heads[name][np.arange(2)[:, np.newaxis], rows, columns]
            want = (truth["weights"][..., np.newaxis] * loss(at - target)).sum() / 5
            assert found[f"Loss/{name}"] == pytest.approx(factor * want, rel=1e-5), (kind, name)


def test_l2_of_keypoints_is_that_of_their_numbers() -> None:
    squared = answer(_points("", "loss { localization_loss { weighted_l2 { } } }"))
    linear = answer(BY_NAME["points_smooth_l1"])
    for name in ("offset", "regression"):
        assert squared[f"Loss/person/keypoint/{name}"] >= linear[f"Loss/person/keypoint/{name}"] > 0


def test_depths_of_a_class_among_others() -> None:
    """The OD API trains such a model and fails at its first detection."""
    case = BY_NAME["depth_of_many"]
    heads = [{**outputs(case)[0], "person/keypoint/depth": tf.fill([2, SIDE, SIDE, 1], 2.5)}]
    found = detector(case).postprocess(heads, tf.constant(TRUE_SHAPES))
    depths, scores = found["detection_keypoint_depths"].numpy(), found["detection_keypoint_scores"].numpy()
    matched = scores > 0.1  # the score of keypoints without a candidate
    assert matched.any()
    assert (depths[matched] == 2.5).all()
    assert not depths[~matched].any()
    assert not depths[found["detection_classes"].numpy() != 0].any()


def test_each_task_clips_its_own_keypoints() -> None:
    """The OD API clips none if the tasks do not agree."""
    case = BY_NAME["clipped_one_of_two"]
    clipped = answer(case)["detection_keypoints"]
    free = answer(changed(case, "clip_out_of_frame_keypoints: true", ""))["detection_keypoints"]
    assert (free[:, :, :5] < 0).any()
    np.testing.assert_array_equal(clipped[:, :, :5], free[:, :, :5].clip(0, 1))
    np.testing.assert_array_equal(clipped[:, :, 5:], free[:, :, 5:])
    assert (free[:, :, 5:] < 0).any()


def test_boxes_are_in_the_frame_of_the_image_whatever_the_suppression_says() -> None:
    """The OD API fails unless `change_coordinate_frame` is false."""
    case = BY_NAME["nms_frame"]
    other = answer(
        changed(
            case,
            "batch_non_max_suppression { }",
            "batch_non_max_suppression { change_coordinate_frame: false }",
        )
    )
    for name, value in answer(case).items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_each_task_rescores_by_its_own_threshold() -> None:
    """The OD API counts keypoints below the threshold of one task as 0 in the next."""
    texts = [
        "rescore_instances: true rescoring_threshold: 0.9",
        "rescore_instances: true rescoring_threshold: 0.05",
    ]
    found = answer(_points("", texts[0], dog=texts[1], detections_only=True))
    plain = answer(_points("", dog="", detections_only=True))
    dogs = plain["detection_classes"] == 1
    assert dogs.any()
    want = plain["detection_scores"] * plain["detection_keypoint_scores"][..., 5:].mean(axis=-1)
    np.testing.assert_allclose(found["detection_scores"][dogs], want[dogs], rtol=1e-6)


def test_argmax_looks_at_objects_of_the_class_alone() -> None:
    text = 'argmax_postprocessing: true candidate_ranking_mode: "gaussian_weighted_const" per_keypoint_offset: true'
    found = answer(_points("", text, detections_only=True))
    persons = found["detection_classes"] == 0
    assert persons.any()
    assert not persons.all()
    assert (found["detection_keypoint_scores"][persons][:, :5] > 0).any()
    assert not found["detection_keypoint_scores"][~persons].any()


def test_keypoints_stand_at_their_ids(tmp_path: Path) -> None:
    """In the order of the groundtruth, whatever that of the label map is; the OD API keeps the label map's order for
    models of one class.
    """
    order = [3, 0, 4, 2, 1]
    points = "".join(f'keypoints {{ id: {number} label: "{number}" }}' for number in order)
    path = tmp_path / "map.pbtxt"
    path.write_text(f'item {{ id: 1 name: "person" {points} }}')
    case = BY_NAME["one_class"]
    moved = case._replace(text=f'{case.text} keypoint_label_map_path: "{path}"')
    straight, placed = answer(case), answer(moved)
    for place, number in enumerate(order):
        np.testing.assert_array_equal(
            placed["detection_keypoints"][:, :, number], straight["detection_keypoints"][:, :, place]
        )


def test_fewer_cells_than_boxes_are_asked_for() -> None:
    case = Case(
        "", f"{BOXES} object_center_params {{ max_box_predictions: 1000 }}", {"box/scale": 2, "box/offset": 2}
    )
    found = answer(case)
    assert found["detection_boxes"].shape == (2, SIDE * SIDE * 3, 4)
    assert (np.diff(found["detection_scores"]) <= 0).all()


def test_the_outputs_are_told_where_they_are_asked_for() -> None:
    case = BY_NAME["two_stacks"]
    found = answer(case._replace(text=f"{case.text} output_prediction_dict: true", detections_only=True))
    for name, values in case.outputs()[-1].items():
        np.testing.assert_array_equal(found[name], values)


class TestKeypointWeights:
    """The OD API loads them and leaves them out of the losses."""

    case = BY_NAME["points_around"]

    def losses(self, **more: np.ndarray) -> dict[str, float]:
        values = {
            **batch(self.case),
            **{name: tf.constant(value, tf.float32) for name, value in more.items()},
        }
        found = detector(self.case).loss(outputs(self.case), values)
        return {name: float(value) for name, value in found.items()}

    def test_a_keypoint_without_weight_is_as_good_as_absent(self) -> None:
        weights, absent = np.ones([2, 4, 8]), self.case.groundtruth()["keypoints"].copy()
        weights[0, 0, 2] = 0
        absent[0, 0, 2] = np.nan
        found = self.losses(keypoint_weights=weights)
        assert found == pytest.approx(self.losses(keypoints=absent), rel=1e-6)
        assert found != pytest.approx(self.losses(), rel=1e-6)

    def test_losses_are_means_by_weight(self) -> None:
        assert self.losses(keypoint_weights=np.full([2, 4, 8], 0.8)) == pytest.approx(self.losses(), rel=1e-6)
        uneven = np.ones([2, 4, 8])
        uneven[:, :, 0] = 3
        found, plain = self.losses(keypoint_weights=uneven), self.losses()
        assert found["person/keypoint/heatmap"] == pytest.approx(plain["person/keypoint/heatmap"])
        assert found["person/keypoint/offset"] != pytest.approx(plain["person/keypoint/offset"])


@pytest.mark.parametrize(
    "name", named(TRAINED, ("depth_each", "dice", "points_two_tasks", "center_from_points"))
)
def test_a_batch_without_objects_has_finite_losses_and_gradients(name: str) -> None:
    case = BY_NAME[name]
    values = batch(case)
    values |= {
        "num_boxes": tf.zeros([2], tf.int32),
        "weights": tf.zeros([2, 4]),
        "classes": tf.fill([2, 4], -1),
    }
    heads = outputs(case)
    with tf.GradientTape() as tape:
        tape.watch(heads)
        losses = detector(case).loss(heads, values)
        total = tf.add_n(list(losses.values()))
    assert np.isfinite(total)
    for term, value in losses.items():
        assert float(value) == 0.0 or "heatmap" in term or term == "object_center"
    for gradient in tape.gradient(total, tf.nest.flatten(heads), unconnected_gradients=ZERO):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", named(TRAINED, ("points_around_each", "class_targets")))
def test_the_loss_compiles_with_static_shapes(name: str) -> None:
    case = BY_NAME[name]
    ours = detector(case, trim_padding=False)

    def step(heads: list[dict[str, tf.Tensor]], values: dict[str, tf.Tensor]) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(heads)
            total = tf.add_n(list(ours.loss(heads, values).values()))
        return [total, *tape.gradient(total, tf.nest.flatten(heads), unconnected_gradients=ZERO)]

    eager = step(outputs(case), batch(case))
    compiled = tf.function(step, jit_compile=True)(outputs(case), batch(case))
    for got, want in zip(compiled, eager, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", named(ANSWERED, ("points_two_tasks", "argmax", "nms_soft")))
def test_sizes_may_be_unknown(name: str) -> None:
    case = BY_NAME[name]
    ours = detector(case)

    def free(value: tf.Tensor, axes: int) -> tf.TensorSpec:
        return tf.TensorSpec([None] * axes + value.shape[axes:].as_list(), value.dtype)

    heads, values = outputs(case), batch(case)
    signature = [
        [{key: free(value, 3) for key, value in stack.items()} for stack in heads],
        {key: free(value, 1 if value.shape.rank == 1 else 2) for key, value in values.items()},
    ]

    @tf.function(input_signature=signature)
    def traced(heads: list[dict[str, tf.Tensor]], values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        found = {} if case.detections_only else ours.loss(heads, values)
        return {**found, **ours.postprocess(heads, tf.constant(TRUE_SHAPES))}

    for key, value in traced(heads, values).items():
        want = RECORDED[name].get(key, RECORDED[name].get(f"Loss/{key}"))
        np.testing.assert_allclose(value, want, rtol=1e-5, atol=2e-6, err_msg=key)


_TASK = 'keypoint_estimation_task { task_name: "a" keypoint_class_name: "person" loss { %s %s } %s }'
_HEAT = "classification_loss { penalty_reduced_logistic_focal_loss { } }"
_PLACE = "localization_loss { l1_localization_loss { } }"


def task(text: str, heat: str = _HEAT, place: str = _PLACE) -> str:
    return _TASK % (heat, place, text)


_DOG = task("").replace('"a"', '"b"').replace("person", "dog")
_RESIZER = "image_resizer { keep_aspect_ratio_resizer { min_dimension: 64 max_dimension: 64 } }"
_WEIGHTS = "object_center_params { keypoint_weights_for_center: [%s] }"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deepmac_mask_estimation { }", "deepmac_mask_estimation' is not supported: it makes another model"),
        (_RESIZER, "leaves the size of images open"),
        ("object_center_params { min_box_overlap_iou: 1 }", "min_box_overlap_iou' is '1'"),
        ("object_center_params { max_box_predictions: 0 }", "max_box_predictions' is '0'"),
        (_WEIGHTS % "1, 1", "needs exactly one keypoint_estimation_task"),
        (f"{BOXES} {task('')} {_WEIGHTS % '1, 1, 1, 1, 1'}", "needs exactly one keypoint_estimation_task"),
        (f"{task('')} {_WEIGHTS % '1, 1'}", "has 2 weights for 5 keypoints"),
        (f"{task('')} {_WEIGHTS % '1, 1, -1, 0, 0'}", "needs weights of 0 and more"),
        (f"{BOXES} post_processing {{ score_converter: SOFTMAX }}", "score_converter' is not supported"),
        (f"{BOXES} post_processing {{ logit_scale: 2 }}", "logit_scale' is not supported"),
        (f"{BOXES} post_processing {{ calibration_config {{ }} }}", "calibration_config' is not supported"),
        ("object_detection_task { }", "object_detection_task.localization_loss' is missing"),
        (task("", place=""), "loss.localization_loss' is missing"),
        (task("", heat=""), "loss.classification_loss' is missing"),
        (task("", heat="classification_loss { weighted_softmax { } }"), "has no loss for each cell"),
        (task("num_candidates_per_keypoint: 0"), "num_candidates_per_keypoint' is '0'"),
        (task("offset_peak_radius: -1"), "offset_peak_radius' is '-1'"),
        (task('candidate_ranking_mode: "gaussian_weighted_const"'), "needs argmax_postprocessing: true"),
        (task("argmax_postprocessing: true"), "needs 'gaussian_weighted_const'"),
        (task("argmax_postprocessing: true"), "add an object_detection_task"),
        (
            f"{BOXES} "
            + task('argmax_postprocessing: true candidate_ranking_mode: "gaussian_weighted_const" gaussian_denom_ratio: 0'),
            "gaussian_denom_ratio' is '0'",
        ),
        (task("") + _DOG.replace('"b"', '"a"'), "task_name' is 'a' again"),
        (task('keypoint_label_to_std { key: "nose" value: 1 }'), "names 'nose', which is no keypoint of 'person'"),
        (task("").replace("person", "lamp"), "'lamp', which has no keypoints"),
        (f'{task("")} keypoint_label_map_path: ""', "keypoint_label_map_path' is not set"),
        (f'{task("")} keypoint_label_map_path: "absent.pbtxt"', "keypoint_label_map_path' is 'absent.pbtxt': no such file"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(text: str, said: str) -> None:
    import re

    problems = unsupported(center_net(text))
    assert any(re.search(said, problem) for problem in problems), problems
    with pytest.raises(UserError):
        CenterNetDetector(center_net(text))


def test_the_reader_must_load_what_is_learned() -> None:
    config = center_net(f"{BOXES} {task('predict_depth: true')}", "train_input_reader { num_keypoints: 4 }")
    assert unsupported(config) == []
    assert [problem.split("'")[1] for problem in untrainable(config)] == [
        "train_input_reader.num_keypoints",
        "train_input_reader.load_keypoint_depth_features",
    ]


def test_losses_of_what_a_batch_does_not_show() -> None:
    """Training stops; an evaluation is without them, except for those of the centres."""
    case = BY_NAME["points"]
    values = {name: value for name, value in batch(case).items() if name != "keypoints"}
    with pytest.raises(UserError, match="'person/keypoint/heatmap' needs 'keypoints'"):
        detector(case).loss(outputs(case), values)
    found = detector(case).loss(outputs(case), values, where_shown=True)
    assert set(found) == {"object_center", "box/scale", "box/offset"}
    by_points = BY_NAME["center_from_points"]
    with pytest.raises(UserError, match="'object_center' needs 'keypoints'"):
        detector(by_points).loss(outputs(by_points), values, where_shown=True)


def test_a_keypoint_has_one_id(tmp_path: Path) -> None:
    path = tmp_path / "map.pbtxt"
    path.write_text(LABEL_MAP.read_text().replace("id: 5", "id: 4"))
    text = f'{BOXES} {task("")} {_DOG} keypoint_label_map_path: "{path}"'
    assert unsupported(center_net(text)) == [
        "'model.center_net.keypoint_label_map_path': keypoint id 4 is used more than once"
    ]


def test_what_is_refused_is_told_of_a_whole_config() -> None:
    config = center_net("deepmac_mask_estimation { }").root
    assert unsupported_of_all(config) == untrainable(config.find("model.center_net"))


def test_every_case_is_of_use() -> None:
    heads: dict[str, Any] = {name: case.heads for name, case in BY_NAME.items()}
    assert len(heads) == len(CASES) > 50
