"""SSD where the OD API gives no answer: what it fails at, what it gets wrong, static shapes for every setting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.calibration import build_calibration, temperature
from cfgtool.training.detectors.ssd import BOX_ENCODINGS, CLASS_PREDICTIONS
from cfgtool.training.targets.assigner import Groundtruth
from cfgtool.training.targets.expected import ExpectedWeights
from cfgtool.training.targets.mining import RandomSampler

from .cases import ANCHORS, CASES, TRUE_SHAPES, Case
from .test_ssd_cases import BY_NAME, REFUSED, answer, detector, inputs


def losses(case: Case, groundtruth: Groundtruth | None = None) -> dict[str, float]:
    predictions, own = inputs(case)
    return {
        name: float(value) for name, value in detector(case).loss(predictions, groundtruth or own).items()
    }


class TestExpectedWeights:
    @pytest.mark.parametrize(("ratio", "least"), [(3.0, 0.0), (1.0, 5.0), (0.0, 4.0)])
    def test_the_weights_are_the_chances_of_a_sampler(self, ratio, least):
        random = np.random.default_rng(2)
        positive = np.zeros((2, 30), bool)
        positive[0, :4] = True
        candidates = random.uniform(size=positive.shape) < 0.9
        as_positive, as_negative = ExpectedWeights(ratio, least, capped=True).of(
            tf.constant(positive, tf.float32), tf.constant(candidates)
        )
        drawn = np.zeros(positive.shape)
        draws = 4000
        for image in range(2):
            negatives = np.flatnonzero(candidates[image] & ~positive[image])
            positives = np.flatnonzero(candidates[image] & positive[image])
            count = int(min(max(ratio * len(positives), least), len(negatives)))
            for _ in range(draws):
                drawn[image, positives] += 1
                drawn[image, random.choice(negatives, count, replace=False)] += 1
        # Five deviations of a mean of so many draws.
        np.testing.assert_allclose(as_positive + as_negative, drawn / draws, atol=5 * 0.5 / draws**0.5)

    @pytest.mark.slow
    def test_the_loss_is_the_mean_over_random_samples(self):
        """Softmax: anchors are what is sampled, as `random_example_sampler` does."""
        text = BY_NAME["softmax"].text
        expected = losses(
            Case(
                "",
                text + "loss { expected_loss_weights: EXPECTED_SAMPLING desired_negative_sampling_ratio: 3 }",
            )
        )
        ssd = detector(Case("", text + "loss { random_example_sampler { positive_sample_fraction: 0.25 } }"))
        predictions, groundtruth = inputs(BY_NAME["softmax"])
        loss = tf.function(ssd.loss)
        sampled = [
            float(loss(predictions, groundtruth, tf.constant([seed, 0]))["classification_loss"])
            for seed in range(400)
        ]
        error = np.std(sampled) / len(sampled) ** 0.5
        assert abs(np.mean(sampled) - expected["classification_loss"]) < 4 * error
        np.testing.assert_allclose(
            expected["localization_loss"], losses(BY_NAME["softmax"])["localization_loss"], rtol=1e-6
        )

    def test_without_competition_each_output_is_sampled(self):
        plain, none = (losses(BY_NAME[name])["classification_loss"] for name in ("plain", "sampled_none"))
        text = "loss { expected_loss_weights: EXPECTED_SAMPLING desired_negative_sampling_ratio: 1000 }"
        np.testing.assert_allclose(losses(Case("", text))["classification_loss"], plain, rtol=1e-5)
        text = "loss { expected_loss_weights: EXPECTED_SAMPLING desired_negative_sampling_ratio: 0 }"
        alone = losses(Case("", text))["classification_loss"]
        assert 0 < alone < none  # the other outputs of positive anchors do not count either

    def test_reweighting_has_the_wanted_ratio_however_few_negatives_there_are(self):
        positive = tf.constant([[1.0, 1.0, 1.0, 0.0]])
        candidates = tf.ones([1, 4], tf.bool)
        _, negative = ExpectedWeights(3.0, 0.0, capped=False).of(positive, candidates)
        np.testing.assert_allclose(negative, [[0, 0, 0, 9]])
        _, negative = ExpectedWeights(3.0, 0.0, capped=True).of(positive, candidates)
        np.testing.assert_allclose(negative, [[0, 0, 0, 1]])

    def test_an_image_without_negatives_or_candidates_has_finite_weights(self):
        weights = ExpectedWeights(3.0, 2.0, capped=False)
        for candidates in (tf.ones([1, 2], tf.bool), tf.zeros([1, 2], tf.bool)):
            for part in weights.of(tf.ones([1, 2]), candidates):
                assert np.isfinite(part).all()

    @pytest.mark.parametrize("kind", ["EXPECTED_SAMPLING", "REWEIGHTING_UNMATCHED_ANCHORS"])
    @pytest.mark.parametrize(
        "base", ["plain", "softmax", "class_targets", "class_targets_softmax", "confidences"]
    )
    def test_it_works_with_all_kinds_of_targets(self, kind, base):
        case = BY_NAME[base]
        case = case._replace(text=f"{case.text} loss {{ expected_loss_weights: {kind} }}")
        found = losses(case)
        assert np.isfinite(list(found.values())).all()
        if base in ("plain", "softmax"):
            assert found["classification_loss"] < losses(BY_NAME[base])["classification_loss"]


def test_sampler_and_expectation_agree_on_what_is_positive():
    positive = tf.constant([[True, False, False, False]])
    chosen = RandomSampler(0.5).select(positive, tf.ones([1, 4], tf.bool), tf.constant([0, 1]))
    assert float(tf.reduce_sum(chosen)) == 2.0


def test_l1_is_the_sum_of_absolute_errors():
    case = BY_NAME["l1"]
    predictions, groundtruth = inputs(case)
    targets = detector(case).assign(groundtruth)
    error = (
        np.abs(predictions[BOX_ENCODINGS].numpy() - targets.codes.numpy()).sum(axis=2)
        * targets.box_weights.numpy()
    )
    want = error.sum() / max(float(tf.reduce_sum(targets.box_weights)), 1.0)
    np.testing.assert_allclose(losses(case)["localization_loss"], want, rtol=1e-5)


def test_bipartite_matching_gives_every_box_one_anchor():
    ssd = detector(BY_NAME["bipartite"])
    _, groundtruth = inputs(BY_NAME["bipartite"])
    match = ssd.assign(groundtruth).match.numpy()
    for image, count in zip(match, [3, 2], strict=True):
        assert sorted(image[image >= 0]) == list(range(count))
        assert (image == -1).sum() == ANCHORS - count


def test_confidences_without_a_background_are_those_with_one_less_its_slot():
    case = BY_NAME["confidences_no_background"]._replace(
        text="use_confidences_as_targets: true add_background_class: false implicit_example_weight: 0.4"
    )
    _, groundtruth = inputs(case)
    with_background = detector(BY_NAME["confidences"]).assign(groundtruth)
    without = detector(case).assign(groundtruth)
    assert without.class_targets is not None
    assert with_background.class_targets is not None
    np.testing.assert_array_equal(without.class_targets, with_background.class_targets[..., 1:])
    np.testing.assert_array_equal(without.class_weights, with_background.class_weights[..., 1:])


def test_all_classes_match_by_thresholded_iou_without_a_background():
    """The OD API takes the target of class 0 for that of the background, so boxes of class 0 match nothing."""
    case = BY_NAME["thresholded_iou_no_background"]
    _, groundtruth = inputs(case)
    match = detector(case).assign(groundtruth).match.numpy()
    with_background = detector(Case("", "similarity_calculator { thresholded_iou_similarity { } }"))
    np.testing.assert_array_equal(match, with_background.assign(groundtruth).match)


def test_labelled_backgrounds_and_plain_labels_agree():
    """A box with the plain label of id k is trained as if its scores said slot k, which is reported as id k."""
    case = BY_NAME["explicit_background"]
    ssd = detector(case)
    _, groundtruth = inputs(case)
    classes = tf.constant([[0, 1, 1], [1, 0, -1]])
    plain = ssd.assign(groundtruth._replace(classes=classes, class_targets=None))
    scores = ssd.assign(groundtruth._replace(class_targets=tf.one_hot(classes + 1, 3)))
    assert scores.class_targets is not None
    np.testing.assert_array_equal(tf.one_hot(plain.slots, 3), scores.class_targets)
    logits = 20.0 * tf.one_hot(plain.slots, 3) - 10.0
    predictions = {BOX_ENCODINGS: plain.codes, CLASS_PREDICTIONS: logits}
    detections = ssd.postprocess(predictions, tf.constant([[64, 64, 3]] * 2))
    sure = detections["detection_scores"].numpy() > 0.9
    for image, want in enumerate(([0, 1], [0, 1])):
        assert sorted(set(detections["detection_classes"].numpy()[image][sure[image]])) == want


def test_absent_keypoints_have_neither_loss_nor_gradient():
    case = BY_NAME["keypoints"]
    predictions, groundtruth = inputs(case)
    ssd = detector(case)
    codes = tf.Variable(predictions[BOX_ENCODINGS])
    with tf.GradientTape() as tape:
        loss = ssd.loss({**predictions, BOX_ENCODINGS: codes}, groundtruth)["localization_loss"]
    gradient = tape.gradient(loss, codes).numpy()
    assert np.isfinite(gradient).all()
    of_second_box = ssd.assign(groundtruth).match.numpy()[0] == 1
    assert of_second_box.any()
    assert not gradient[0, of_second_box, 4:6].any()
    assert gradient[0, of_second_box, 6:].any(axis=1).all()


def test_perfect_keypoints_are_found_again_in_the_frame_of_the_true_image():
    case = BY_NAME["keypoints"]._replace(text="box_coder { keypoint_box_coder { num_keypoints: 2 } }")
    ssd = detector(case)
    _, groundtruth = inputs(case)
    groundtruth = groundtruth._replace(keypoints=tf.random.stateless_uniform([2, 3, 2, 2], [1, 2]))
    targets = ssd.assign(groundtruth)
    logits = 20.0 * tf.one_hot(targets.slots, ssd.slots) - 10.0
    detections = ssd.postprocess(
        {BOX_ENCODINGS: targets.codes, CLASS_PREDICTIONS: logits}, tf.constant(TRUE_SHAPES)
    )
    box = groundtruth.classes[0].numpy().tolist().index(int(detections["detection_classes"][0, 0]))
    np.testing.assert_allclose(
        detections["detection_keypoints"][0, 0], groundtruth.keypoints[0, box], atol=1e-5
    )
    box = groundtruth.classes[1].numpy().tolist().index(int(detections["detection_classes"][1, 0]))
    want = groundtruth.keypoints[1, box].numpy() / [1, 40 / 64]
    np.testing.assert_allclose(detections["detection_keypoints"][1, 0], want, atol=1e-5)
    after = int(detections["num_detections"][0])
    assert not detections["detection_keypoints"][0, after:].numpy().any()


@pytest.mark.parametrize(("name", "lost"), [("keypoints", "keypoints"), ("confidences", "confidences")])
def test_groundtruth_that_the_config_asks_for_must_be_there(name, lost):
    predictions, groundtruth = inputs(BY_NAME[name])
    with pytest.raises(ValueError, match=lost):
        detector(BY_NAME[name]).loss(predictions, groundtruth._replace(**{lost: None}))


def test_one_hot_class_targets_are_the_same_as_classes():
    for name in (
        "plain",
        "softmax",
        "focal",
        "mined",
        "bootstrapped",
        "penalty_reduced",
        "dice",
        "logits_softmax",
    ):
        case = BY_NAME[name]
        _, groundtruth = inputs(case)
        dense = losses(case, groundtruth._replace(class_targets=tf.one_hot(groundtruth.classes, 3)))
        sparse = losses(case)
        np.testing.assert_allclose(list(dense.values()), list(sparse.values()), rtol=1e-5, err_msg=name)


def test_classes_of_one_per_box_stay_indices():
    _, groundtruth = inputs(BY_NAME["plain"])
    assert detector(BY_NAME["plain"]).assign(groundtruth).class_targets is None


def test_raw_boxes_tell_their_feature_map():
    case = BY_NAME["raw_detections"]
    predictions, _ = inputs(case)
    detections = detector(case).postprocess(predictions, tf.constant(TRUE_SHAPES))
    want = [[0] * 32 + [1] * 8] * 2
    assert detections["raw_detection_feature_map_indices"].numpy().tolist() == want


def calibrate(text: str, scores: list[float], slots: int = 4, first_id: int = 0) -> np.ndarray:
    config = read_config(parse(f"calibration_config {{ {text} }}"), "PostProcessing")
    return build_calibration(config, slots, first_id)(tf.constant([scores], tf.float32)).numpy()[0]


CURVE = "x_y_pair { x: 0.2 y: 0.4 } x_y_pair { x: 0.6 y: 0.5 }"


class TestCalibration:
    def test_curves_are_constant_outside_of_their_points(self):
        found = calibrate(
            f"function_approximation {{ x_y_pairs {{ {CURVE} }} }}", [-3.0, 0.1, 0.2, 0.4, 0.6, 7.0]
        )
        np.testing.assert_allclose(found, [0.4, 0.4, 0.4, 0.45, 0.5, 0.5], rtol=1e-6)

    def test_platt_scaling(self):
        found = calibrate("sigmoid_calibration { sigmoid_parameters { a: -2 b: 1 } }", [0.5, 0.0])
        np.testing.assert_allclose(found, [0.5, 1 / (1 + np.e)], rtol=1e-6)

    def test_classes_have_the_ids_of_the_label_map_with_and_without_background(self):
        text = "class_id_sigmoid_calibrations { class_id_sigmoid_parameters_map { key: 2 value { a: 0 } } }"
        assert calibrate(text, [0.1, 0.2, 0.3]).tolist() == pytest.approx([0.1, 0.2, 0.5])
        assert calibrate(text, [0.1, 0.2, 0.3], first_id=1).tolist() == pytest.approx([0.1, 0.5, 0.3])

    def test_the_temperature_divides_logits_only(self):
        config = read_config(parse("temperature_scaling_calibration { scaler: 4 }"), "CalibrationConfig")
        assert temperature(config) == 4.0
        assert calibrate(
            "temperature_scaling_calibration { scaler: 4 }", [0.3, 0.1]
        ).tolist() == pytest.approx([0.3, 0.1])

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "chooses no calibration"),
            ("function_approximation { }", "x_y_pair' is missing"),
            (
                "function_approximation { x_y_pairs { x_y_pair { x: 1 } x_y_pair { x: 1 } } }",
                r"x_y_pair\[1\].x' is '1', not above",
            ),
            (
                f"class_id_function_approximations {{ class_id_xy_pairs_map {{ key: 5 value {{ {CURVE} }} }} }}",
                "key' is '5', which no class",
            ),
            ("temperature_scaling_calibration { }", "scaler' is '0'"),
        ],
    )
    def test_calibrations_that_cannot_be_are_refused(self, text, said):
        with pytest.raises(UserError, match=said):
            detector(Case("", f"post_processing {{ calibration_config {{ {text} }} }}"))


def named(names: set[str], quick: tuple[str, ...]) -> list[Any]:
    """Parameters for a test of all `names`, of which a few are enough for every run."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in sorted(names)]


