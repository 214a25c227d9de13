"""Instance masks: their targets, loss and scores (He et al. 2017, arXiv:1703.06870, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training import replicas
from cfgtool.training.detectors.faster_rcnn.box_classifier import labels
from cfgtool.training.detectors.faster_rcnn.frame import Size, sides
from cfgtool.training.region_tensors import crops_of
from cfgtool.training.targets.assigner import Targets

if TYPE_CHECKING:
    from cfgtool.schema import Config


class MaskLoss:
    """The mean cross entropy over all pixels of the masks of matched boxes."""

    def __init__(self, config: Config) -> None:
        """`config` is the `FasterRcnn` message."""
        self._fades = config.flag("use_matmul_crop_and_resize")
        self._weight = config.number("second_stage_mask_prediction_loss_weight")

    def of(
        self, logits: Tensor, boxes: Tensor, count: Tensor, targets: Targets, masks: Tensor, image: Size
    ) -> Tensor:
        """The scalar loss of mask `logits` [batch, n, height, width, classes or 1] of boxes [batch, n, 4], of several
        replicas each its share.

        `boxes` are in pixels of the `image`, `count` [batch] of them are real, `targets` are what they match;
        `masks` uint8 [batch, groundtruth boxes, image height, image width] are 1 on the object.
        """
        size = logits.shape[2], logits.shape[3]
        own = _of_classes(logits, labels(targets))
        wanted = self._targets(masks, boxes / sides(image), targets.match, (int(size[0]), int(size[1])))
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=own)
        real = tf.sequence_mask(count, tf.shape(boxes)[1], tf.float32)
        weights = targets.box_weights * real
        pixels = replicas.total(tf.reduce_sum(weights)) * (size[0] * size[1])
        total = tf.reduce_sum(weights * tf.reduce_sum(losses, axis=[2, 3]))
        return self._weight * total / tf.maximum(pixels, 1.0)

    def _targets(self, masks: Tensor, boxes: Tensor, match: Tensor, size: tuple[int, int]) -> Tensor:
        """The boxes' share [batch, n, height, width] of the masks that they match; of the first without a match."""
        batch, most = tf.unstack(tf.shape(masks)[:2])
        owners = tf.range(batch)[:, tf.newaxis] * most + tf.maximum(match, 0)
        pictures = tf.reshape(masks, tf.concat([[batch * most], tf.shape(masks)[2:], [1]], axis=0))
        crops = crops_of(
            pictures, tf.reshape(boxes, [-1, 4]), tf.reshape(owners, [-1]), size, fade=self._fades
        )
        return tf.stop_gradient(tf.reshape(crops, tf.concat([tf.shape(match), size], axis=0)))


def mask_scores(logits: Tensor, classes: Tensor) -> Tensor:
    """Scores [batch, n, height, width] of mask logits [batch, n, height, width, classes or 1] of boxes whose
    `classes` [batch, n] count from 0.
    """
    return tf.sigmoid(_of_classes(logits, tf.cast(classes, tf.int32) + 1))


def _of_classes(logits: Tensor, label: Tensor) -> Tensor:
    """The masks [batch, n, height, width] of the labels [batch, n], of which 0 or less is the background's: 0."""
    if logits.shape[4] == 1:
        return logits[..., 0]
    # Moved in front first, because only one mask of each box is looked at.
    found = tf.gather(tf.transpose(logits, [0, 1, 4, 2, 3]), tf.maximum(label - 1, 0), axis=2, batch_dims=2)
    return tf.where((label > 0)[..., tf.newaxis, tf.newaxis], found, 0.0)
