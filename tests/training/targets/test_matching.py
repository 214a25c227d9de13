"""Similarities, the matcher, box coders and the assigner that joins them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.targets.assigner import Groundtruth, Slots, TargetAssigner
from cfgtool.training.targets.box_coders import FasterRcnnCoder, KeypointCoder, build_box_coder
from cfgtool.training.targets.matchers import ArgmaxMatcher, BipartiteMatcher, build_matcher
from cfgtool.training.targets.similarity import build_similarity, iou

TOLERANCE = 1e-6


@pytest.mark.reference
def test_recorded_similarities(golden):
    for case in golden.cases("similarity"):
        similarity = build_similarity(case.config("RegionSimilarityCalculator"))
        out = similarity(tf.constant(case.inputs["boxes1"]), tf.constant(case.inputs["boxes2"])).numpy()
        want = case.outputs["out"]
        if "thresholded" in case.id:
            # Recorded with scores on the boxes; those of groundtruth are all 1.
            want = (want > 0).astype(np.float32)
        np.testing.assert_allclose(out, want, atol=TOLERANCE, err_msg=case.id)


@pytest.mark.reference
def test_recorded_matches_are_equal(golden):
    for case in golden.cases("matcher"):
        similarity = case.inputs["similarity"][np.newaxis]
        rows = similarity.shape[1]
        valid = np.reshape(case.params.get("valid_rows") or [True] * rows, (1, rows)).astype(bool)
        match = build_matcher(case.config("Matcher")).match(
            tf.constant(similarity), tf.ones((1, rows), tf.bool), tf.constant(valid)
        )
        np.testing.assert_array_equal(match[0], case.outputs["match_results"], err_msg=case.id)


@pytest.mark.reference
def test_recorded_box_codes(golden):
    for case in golden.cases("box_coder"):
        coder = build_box_coder(case.config("BoxCoder"))
        anchors, boxes = tf.constant(case.inputs["anchors"]), tf.constant(case.inputs["boxes"])
        codes = coder.encode(boxes, anchors)
        if isinstance(coder, KeypointCoder):
            keypoints = tf.constant(case.inputs["keypoints"])
            codes = tf.concat([codes, coder.encode_keypoints(keypoints, anchors)], axis=-1)
            found = coder.decode_keypoints(tf.constant(case.outputs["encoded"]), anchors)
            np.testing.assert_allclose(
                found, case.outputs["decoded_keypoints"], atol=TOLERANCE, err_msg=case.id
            )
        assert codes.shape[-1] == coder.code_size, case.id
        np.testing.assert_allclose(codes, case.outputs["encoded"], rtol=1e-6, atol=TOLERANCE, err_msg=case.id)
        decoded = coder.decode(tf.constant(case.outputs["encoded"]), anchors)
        np.testing.assert_allclose(decoded, case.outputs["decoded"], atol=TOLERANCE, err_msg=case.id)


@pytest.mark.reference
def test_recorded_targets(golden):
    for case in golden.cases("target_assigner"):
        out = {name: value[0] for name, value in case.outputs.items()}
        background = case.params["unmatched_class_label"][0] == 1
        assigner = TargetAssigner(
            iou,
            build_matcher(case.config("Matcher")),
            FasterRcnnCoder(),
            Slots(3 + background, int(background), background, unmatched=0 if background else -1),
        )
        boxes = case.inputs["groundtruth_boxes"]
        classes = _classes(out["match"], out["cls_targets"][:, int(background) :], len(boxes))
        groundtruth = _groundtruth([boxes], [classes], [case.params["groundtruth_weights"]])
        targets = assigner.assign(tf.constant(case.inputs["anchors"]), groundtruth)
        np.testing.assert_array_equal(targets.match[0], out["match"], err_msg=case.id)
        one_hot = tf.one_hot(targets.slots[0], out["cls_targets"].shape[1])
        np.testing.assert_array_equal(one_hot, out["cls_targets"], err_msg=case.id)
        np.testing.assert_array_equal(targets.class_weights[0], out["cls_weights"][:, 0], err_msg=case.id)
        np.testing.assert_array_equal(targets.box_weights[0], out["reg_weights"], err_msg=case.id)
        np.testing.assert_allclose(targets.codes[0], out["reg_targets"], atol=TOLERANCE, err_msg=case.id)


def _classes(match, rows, count):
    """The class of each groundtruth box, read off the anchors that were matched with it."""
    classes = [0] * count
    for row, target in zip(match, rows, strict=True):
        if row >= 0:
            classes[row] = int(target.argmax())
    return classes


def _groundtruth(boxes, classes, weights=None, pad=0):
    """Padded groundtruth from lists per image."""
    counts = [len(image) for image in boxes]
    width = max(counts) + pad
    weights = weights or [[1.0] * count for count in counts]

    def padded(rows, fill, dtype, shape=()):
        table = np.full((len(rows), width, *shape), fill, dtype)
        for image, row in enumerate(rows):
            if len(row):
                table[image, : len(row)] = row
        return tf.constant(table)

    return Groundtruth(
        padded(boxes, 0, np.float32, (4,)),
        padded(classes, -1, np.int32),
        padded(weights, 0, np.float32),
        tf.constant(counts, tf.int32),
    )


ANCHORS = tf.constant(
    [[0.0, 0.0, 0.5, 0.5], [0.0, 0.5, 0.5, 1.0], [0.5, 0.0, 1.0, 0.5], [0.4, 0.4, 1.0, 1.0]]
)
BOX = [0.0, 0.0, 0.5, 0.45]
FAR = [0.9, 0.9, 1.0, 1.0]


def _assigner(**options):
    slots = Slots(3, unmatched=options.pop("unmatched_slot", -1))
    return TargetAssigner(iou, ArgmaxMatcher(0.5, force=True), FasterRcnnCoder(), slots, **options)


@pytest.mark.parametrize("trim", [True, False])
def test_padding_changes_nothing(trim):
    images = [[BOX, FAR], [], [FAR]]
    classes = [[2, 0], [], [1]]
    plain = _assigner().assign(ANCHORS, _groundtruth(images, classes))
    padded = _assigner(trim_padding=trim).assign(ANCHORS, _groundtruth(images, classes, pad=5))
    for name, want, got in zip(plain._fields, plain, padded, strict=True):
        np.testing.assert_array_equal(got, want, err_msg=name)
    assert plain.match.numpy().tolist() == [[0, -1, -1, 1], [-1] * 4, [-1, -1, -1, 0]]
    assert plain.slots.numpy().tolist() == [[2, -1, -1, 0], [-1] * 4, [-1, -1, -1, 1]]


def test_a_batch_without_any_box_has_negatives_only():
    targets = _assigner(unmatched_slot=0, negative_weight=0.5).assign(
        ANCHORS, _groundtruth([[], []], [[], []], pad=3)
    )
    assert targets.match.numpy().tolist() == [[-1] * 4] * 2
    assert targets.class_weights.numpy().tolist() == [[0.5] * 4] * 2
    assert not targets.codes.numpy().any()


def test_boxes_of_weight_zero_claim_no_anchor_by_force():
    groundtruth = _groundtruth([[BOX, FAR]], [[0, 1]], [[1.0, 0.0]])
    assert _assigner().assign(ANCHORS, groundtruth).match.numpy().tolist() == [[0, -1, -1, -1]]


def test_of_two_boxes_that_want_one_anchor_the_first_has_it():
    groundtruth = _groundtruth([[FAR, [0.85, 0.85, 1.0, 1.0]]], [[0, 1]])
    assert _assigner().assign(ANCHORS, groundtruth).match.numpy()[0, 3] == 0


def test_a_class_out_of_range_has_no_slot():
    slots = Slots(4, 1, background=True, unmatched=0)
    assigner = TargetAssigner(iou, ArgmaxMatcher(0.5), FasterRcnnCoder(), slots)
    targets = assigner.assign(ANCHORS, _groundtruth([[BOX]], [[7]]))
    assert targets.slots.numpy().tolist() == [[-1, 0, 0, 0]]


def _greedy(similarity, free):
    """One pair after the other, the most similar first."""
    match = np.full(similarity.shape[1], -1)
    left = {(row, column) for row in np.flatnonzero(free) for column in range(similarity.shape[1])}
    while left:
        row, column = max(left, key=lambda pair: (similarity[pair], -pair[0], -pair[1]))
        match[column] = row
        left = {pair for pair in left if pair[0] != row and pair[1] != column}
    return match


@pytest.mark.parametrize("boxes", [0, 1, 4, 9])
@pytest.mark.parametrize("static", [True, False])
def test_bipartite_matches_are_greedy_and_one_to_one(message, boxes, static):
    random = np.random.default_rng(boxes)
    similarity = np.round(random.normal(size=(3, boxes, 6)), 1).astype(np.float32)  # with ties
    free = random.uniform(size=(3, boxes)) < 0.7
    matcher = build_matcher(message("Matcher", "bipartite_matcher {}"))
    assert isinstance(matcher, BipartiteMatcher)
    spec = None if static else [tf.TensorSpec([None, None, 6]), *[tf.TensorSpec([None, None], tf.bool)] * 2]
    match = tf.function(matcher.match, input_signature=spec)
    found = match(tf.constant(similarity), tf.ones([3, boxes], tf.bool), tf.constant(free))
    want = [_greedy(image, rows) for image, rows in zip(similarity, free, strict=True)]
    np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "chooses no matcher"),
        (
            "argmax_matcher { matched_threshold: 0.4 unmatched_threshold: 0.5 }",
            "above matched_threshold '0.4'",
        ),
        ("argmax_matcher { negatives_lower_than_unmatched: false }", "both thresholds are '0.5'"),
    ],
)
def test_matchers_that_cannot_be_are_refused(message, text, said):
    with pytest.raises(UserError, match=said):
        build_matcher(message("Matcher", text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "chooses no box coder"),
        ("faster_rcnn_box_coder { y_scale: 0 }", "y_scale' is '0'"),
        ("keypoint_box_coder { }", "num_keypoints' is '0'"),
    ],
)
def test_coders_that_cannot_be_are_refused(message, text, said):
    with pytest.raises(UserError, match=said):
        build_box_coder(message("BoxCoder", text))


def test_a_missing_similarity_is_refused(message):
    with pytest.raises(UserError, match="chooses no similarity"):
        build_similarity(message("RegionSimilarityCalculator", ""))