LOSSES = {case.name for case in CASES if not case.detections_only} - {*REFUSED}


@pytest.mark.parametrize("name", named(LOSSES, ("sampled_none", "confidences")))
def test_the_loss_compiles_with_static_shapes(name):
    case = BY_NAME[name]
    predictions, groundtruth = inputs(case)
    ssd = detector(case, trim_padding=False)

    def step(predictions: dict[str, tf.Tensor], groundtruth: Groundtruth, seed: tf.Tensor) -> list[tf.Tensor]:
        for value in ssd.assign(groundtruth):
            assert value is None or value.shape.is_fully_defined()
        with tf.GradientTape() as tape:
            tape.watch(predictions)
            total = tf.add_n(list(ssd.loss(predictions, groundtruth, seed).values()))
        return [total, *tape.gradient(total, list(predictions.values()))]

    seed = tf.constant([3, 4])
    eager = step(predictions, groundtruth, seed)
    compiled = tf.function(step, jit_compile=True)(predictions, groundtruth, seed)
    for got, want in zip(compiled, eager, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "name", named(set(BY_NAME) - {*REFUSED}, ("class_targets_mined", "keypoints", "bipartite"))
)
def test_the_numbers_of_images_and_boxes_may_be_unknown(name):
    case = BY_NAME[name]
    ssd = detector(case)
    arrays = {key: tf.constant(value) for key, value in case.arrays().items()}

    def free(name: str, value: tf.Tensor) -> tf.TensorSpec:
        axes = 1 if name in ("codes", "logits", "num_boxes") else 2
        return tf.TensorSpec([None] * axes + value.shape[axes:].as_list(), value.dtype)

    @tf.function(input_signature=[{key: free(key, value) for key, value in arrays.items()}])
    def traced(arrays: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        groundtruth = dict(arrays)
        predictions = {BOX_ENCODINGS: groundtruth.pop("codes"), CLASS_PREDICTIONS: groundtruth.pop("logits")}
        found = {} if case.detections_only else ssd.loss(predictions, Groundtruth(**groundtruth))
        return {
            **found,
            **(ssd.postprocess(predictions, tf.constant(TRUE_SHAPES)) if case.detections else {}),
        }

    found = traced(arrays)
    for key, want in answer(case).items():
        np.testing.assert_allclose(found[key.removeprefix("Loss/")], want, rtol=1e-5, atol=1e-6, err_msg=key)


def test_a_batch_without_boxes_has_finite_losses_for_every_setting():
    for case in BY_NAME.values():
        if case.name in REFUSED or case.detections_only:
            continue
        predictions, groundtruth = inputs(case)
        empty = groundtruth._replace(
            num_boxes=tf.zeros([2], tf.int32), weights=tf.zeros([2, 3]), classes=tf.fill([2, 3], -1)
        )
        found = detector(case).loss(predictions, empty)
        assert np.isfinite([float(value) for value in found.values()]).all(), case.name
        assert float(found["localization_loss"]) == 0.0, case.name
