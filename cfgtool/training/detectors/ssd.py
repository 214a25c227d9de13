"""SSD: what lies between the network's raw predictions and its losses or detections (Liu et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.detectors.postprocess import SsdPostprocessor
from cfgtool.training.detectors.ssd_loss import SsdLoss
from cfgtool.training.detectors.ssd_support import unsupported
from cfgtool.training.targets.anchors import anchors_per_location, generate_anchors
from cfgtool.training.targets.assigner import NO_SLOT, Groundtruth, Slots, TargetAssigner, Targets
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

        `trim_padding=False` keeps every shape static and the losses compilable, for XLA. Raises UserError when
        the config asks for something that `unsupported` lists, or for values that cannot be.
        """
        problems = unsupported(config)
        if problems:
            raise UserError(problems[0])
        self.classes = _slots(config)
        self.anchors = generate_anchors(config.message("anchor_generator"), feature_map_shapes, image_shape)
        coder = build_box_coder(config.message("box_coder"))
        _check_code_size(config, coder)
        similarity = config.message("similarity_calculator")
        by_confidence = config.flag("use_confidences_as_targets")
        self._assigner = TargetAssigner(
            build_similarity(similarity),
            build_matcher(config.message("matcher")),
            coder,
            self.classes,
            negative_weight=config.number("negative_class_weight"),
            implicit_weight=config.number("implicit_example_weight") if by_confidence else None,
            scored=similarity.which("region_similarity") == "thresholded_iou_similarity",
            trim_padding=trim_padding,
        )
        self._loss = SsdLoss(config, coder, self.anchors, self._assigner, static=not trim_padding)
        self._postprocessor = SsdPostprocessor(
            config.message("post_processing"), self.anchors, coder, image_shape, self.classes
        )
        self._feature_maps = (
            _feature_map_indices(config.message("anchor_generator"), feature_map_shapes)
            if config.flag("return_raw_detections_during_predict")
            else None
        )

    @property
    def slots(self) -> int:
        """Class scores per anchor, the background's among them if there is one."""
        return self.classes.total

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

        `true_image_shapes` int32 [batch, 3]: height, width, channels of each image before padding. With
        `return_raw_detections_during_predict` there is also `raw_detection_feature_map_indices` int32 [batch,
        anchors], the feature map of each raw box.
        """
        detections = self._postprocessor.detect(
            predictions[BOX_ENCODINGS], predictions[CLASS_PREDICTIONS], true_image_shapes
        )
        if self._feature_maps is not None:
            batch = tf.shape(true_image_shapes)[0]
            detections["raw_detection_feature_map_indices"] = tf.repeat(self._feature_maps, batch, axis=0)
        return detections


def _slots(config: Config) -> Slots:
    """What the class outputs stand for."""
    implied, labelled = config.flag("add_background_class"), config.flag("explicit_background_class")
    background = implied or labelled
    return Slots(
        total=config.integer("num_classes") + int(implied),
        first=int(background),
        background=background,
        labelled=labelled,
        unmatched=NO_SLOT if config.flag("encode_background_as_zeros") else 0,
    )


def _feature_map_indices(config: Config, feature_map_shapes: Sequence[tuple[int, int]]) -> Tensor:
    """The feature map of each anchor, int32 [1, anchors]."""
    cells = [height * width for height, width in feature_map_shapes]
    counts = [size * anchors for size, anchors in zip(cells, anchors_per_location(config), strict=True)]
    return tf.repeat(tf.range(len(counts)), counts)[tf.newaxis]


def _check_code_size(config: Config, coder: BoxCoder) -> None:
    predictor = config.message("box_predictor")
    kind = predictor.which("box_predictor_oneof")
    if kind is None:
        return
    head = predictor.message(kind)
    size = head.integer("box_code_size")
    if size != coder.code_size:
        raise UserError(f"'{head.path}.box_code_size' is '{size}', the box coder needs '{coder.code_size}'")
