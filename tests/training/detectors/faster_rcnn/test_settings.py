"""What a `FasterRcnn` message decides beside the answers of the OD API: what is refused, honoured or random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training import replicas
from cfgtool.training.detectors.faster_rcnn.detector import BOXES, CLASSES, FasterRcnnDetector, Truth
from cfgtool.training.detectors.faster_rcnn.support import unsupported
from cfgtool.training.targets.assigner import Groundtruth

from . import cases
from .test_cases import MadeUpNetwork, detector, truth


def config(more: str, rest: str = "") -> Any:
    text = f"model {{ faster_rcnn {{ {cases.BASE} {more} }} }} {rest}"
    return read_config(parse(text)).find("model.faster_rcnn")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ("first_stage_anchor_generator { ssd_anchor_generator { } }", "ssd_anchor_generator"),
        (
            "first_stage_anchor_generator { multiscale_anchor_generator { } }",
            "multiscale_anchor_generator.normalize_coordinates",
        ),
        ("inplace_batchnorm_update: true", "inplace_batchnorm_update"),
        (
            "second_stage_post_processing { batch_non_max_suppression { use_combined_nms: true } }",
            "batch_non_max_suppression.use_combined_nms",
        ),
        (
            "second_stage_box_predictor { rfcn_box_predictor { } } output_final_box_features: true",
            "output_final_box_features",
        ),
        (
            "second_stage_classification_loss { weighted_dice_classification_loss { } }",
            "second_stage_classification_loss.weighted_dice_classification_loss",
        ),
    ],
)
def test_what_is_not_done_is_refused_by_its_path(more: str, field: str) -> None:
    assert unsupported(config("")) == []
    problems = unsupported(config(more))
    assert len(problems) == 1
    assert f"{field}'" in problems[0]
    assert problems[0].startswith("'model.faster_rcnn.")
    with pytest.raises(UserError, match=field):
        FasterRcnnDetector(config(more))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("first_stage_minibatch_size: 0", "first_stage_minibatch_size' is '0'"),
        ("first_stage_positive_balance_fraction: 1.5", "balance_fraction' is '1.5'"),
        ("second_stage_balance_fraction: -0.5", "second_stage_balance_fraction' is '-0.5'"),
        ("first_stage_nms_iou_threshold: 2", "first_stage_nms_iou_threshold' is '2'"),
        ("first_stage_max_proposals: 0", "first_stage_max_proposals' is '0'"),
    ],
)
def test_values_that_cannot_be(more: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        FasterRcnnDetector(config(more))


def test_readers_must_load_the_masks_that_are_learnt() -> None:
    readers = "train_input_reader { load_instance_masks: true } eval_input_reader { }"
    assert unsupported(config("", readers)) == []
    assert unsupported(config("number_of_stages: 3", readers)) == [
        "'eval_input_reader[0].load_instance_masks' must be true: the third stage learns masks"
    ]


def case(name: str) -> cases.Case:
    return next(case for case in cases.CASES if case.name == name)


def losses(case: cases.Case, seed: int = 0) -> dict[str, float]:
    found = detector(case).training_losses(
        MadeUpNetwork(case), tf.constant(case.true_shapes), truth(case), tf.constant([seed, 3])
    )
    return {name: float(value) for name, value in found.items()}


def test_sampling_depends_on_the_seed_alone() -> None:
    plain = case("plain")
    assert losses(plain, 1) == losses(plain, 1)
    assert len({losses(plain, seed)[CLASSES] for seed in range(4)}) > 1


def test_all_images_of_a_batch_are_mined() -> None:
    """In the OD API the first image alone counts."""
    text = case("mined").text
    both = losses(cases.Case("both", text))
    first = losses(cases.Case("first", text, images=1))
    assert both[CLASSES] > first[CLASSES] / 2, "the first image alone gives half of its own loss"


def test_a_loss_that_the_od_api_replaces_is_honoured() -> None:
    plain = losses(case("plain"))[CLASSES]
    text = "second_stage_classification_loss { bootstrapped_sigmoid { alpha: 0.5 } }"
    assert losses(cases.Case("bootstrapped", text))[CLASSES] != pytest.approx(plain, rel=1e-2)


def test_static_shapes_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    static = case("static")
    without = static._replace(text="clip_anchors_to_image: true first_stage_minibatch_size: 8")
    assert losses(static) == losses(without)


def test_nothing_flows_back_through_proposals() -> None:
    plain = case("plain")
    network = MadeUpNetwork(plain)
    with tf.GradientTape() as tape:
        tape.watch([network.codes, network.logits])
        found = detector(plain).training_losses(network, tf.constant(plain.true_shapes), truth(plain))
        second = found[BOXES] + found[CLASSES]
    assert tape.gradient(second, [network.codes, network.logits]) == [None, None]


def test_masks_of_a_padded_image_are_cut_from_where_the_detection_is() -> None:
    """Detections are fractions of the image before padding, which the OD API takes for fractions of all."""

    class Asked(MadeUpNetwork):
        boxes: Any = None

        def features(self, boxes: Any, count: Any) -> Any:
            self.boxes = boxes
            return super().features(boxes, count)

    padded = case("masks")._replace(padded=True)
    network = Asked(padded)
    detections = detector(padded).infer(network, tf.constant(padded.true_shapes)).detections
    want = detections["detection_boxes"][1].numpy() * [1, 0.75, 1, 0.75]
    np.testing.assert_allclose(network.boxes[1], want, atol=1e-6)
    assert detections["detection_masks"].shape == (2, 8, cases.MASK, cases.MASK)


def test_features_of_detections_where_they_are_asked_for() -> None:
    text = "output_final_box_features: true output_final_box_rpn_features: true return_raw_detections_during_predict: true"
    plain = cases.Case("features", text)
    found = detector(plain).infer(MadeUpNetwork(plain), tf.constant(plain.true_shapes)).detections
    for name in ("detection_features", "cropped_rpn_box_features"):
        np.testing.assert_array_equal(found[name].shape[:2], [2, 8])
    assert found["raw_detection_feature_map_indices"].shape == (2, 12, 3)
    assert not found["raw_detection_feature_map_indices"].numpy().any()


def test_no_box_at_all() -> None:
    plain = case("plain")
    empty = Truth(
        Groundtruth(tf.zeros([2, 3, 4]), tf.fill([2, 3], -1), tf.zeros([2, 3]), tf.zeros([2], tf.int32))
    )
    found = detector(plain).training_losses(MadeUpNetwork(plain), tf.constant(plain.true_shapes), empty)
    values = {name: float(value) for name, value in found.items()}
    assert values[BOXES] == 0.0
    assert np.isfinite(list(values.values())).all()


@pytest.mark.usefixtures("in_order")
def test_shares_of_replicas_add_up_to_the_loss_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = case("plain")
    whole = losses(plain)

    class Half(MadeUpNetwork):
        def __init__(self, image: int) -> None:
            super().__init__(plain)
            self._arrays = {name: value[image : image + 1] for name, value in self._arrays.items()}
            self.codes, self.logits = self.codes[image : image + 1], self.logits[image : image + 1]

    monkeypatch.setattr(replicas, "count", lambda: 2)
    parts = []
    for image in range(2):
        rows = (None if value is None else value[image : image + 1] for value in truth(plain).groundtruth)
        shapes = tf.constant(plain.true_shapes[image : image + 1])
        parts.append(detector(plain).training_losses(Half(image), shapes, Truth(Groundtruth(*rows))))
    for name, value in whole.items():
        assert sum(float(part[name]) for part in parts) == pytest.approx(value, rel=1e-5), name
