"""SSD: what lies between the network's raw predictions and its losses or detections (Liu et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.detectors.postprocess import SsdPostprocessor
from cfgtool.training.detectors.ssd_loss import SsdLoss
from cfgtool.training.targets.anchors import generate_anchors
from cfgtool.training.targets.assigner import NO_SLOT, Groundtruth, TargetAssigner, Targets
from cfgtool.training.targets.box_coders import BoxCoder, build_box_coder
from cfgtool.training.targets.matchers import build_matcher
from cfgtool.training.targets.similarity import build_similarity

if TYPE_CHECKING:
    from cfgtool.schema import Config

BOX_ENCODINGS = "box_encodings"
CLASS_PREDICTIONS = "class_predictions_with_background"


class SsdDetector:
    """Losses and detections of an SSD, for one size of input.

    Predictions are a mapping with `box_encodings` [batch, anchors, code_size] and
    `class_predictions_with_background` [batch, anchors, slots] (logits); boxes are fractions of the image
    as the resizer leaves it, padding included.
    """

    def __init__(
        self,
        config: Config,
        image_shape: tuple[int, int],
        feature_map_shapes: Sequence[tuple[int, int]],
        *,
        trim_padding: bool = True,
    ) -> None:
        """`config` is the `Ssd` message, `image_shape` the (height, width) that the resizer gives.

        `trim_padding=False` keeps every shape static, for XLA. Raises UserError when the config asks for
        something that `unsupported` lists, or for values that cannot be.
        """
        problems = unsupported(config)
        if problems:
            raise UserError(problems[0])
        self.num_classes = config.integer("num_classes")
        self.has_background = config.flag("add_background_class")
        self.anchors = generate_anchors(config.message("anchor_generator"), feature_map_shapes, image_shape)
        coder = build_box_coder(config.message("box_coder"))
        _check_code_size(config, coder)
        self._assigner = TargetAssigner(
            build_similarity(config.message("similarity_calculator")),
            build_matcher(config.message("matcher")),
            coder,
            self.num_classes,
            first_slot=int(self.has_background),
            unmatched_slot=NO_SLOT if config.flag("encode_background_as_zeros") else 0,
            negative_weight=config.number("negative_class_weight"),
            trim_padding=trim_padding,
        )
        self._loss = SsdLoss(config, coder, self.anchors)
        self._postprocessor = SsdPostprocessor(
            config.message("post_processing"), self.anchors, coder, image_shape, self.has_background
        )

    @property
    def slots(self) -> int:
        """Class scores per anchor, the background's among them if there is one."""
        return self.num_classes + int(self.has_background)

    def assign(self, groundtruth: Groundtruth) -> Targets:
        """Targets of every anchor."""
        return self._assigner.assign(tf.constant(self.anchors), groundtruth)

    def loss(
        self, predictions: Mapping[str, Tensor], groundtruth: Groundtruth, seed: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Scalars `localization_loss` and `classification_loss`, float32, weighted and normalised.

        `seed`, two integers, is what random sampling depends on; without it every call samples alike.
        """
        targets = self.assign(groundtruth)
        return self._loss.of(predictions[BOX_ENCODINGS], predictions[CLASS_PREDICTIONS], targets, seed)

    def postprocess(self, predictions: Mapping[str, Tensor], true_image_shapes: Tensor) -> dict[str, Tensor]:
        """Detections of a batch, under the OD API's names (see `SsdPostprocessor.detect`).

        `true_image_shapes` int32 [batch, 3]: height, width, channels of each image before padding.
        """
        return self._postprocessor.detect(
            predictions[BOX_ENCODINGS], predictions[CLASS_PREDICTIONS], true_image_shapes
        )


def _check_code_size(config: Config, coder: BoxCoder) -> None:
    predictor = config.message("box_predictor")
    kind = predictor.which("box_predictor_oneof")
    if kind is None:
        return
    head = predictor.message(kind)
    size = head.integer("box_code_size")
    if size != coder.code_size:
        raise UserError(f"'{head.path}.box_code_size' is '{size}', the box coder needs '{coder.code_size}'")


def unsupported(config: Config) -> list[str]:
    """What an `Ssd` message asks for that is not done here: one sentence each, with the path of the field."""
    loss = config.message("loss")
    problems = [
        f"'{field.path}.{name}' is not supported: {why}" for field, name, why in _refused(config, loss)
    ]
    classification = loss.message("classification_loss").which("classification_loss")
    if loss.has("hard_example_miner") and classification == "weighted_sigmoid_focal":
        problems.append(f"'{loss.path}.hard_example_miner' cannot be combined with weighted_sigmoid_focal")
    if not config.flag("add_background_class") and not config.flag("encode_background_as_zeros"):
        problems.append(f"'{config.path}.encode_background_as_zeros' must be true without a background class")
    if config.message("box_coder").which("box_coder_oneof") == "keypoint_box_coder":
        problems.append(
            f"'{config.path}.box_coder.keypoint_box_coder' is not supported: SSD predicts boxes only"
        )
    return problems


def _refused(config: Config, loss: Config) -> list[tuple[Config, str, str]]:
    """Fields that are set to something that has no counterpart here: message, name, reason."""
    processing = config.message("post_processing")
    checks = [
        (
            loss,
            "expected_loss_weights",
            loss.enum("expected_loss_weights") != "NONE",
            "no release contains it",
        ),
        (loss, "equalization_loss", loss.has("equalization_loss"), "no loss reads it"),
        (
            config,
            "explicit_background_class",
            config.flag("explicit_background_class"),
            "label ids start at 1",
        ),
        (
            config,
            "use_confidences_as_targets",
            config.flag("use_confidences_as_targets"),
            "targets are 0 or 1",
        ),
        (
            config,
            "return_raw_detections_during_predict",
            config.flag("return_raw_detections_during_predict"),
            "raw detections come with the detections",
        ),
        (config, "mask_head_config", config.has("mask_head_config"), "SSD has no masks"),
        (processing, "calibration_config", processing.has("calibration_config"), "scores are not calibrated"),
    ]
    return [(message, name, why) for message, name, asked, why in checks if asked]
