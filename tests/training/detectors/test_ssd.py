"""SSD without reference data: losses fall along their gradients, options act, the rest is refused."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.ssd import BOX_ENCODINGS, CLASS_PREDICTIONS, SsdDetector
from cfgtool.training.detectors.ssd_support import unsupported
from cfgtool.training.targets.assigner import Groundtruth

BASE = """
num_classes: 3
box_coder { faster_rcnn_box_coder {} }
matcher { argmax_matcher { force_match_for_each_row: true } }
similarity_calculator { iou_similarity {} }
encode_background_as_zeros: true
anchor_generator { multiscale_anchor_generator {
  min_level: 5 max_level: 6 anchor_scale: 1 aspect_ratios: 1 scales_per_octave: 2 } }
post_processing { batch_non_max_suppression { max_total_detections: 100 } score_converter: SIGMOID }
loss {
  classification_loss { weighted_sigmoid {} }
  localization_loss { weighted_smooth_l1 {} }
}
"""
SHAPES = [(2, 2), (1, 1)]
ANCHORS = 10


def _config(extra: str = "") -> Config:
    return read_config(parse(f"model {{ ssd {{ {BASE} {extra} }} }}")).find("model.ssd")


def _detector(extra: str = "", **options) -> SsdDetector:
    return SsdDetector(_config(extra), (64, 64), SHAPES, **options)


GROUNDTRUTH = Groundtruth(
    boxes=tf.constant([[[0, 0, 0.5, 0.5], [0.1, 0.1, 0.9, 0.9]], [[0.5, 0.5, 1, 1], [0.0] * 4]]),
    classes=tf.constant([[0, 2], [1, -1]]),
    weights=tf.constant([[1.0, 1.0], [1.0, 0.0]]),
    num_boxes=tf.constant([2, 1]),
)


def _predictions(slots: int = 4, seed: int = 1) -> dict[str, tf.Tensor]:
    random = np.random.default_rng(seed)
    return {
        BOX_ENCODINGS: tf.constant(random.normal(size=(2, ANCHORS, 4)).astype(np.float32)),
        CLASS_PREDICTIONS: tf.constant(random.normal(size=(2, ANCHORS, slots)).astype(np.float32)),
    }


@pytest.mark.parametrize(
    "extra",
    [
        "",
        "add_background_class: false",
        "encode_background_as_zeros: false loss { classification_loss { weighted_softmax {} } }",
        "loss { classification_loss { weighted_sigmoid_focal { alpha: 0.25 gamma: 2.0 } } }",
        "loss { classification_loss { bootstrapped_sigmoid { alpha: 0.9 } } }",
        "loss { localization_loss { weighted_l2 {} } }",
        "loss { localization_loss { weighted_giou {} } }",
        "loss { hard_example_miner { max_negatives_per_positive: 3 } }",
        "loss { random_example_sampler { positive_sample_fraction: 0.5 } }",
    ],
)
def test_the_gradient_lowers_the_loss(extra):
    detector = _detector(extra)
    variables = {name: tf.Variable(value) for name, value in _predictions(detector.slots).items()}

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            total = tf.add_n(list(detector.loss(variables, GROUNDTRUTH).values()))
        names = list(variables)
        for name, gradient in zip(names, tape.gradient(total, [variables[n] for n in names]), strict=True):
            variables[name].assign_sub(0.1 * gradient)
        return total

    totals = [float(step()) for _ in range(8)]
    assert np.isfinite(totals).all()
    assert totals[-1] < totals[0]


def _losses(extra: str) -> tuple[float, float]:
    losses = _detector(extra).loss(_predictions(), GROUNDTRUTH)
    return float(losses["localization_loss"]), float(losses["classification_loss"])


def test_weights_and_normalizers_scale_the_losses():
    localization, classification = _losses("")
    matches = float(tf.reduce_sum(_detector().assign(GROUNDTRUTH).box_weights))
    assert matches > 1
    for extra, factors in [
        ("loss { localization_weight: 3 classification_weight: 5 }", (3, 5)),
        ("normalize_loc_loss_by_codesize: true", (0.25, 1)),
        ("normalize_loss_by_num_matches: false", (matches, matches)),
    ]:
        np.testing.assert_allclose(
            _losses(extra), (localization * factors[0], classification * factors[1]), rtol=1e-5
        )


def test_negatives_count_by_their_weight():
    full, half = _losses("")[1], _losses("negative_class_weight: 0.5")[1]
    none = _losses("negative_class_weight: 0.0")[1]
    np.testing.assert_allclose(half, (full + none) / 2, rtol=1e-5)
    assert none < half


def test_sampling_depends_on_the_seed_alone():
    detector = _detector("loss { random_example_sampler { positive_sample_fraction: 0.4 } }")

    def loss(seed: int) -> float:
        return float(
            detector.loss(_predictions(), GROUNDTRUTH, tf.constant([seed, 0]))["classification_loss"]
        )

    assert loss(1) == loss(1)
    assert len({loss(seed) for seed in range(5)}) > 1


def test_perfect_predictions_have_no_box_loss_and_are_found_again():
    detector = _detector()
    targets = detector.assign(GROUNDTRUTH)
    logits = 20.0 * tf.one_hot(targets.slots, detector.slots) - 10.0
    predictions = {BOX_ENCODINGS: targets.codes, CLASS_PREDICTIONS: logits}
    assert float(detector.loss(predictions, GROUNDTRUTH)["localization_loss"]) == 0.0
    detections = detector.postprocess(predictions, tf.constant([[64, 64, 3], [64, 32, 3]]))
    np.testing.assert_allclose(detections["detection_boxes"][0, :2].numpy().max(), 0.9, atol=1e-5)
    assert sorted(detections["detection_classes"][0, :2].numpy().tolist()) == [0.0, 2.0]
    # The second image ends at half the width: its only box lies outside.
    assert float(detections["detection_scores"][1, 0]) < 0.5


def test_the_loss_compiles_with_static_shapes():
    detector = _detector("loss { classification_loss { weighted_sigmoid_focal {} } }", trim_padding=False)
    eager = detector.loss(_predictions(), GROUNDTRUTH)
    compiled = tf.function(detector.loss, jit_compile=True)(_predictions(), GROUNDTRUTH)
    for name, value in eager.items():
        np.testing.assert_allclose(compiled[name], value, rtol=1e-5)


def test_a_head_that_does_not_fit_the_box_coder_is_refused():
    head = "box_predictor { convolutional_box_predictor { box_code_size: 4 } }"
    assert _detector(head).slots == 4
    with pytest.raises(UserError, match="box_code_size' is '4', the box coder needs '3'"):
        _detector(head + "box_coder { square_box_coder {} }")


def test_raw_scores_are_logits_without_a_converter():
    predictions = _predictions()
    detections = _detector("post_processing { score_converter: IDENTITY logit_scale: 2 }").postprocess(
        predictions, tf.constant([[64, 64, 3]] * 2)
    )
    np.testing.assert_allclose(detections["raw_detection_scores"], predictions[CLASS_PREDICTIONS] / 2)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ("loss { equalization_loss { weight: 1 } }", "loss.equalization_loss"),
        ("mask_head_config {}", "mask_head_config"),
        ("explicit_background_class: true", "explicit_background_class"),
        (
            "add_background_class: false explicit_background_class: true use_confidences_as_targets: true",
            "explicit_background_class",
        ),
        ("add_background_class: false encode_background_as_zeros: false", "encode_background_as_zeros"),
        (
            "loss { classification_loss { weighted_sigmoid_focal {} } hard_example_miner {} }",
            "loss.hard_example_miner",
        ),
        (
            "loss { classification_loss { weighted_dice_classification_loss {} } hard_example_miner {} }",
            "loss.hard_example_miner",
        ),
        (
            "loss { classification_loss { weighted_dice_classification_loss {} }"
            " expected_loss_weights: EXPECTED_SAMPLING }",
            "loss.expected_loss_weights",
        ),
        (
            "loss { expected_loss_weights: EXPECTED_SAMPLING hard_example_miner {} }",
            "loss.expected_loss_weights",
        ),
        (
            "box_coder { keypoint_box_coder { num_keypoints: 1 } } loss { localization_loss { weighted_iou {} } }",
            "loss.localization_loss.weighted_iou",
        ),
        ("anchor_generator { grid_anchor_generator {} }", "anchor_generator.grid_anchor_generator"),
        (
            "anchor_generator { multiscale_anchor_generator { normalize_coordinates: false } }",
            "anchor_generator.multiscale_anchor_generator",
        ),
    ],
)
def test_what_is_not_done_is_refused_by_its_path(extra, field):
    assert unsupported(_config()) == []
    problems = unsupported(_config(extra))
    assert len(problems) == 1
    assert f"'model.ssd.{field}'" in problems[0]
    with pytest.raises(UserError, match=field):
        _detector(extra)


def test_readers_must_load_the_keypoints_that_are_coded():
    coder = "box_coder { keypoint_box_coder { num_keypoints: 2 } }"
    text = f"model {{ ssd {{ {BASE} {coder} }} }}"
    text += " train_input_reader { num_keypoints: 2 } eval_input_reader { num_keypoints: 3 } eval_input_reader { }"
    problems = unsupported(read_config(parse(text)).find("model.ssd"))
    assert problems == [
        "'eval_input_reader[0].num_keypoints' is '3', the box coder needs '2'",
        "'eval_input_reader[1].num_keypoints' is '0', the box coder needs '2'",
    ]
