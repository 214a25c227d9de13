"""Classification and localisation losses, hard example mining, random sampling."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.targets.localization import SmoothL1, build_localization_loss
from cfgtool.training.targets.losses import (
    BootstrappedSigmoid,
    ClassificationLoss,
    Dice,
    PenaltyReducedFocal,
    SigmoidFocal,
    Softmax,
    SoftmaxAgainstLogits,
    build_classification_loss,
)
from cfgtool.training.targets.mining import RandomSampler, build_miner, build_sampler

TOLERANCE = 1e-5


@pytest.mark.reference
def test_recorded_classification_losses(golden):
    for case in golden.cases("classification_loss"):
        dice = case.params.get("squared_normalization")
        loss = (
            build_classification_loss(case.config("ClassificationLoss"))
            if dice is None
            else Dice(squared=dice)
        )
        prediction, target = tf.constant(case.inputs["prediction"]), tf.constant(case.inputs["target"])
        weights = case.inputs["weights"] * np.reshape(case.params.get("losses_mask", [1, 1]), (2, 1, 1))
        weights = tf.constant(np.broadcast_to(weights, prediction.shape).astype(np.float32))
        want = case.outputs["loss"]
        if want.ndim == 3:
            out = weights * loss.elementwise(prediction, target)
            np.testing.assert_allclose(out, want, rtol=TOLERANCE, atol=TOLERANCE, err_msg=case.id)
            want = want.sum(axis=2)
        out = loss.dense(prediction, target, weights)
        np.testing.assert_allclose(out, want, rtol=TOLERANCE, atol=TOLERANCE, err_msg=case.id)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["loss", "loss_nan_target_ignored"])
def test_recorded_localization_losses(golden, name):
    for case in golden.cases("localization_loss"):
        loss = build_localization_loss(case.config("LocalizationLoss"))
        target = case.inputs["target"].copy()
        if name != "loss":
            target[0, 1, 2] = np.nan
        prediction, weights = tf.constant(case.inputs["prediction"]), tf.constant(case.inputs["weights"])
        want = case.outputs[name]
        if case.id.endswith("/l1"):  # recorded before the sum over the code
            want = want.sum(axis=-1)
        out = loss.per_anchor(prediction, tf.constant(target), weights).numpy().reshape(want.shape)
        np.testing.assert_allclose(out, want, rtol=TOLERANCE, atol=TOLERANCE, err_msg=case.id)


@pytest.mark.reference
@pytest.mark.parametrize("static", [True, False])
def test_recorded_mining(golden, static):
    for case in golden.cases("hard_example_miner"):
        miner = build_miner(case.config("HardExampleMiner"), static=static)
        boxes = np.stack([case.inputs["boxes_image_0"], case.inputs["boxes_image_1"]])
        location, classes = case.inputs["location_losses"], case.inputs["cls_losses"]
        chosen = miner.select(
            tf.constant(location * case.params["localization_weight"]),
            tf.constant(classes * case.params["classification_weight"]),
            tf.constant(boxes),
            tf.constant(case.inputs["match"]),
        ).numpy()
        for losses, name in ((location, "localization"), (classes, "classification")):
            np.testing.assert_allclose(
                (losses * chosen).sum(), case.outputs[name], rtol=TOLERANCE, err_msg=case.id
            )


@pytest.mark.parametrize("text", ["iou_threshold: 0.3", "num_hard_examples: 9 iou_threshold: 0.6"])
def test_mining_with_and_without_the_kernel_chooses_alike(message, text):
    random = np.random.default_rng(4)
    corners = random.uniform(-0.2, 1.2, size=(2, 3, 60, 2, 2)).astype(np.float32)
    corners[1] = corners[0] + 0.1 * corners[1]
    boxes = tf.constant(
        np.concatenate(corners, axis=1).reshape(3, 120, 4)
    )  # half of them with swapped corners
    losses = tf.constant(np.round(random.uniform(size=(3, 120)), 2).astype(np.float32))  # with ties
    match = tf.constant(random.integers(-2, 2, size=(3, 120)), tf.int32)
    text += " max_negatives_per_positive: 1 min_negatives_per_image: 2"
    config = message("HardExampleMiner", text)
    kernel, loop = (build_miner(config, static=s).select(losses, losses, boxes, match) for s in (False, True))
    np.testing.assert_array_equal(kernel, loop)
    assert 0 < float(tf.reduce_mean(loop)) < 1


LOSSES: list[ClassificationLoss] = [
    SigmoidFocal(),
    SigmoidFocal(2.0, 0.25),
    SigmoidFocal(1.5, 0.25),
    SigmoidFocal(0.7),
    Softmax(2.0),
    SoftmaxAgainstLogits(0.5),
    BootstrappedSigmoid(0.3),
    PenaltyReducedFocal(2.0, 4.0),
    Dice(),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_per_anchor_is_the_sum_of_elementwise_with_the_same_gradient(loss):
    random = np.random.default_rng(3)
    logits = tf.constant(random.normal(scale=4, size=(2, 7, 5)).astype(np.float32))
    slots = tf.constant(random.integers(0 if isinstance(loss, Softmax) else -1, 5, (2, 7)), tf.int32)
    weights = tf.constant(random.uniform(size=(2, 7)).astype(np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        sparse = loss.per_anchor(logits, slots, weights)
        dense = ClassificationLoss.per_anchor(loss, logits, slots, weights)
    np.testing.assert_allclose(sparse, dense, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        tape.gradient(sparse, logits), tape.gradient(dense, logits), rtol=1e-4, atol=1e-6
    )


def test_extreme_logits_stay_finite():
    logits = tf.constant([[[200.0, -200.0], [-200.0, 200.0]]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = SigmoidFocal(1.5, 0.25).per_anchor(logits, tf.constant([[0, 0]]), tf.ones([1, 2]))
    assert np.isfinite(loss.numpy()).all()
    assert np.isfinite(tape.gradient(loss, logits).numpy()).all()


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_weights_by_slot_that_are_alike_count_as_one_weight(loss):
    random = np.random.default_rng(5)
    logits, targets = (tf.constant(random.uniform(size=(2, 6, 4)).astype(np.float32)) for _ in range(2))
    weights = tf.constant(random.uniform(size=(2, 6)).astype(np.float32))
    by_slot = tf.repeat(weights[..., tf.newaxis], 4, axis=2)
    np.testing.assert_allclose(
        loss.dense(logits, targets, by_slot), loss.dense(logits, targets, weights), rtol=1e-5
    )


def test_an_anchor_without_slot_has_no_softmax_loss():
    loss = Softmax().per_anchor(tf.ones([1, 2, 3]), tf.constant([[-1, 1]]), tf.ones([1, 2]))
    np.testing.assert_allclose(loss, [[0.0, np.log(3.0)]], rtol=1e-6)


def test_half_precision_predictions_give_float32_losses():
    logits, codes = tf.ones([1, 2, 3], tf.bfloat16), tf.ones([1, 2, 4], tf.bfloat16)
    assert SigmoidFocal().per_anchor(logits, tf.zeros([1, 2], tf.int32), tf.ones([1, 2])).dtype == tf.float32
    assert SmoothL1().per_anchor(codes, tf.zeros([1, 2, 4]), tf.ones([1, 2])).dtype == tf.float32


def test_sampler_keeps_positives_and_the_share_of_negatives():
    positive = tf.constant([[True, True, *[False] * 18], [False] * 20])
    candidates = tf.constant([[True] * 19 + [False], [False] + [True] * 19])
    chosen = RandomSampler(0.25).select(positive, candidates, tf.constant([1, 2])).numpy()
    assert chosen[0, :2].tolist() == [1.0, 1.0]
    assert chosen[0, 2:].sum() == 6
    assert chosen[0, 19] == 0.0
    assert not chosen[1].any()
    again = RandomSampler(0.25).select(positive, candidates, tf.constant([1, 2])).numpy()
    other = RandomSampler(0.25).select(positive, candidates, tf.constant([1, 3])).numpy()
    np.testing.assert_array_equal(chosen, again)
    assert (chosen != other).any()


@pytest.mark.parametrize(
    ("build", "root", "text", "said"),
    [
        (build_classification_loss, "ClassificationLoss", "", "chooses no loss"),
        (
            build_classification_loss,
            "ClassificationLoss",
            "weighted_softmax { logit_scale: 0 }",
            "logit_scale' is '0'",
        ),
        (build_localization_loss, "LocalizationLoss", "", "chooses no loss"),
        (build_sampler, "RandomExampleSampler", "positive_sample_fraction: 1.5", "fraction' is '1.5'"),
    ],
)
def test_losses_that_cannot_be_are_refused(message, build, root, text, said):
    with pytest.raises(UserError, match=said):
        build(message(root, text))
