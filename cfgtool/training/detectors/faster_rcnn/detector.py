"""Faster R-CNN: what lies between its network, stage by stage, and its losses or detections (Ren et al. 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training import replicas
from cfgtool.training.detectors.faster_rcnn.anchors import ProposalAnchors
from cfgtool.training.detectors.faster_rcnn.box_classifier import BoxClassifier, RawBoxes
from cfgtool.training.detectors.faster_rcnn.frame import Size, sides, windows
from cfgtool.training.detectors.faster_rcnn.masks import MaskLoss, mask_scores
from cfgtool.training.detectors.faster_rcnn.network import Network
from cfgtool.training.detectors.faster_rcnn.postprocess import BoxPostprocessor, proposals_as_detections
from cfgtool.training.detectors.faster_rcnn.rpn import Proposals, RawProposals, RegionProposals
from cfgtool.training.detectors.faster_rcnn.support import unsupported
from cfgtool.training.targets.assigner import Groundtruth

if TYPE_CHECKING:
    from cfgtool.schema import Config

RPN_BOXES, RPN_CLASSES = "RPNLoss/localization_loss", "RPNLoss/objectness_loss"
BOXES, CLASSES = "BoxClassifierLoss/localization_loss", "BoxClassifierLoss/classification_loss"
MASKS = "BoxClassifierLoss/mask_loss"
_FIRST, _SECOND = 1, 2
"""What tells the random draws of the stages apart."""

Values = dict[str, Tensor]


class Truth(NamedTuple):
    """The groundtruth of a batch: boxes as fractions of the network's input, and where there is a third stage
    `masks`, uint8 [batch, n, height, width], 1 on the object.
    """

    groundtruth: Groundtruth
    masks: Tensor | None = None

    def in_pixels(self, image: Size) -> Groundtruth:
        """The groundtruth with boxes in pixels of an `image`."""
        return self.groundtruth._replace(boxes=self.groundtruth.boxes * sides(image))


class Inference(NamedTuple):
    """One pass in inference mode: the stages' outputs and the detections made of them.

    `boxes` of a network with two stages, `mask_logits` [batch, n, height, width, classes or 1] and `mask_boxes`
    [batch, n, 4] in pixels of one with three.
    """

    raw: RawProposals
    proposals: Proposals
    detections: Values
    boxes: RawBoxes | None = None
    mask_logits: Tensor | None = None
    mask_boxes: Tensor | None = None


class FasterRcnnDetector:
    """Losses and detections, for images of one size or of any."""

    def __init__(self, config: Config) -> None:
        """`config` is the `FasterRcnn` message. Raises UserError when the config asks for something that
        `unsupported` lists, or for values that cannot be.
        """
        problems = unsupported(config)
        if problems:
            raise UserError(problems[0])
        self._config = config
        self._stages = config.integer("number_of_stages")
        self._anchors = ProposalAnchors(config)
        self._rpn = RegionProposals(config)
        self._classifier = BoxClassifier(config)
        self._mask_loss = MaskLoss(config)
        if self._stages > 1:
            self._postprocessor = BoxPostprocessor(
                config.message("second_stage_post_processing"),
                self._classifier.coder,
                config.integer("num_classes"),
            )

    @property
    def loss_terms(self) -> tuple[str, ...]:
        """The names of the losses, those of the OD API."""
        return (RPN_BOXES, RPN_CLASSES, BOXES, CLASSES, MASKS)[: {1: 2, 2: 4, 3: 5}[self._stages]]

    def training_losses(
        self, network: Network, true_image_shapes: Tensor, truth: Truth, seed: Tensor | None = None
    ) -> Values:
        """The scalars of a training step; `seed`, two integers, is what sampling depends on.

        `true_image_shapes` int32 [batch, 3]: height, width, channels before padding.
        """
        groundtruth = truth.in_pixels(network.image)
        raw = self._raw(network, training=True)
        losses = dict(
            zip(
                (RPN_BOXES, RPN_CLASSES),
                self._rpn.losses(raw, groundtruth, _drawn(seed, _FIRST)),
                strict=True,
            )
        )
        if self._stages == 1:
            return losses
        proposals = self._rpn.propose(raw, windows(true_image_shapes))
        targets = self._classifier.targets(proposals.boxes, groundtruth)
        proposals, targets = self._classifier.sample(proposals, targets, _drawn(seed, _SECOND))
        boxes = proposals.boxes / sides(network.image)
        features = network.features(boxes, proposals.count)
        raw_boxes = network.predict(features, boxes)
        losses[BOXES], losses[CLASSES] = self._classifier.losses(raw_boxes, proposals, targets)
        if self._stages == 3:
            masks = network.masks(features, boxes)
            losses[MASKS] = self._mask_loss.of(
                masks, proposals.boxes, proposals.count, targets, _masks(truth), network.image
            )
        return losses

    def infer(self, network: Network, true_image_shapes: Tensor) -> Inference:
        """Detections and what they are made of; see `BoxPostprocessor.detect`, and for one stage
        `proposals_as_detections`.

        With a third stage there are also `detection_masks` [batch, n, mask height, mask width], in 0..1; and where the
        config asks for them the features of detected boxes, `detection_features` and `cropped_rpn_box_features`
        [batch, n, height, width, channels], and `raw_detection_feature_map_indices` int32 [batch, n, classes or 1],
        all 0.
        """
        raw = self._raw(network, training=False)
        frames = windows(true_image_shapes)
        proposals = self._rpn.propose(raw, frames)
        if self._stages == 1:
            only = proposals_as_detections(proposals, *self._rpn.decoded(raw), frames)
            return Inference(raw, proposals, only)
        fractions = proposals.boxes / sides(network.image)
        raw_boxes = network.predict(network.features(fractions, proposals.count), fractions)
        detections = self._postprocessor.detect(raw_boxes, proposals, frames)
        # Detections are fractions of the true image, crops are made from the padded one.
        boxes = detections["detection_boxes"] * tf.tile(frames[:, tf.newaxis, 2:], [1, 1, 2])
        fractions = boxes / sides(network.image)
        detections.update(self._features(network, fractions, detections, raw_boxes))
        found = Inference(raw, proposals, detections, raw_boxes)
        if self._stages < 3:
            return found
        count = tf.cast(detections["num_detections"], tf.int32)
        masks = network.masks(network.features(fractions, count), fractions)
        detections["detection_masks"] = mask_scores(masks, detections["detection_classes"])
        return found._replace(mask_logits=masks, mask_boxes=boxes)

    def inference_losses(
        self, network: Network, inference: Inference, truth: Truth, seed: Tensor | None = None
    ) -> Values:
        """The losses of `infer`: over all anchors that the image leaves, all proposals and all detected masks."""
        groundtruth = truth.in_pixels(network.image)
        losses = dict(
            zip(
                (RPN_BOXES, RPN_CLASSES),
                self._rpn.losses(inference.raw, groundtruth, _drawn(seed, _FIRST)),
                strict=True,
            )
        )
        if inference.boxes is not None:
            targets = self._classifier.targets(inference.proposals.boxes, groundtruth)
            losses[BOXES], losses[CLASSES] = self._classifier.losses(
                inference.boxes, inference.proposals, targets
            )
        if inference.mask_logits is not None:
            targets = self._classifier.targets(inference.mask_boxes, groundtruth)
            count = tf.cast(inference.detections["num_detections"], tf.int32)
            losses[MASKS] = self._mask_loss.of(
                inference.mask_logits, inference.mask_boxes, count, targets, _masks(truth), network.image
            )
        return losses

    def _raw(self, network: Network, *, training: bool) -> RawProposals:
        kept = self._anchors.of(network.image, network.maps, training=training)
        return RawProposals(kept.boxes, kept.of(network.codes), kept.of(network.logits))

    def _features(self, network: Network, boxes: Tensor, detections: Values, raw: RawBoxes) -> Values:
        """What else the config wants to be told."""
        found = {}
        count = tf.cast(detections["num_detections"], tf.int32)
        if self._config.flag("output_final_box_features"):
            found["detection_features"] = _by_image(network.features(boxes, count), boxes)
        if self._config.flag("output_final_box_rpn_features"):
            found["cropped_rpn_box_features"] = _by_image(network.crops(boxes), boxes)
        if self._config.flag("return_raw_detections_during_predict"):
            found["raw_detection_feature_map_indices"] = tf.zeros(tf.shape(raw.codes)[:3], tf.int32)
        return found


def _drawn(seed: Tensor | None, stage: int) -> Tensor:
    """The seed of a stage, on each replica another one; without a seed every call draws alike."""
    here = tf.constant([0, 0]) if seed is None else seed
    return tf.random.experimental.stateless_fold_in(here, stage + (replicas.place() << 16))


def _by_image(features: Tensor, boxes: Tensor) -> Tensor:
    shape = tf.concat([tf.shape(boxes)[:2], tf.shape(features)[1:]], axis=0)
    return tf.cast(tf.reshape(features, shape), tf.float32)


def _masks(truth: Truth) -> Tensor:
    if truth.masks is None:
        raise ValueError("the third stage learns masks, the groundtruth has none")
    return truth.masks
