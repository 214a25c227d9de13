"""The second stage: which proposals it learns from, what of, and its losses (Ren et al. 2015; Girshick 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training import replicas
from cfgtool.training.detectors.faster_rcnn.rpn import Proposals, build_sampler
from cfgtool.training.targets.assigner import Groundtruth, Slots, TargetAssigner, Targets
from cfgtool.training.targets.box_coders import FasterRcnnCoder
from cfgtool.training.targets.localization import SmoothL1
from cfgtool.training.targets.losses import ClassificationLoss, Softmax, build_classification_loss
from cfgtool.training.targets.matchers import ArgmaxMatcher
from cfgtool.training.targets.mining import HardExampleMiner, build_miner
from cfgtool.training.targets.sampling import in_place_order
from cfgtool.training.targets.similarity import iou

if TYPE_CHECKING:
    from cfgtool.schema import Config


class RawBoxes(NamedTuple):
    """What the network says of proposals, float32: `codes` [batch, n, classes or 1, 4] and `logits` [batch, n,
    classes + 1], background first.
    """

    codes: Tensor
    logits: Tensor


class BoxClassifier:
    """Targets, sampling and losses of the second stage, for boxes and groundtruth in pixels."""

    def __init__(self, config: Config) -> None:
        """`config` is the `FasterRcnn` message. Raises UserError for values that cannot be."""
        self.coder = FasterRcnnCoder()
        # Threshold and coder are fixed, as in the first stage.
        self._assigner = TargetAssigner(
            iou,
            ArgmaxMatcher(0.5),
            self.coder,
            Slots(total=config.integer("num_classes") + 1, first=1, background=True, unmatched=0),
        )
        self._sampler = build_sampler(config, "second_stage_batch_size", "second_stage_balance_fraction")
        self._class_loss = _classification_loss(config)
        self._box_weight = config.number("second_stage_localization_loss_weight")
        self._class_weight = config.number("second_stage_classification_loss_weight")
        self._miner: HardExampleMiner | None = None
        if config.has("hard_example_miner"):
            self._miner = build_miner(config.message("hard_example_miner"))

    def targets(self, boxes: Tensor, groundtruth: Groundtruth) -> Targets:
        """What boxes [batch, n, 4] should predict."""
        return self._assigner.assign(boxes, groundtruth)

    def sample(self, proposals: Proposals, targets: Targets, seed: Tensor) -> tuple[Proposals, Targets]:
        """The proposals that a training step learns from, in their order, and their targets.

        `second_stage_batch_size` of each image, padded; with a hard example miner all of them.
        """
        if self._miner is not None:
            return proposals, targets
        present = tf.sequence_mask(proposals.count, tf.shape(proposals.boxes)[1])
        sample = self._sampler.select(labels(targets) > 0, present & (targets.class_weights > 0.0), seed)
        sample = in_place_order(sample)

        def chosen(values: Tensor) -> Tensor:
            found = tf.gather(values, sample.indices, batch_dims=1)
            mask = sample.chosen[..., tf.newaxis] if found.shape.rank > 2 else sample.chosen
            return tf.where(mask, found, tf.zeros([], found.dtype))

        count = tf.reduce_sum(tf.cast(sample.chosen, tf.int32), axis=1)
        kept = Proposals(chosen(proposals.boxes), chosen(proposals.scores), chosen(proposals.indices), count)
        return kept, Targets(*(None if values is None else chosen(values) for values in targets))

    def losses(self, raw: RawBoxes, proposals: Proposals, targets: Targets) -> tuple[Tensor, Tensor]:
        """The scalars of localization and classification, of several replicas each its share: means over the proposals
        of an image, then over images.
        """
        batch, most = tf.unstack(tf.shape(proposals.boxes)[:2])
        batch *= replicas.count()
        count = tf.cast(tf.maximum(proposals.count, 1), tf.float32)
        share = tf.cast(tf.sequence_mask(proposals.count, most), tf.float32)
        share /= count[:, tf.newaxis] * tf.cast(batch, tf.float32)
        boxes = share * SmoothL1().per_anchor(_own_codes(raw, targets), targets.codes, targets.box_weights)
        classes = share * self._class_losses(raw.logits, targets)
        if self._miner is not None:
            chosen = self._miner.select(
                self._box_weight * boxes, self._class_weight * classes, proposals.boxes, targets.match
            )
            boxes, classes = boxes * chosen, classes * chosen
        return self._box_weight * tf.reduce_sum(boxes), self._class_weight * tf.reduce_sum(classes)

    def _class_losses(self, logits: Tensor, targets: Targets) -> Tensor:
        if targets.class_targets is None:
            return self._class_loss.per_anchor(logits, targets.slots, targets.class_weights)
        return self._class_loss.dense(logits, targets.class_targets, targets.class_weights)


def labels(targets: Targets) -> Tensor:
    """The class of each box, int32 [batch, n]: 0 or less for the background; of several the most certain one."""
    if targets.class_targets is None:
        return targets.slots
    return tf.argmax(targets.class_targets, axis=-1, output_type=tf.int32)


def _own_codes(raw: RawBoxes, targets: Targets) -> Tensor:
    """The codes [batch, n, 4] that boxes have for their class."""
    if raw.codes.shape[2] == 1:
        return raw.codes[:, :, 0]
    label = labels(targets)
    found = tf.gather(raw.codes, tf.maximum(label - 1, 0), axis=2, batch_dims=2)
    return tf.where((label > 0)[..., tf.newaxis], found, 0.0)


def _classification_loss(config: Config) -> ClassificationLoss:
    message = config.message("second_stage_classification_loss")
    if message.which("classification_loss") is None:
        return Softmax()
    return build_classification_loss(message)
