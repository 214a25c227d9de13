"""Masks of CenterNet: one semantic map for each class, out of which the boxes cut the masks of their objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training import replicas
from cfgtool.training.detectors.center_net.task import Peaks, Truth
from cfgtool.training.targets.losses import build_classification_loss

if TYPE_CHECKING:
    from cfgtool.schema import Config

HEATMAP = "segmentation/heatmap"
_GROWTH = 1.05
"""By how much a box grows before its object is taken out of the loss: its mask may reach beyond it."""


class MaskEstimation:
    """The task that `CenterNet.mask_estimation_task` describes; see `Task`.

    Needs `masks` in batches. `mask_weights` float32 [batch, n], where batches have them, weigh the loss within the
    objects' boxes; a weight of 0 takes a box out of it, whatever else is there.
    """

    loss_terms: tuple[str, ...] = (HEATMAP,)
    needs: tuple[str, ...] = ("masks",)

    def __init__(self, config: Config, classes: int, *, trim_padding: bool = True) -> None:
        """`config` is the `CenterNet.MaskEstimation` message, with nothing that `impossible_tasks` finds."""
        self._trim = trim_padding
        self._classes = classes
        self._loss = build_classification_loss(config.message("classification_loss"))
        self._weight = config.number("task_loss_weight")
        self._crops = InstanceCrops(config)

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """The classification loss by pixel, summed over the classes, the mean over the pixels that count."""
        truth = truth.trimmed("masks", "mask_weights") if self._trim else truth
        targets = mask_targets(truth, self._classes)
        batch, cells = tf.shape(truth.valid)[0], truth.size[0] * truth.size[1]
        targets = tf.reshape(targets, [batch, cells, self._classes])
        weights = truth.valid
        if "mask_weights" in truth.batch:
            weights *= tf.reshape(region_weights(truth), [batch, cells])
        total = tf.zeros([])
        for heads in outputs:
            logits = tf.reshape(heads[HEATMAP], [batch, cells, self._classes])
            total += tf.reduce_sum(self._loss.dense(logits, targets, weights))
        pixels = replicas.at_least_one(tf.reduce_sum(weights))
        return {HEATMAP: self._weight * total / (len(outputs) * pixels)}

    def decode(
        self,
        outputs: Mapping[str, Tensor],
        peaks: Peaks,
        true_image_shapes: Tensor,  # noqa: ARG002
    ) -> dict[str, Tensor]:
        """`detection_masks` uint8 [batch, k, mask_height, mask_width]: 1 on the object, each over its box."""
        return {"detection_masks": tf.cast(self._crops.of(outputs[HEATMAP], peaks), tf.uint8)}


class InstanceCrops:
    """What a `CenterNet.MaskEstimation` message says about the masks of detections."""

    def __init__(self, config: Config) -> None:
        self.size = (config.integer("mask_height"), config.integer("mask_width"))
        self._threshold = config.number("score_threshold")

    def of(self, logits: Tensor, peaks: Peaks) -> Tensor:
        """Where a detection's class is at least as probable as `score_threshold`, within its box.

        `logits` [batch, height, width, classes]; the answer is bool [batch, k, mask_height, mask_width].
        """
        shape = tf.shape(logits)
        # One map for each image and class, so that no other class is resampled.
        maps = tf.transpose(tf.sigmoid(tf.cast(logits, tf.float32)), [0, 3, 1, 2])
        maps = tf.reshape(maps, [shape[0] * shape[3], shape[1], shape[2], 1])
        places = tf.range(shape[0])[:, tf.newaxis] * shape[3] + peaks.classes
        return crop(maps, peaks.boxes, places, self.size)[..., 0] >= self._threshold


def crop(maps: Tensor, boxes: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """What `maps` [m, height, width, channels] show in `boxes`: [batch, k, *size, channels], resampled bilinearly.

    `boxes` [batch, k, 4] are in cells, `places` int32 [batch, k] are the maps that they lie on. Samples lie on a grid
    from edge to edge of a box, whose corners stand for the centres of the first and the last cell of a map; they are 0
    outside of it.
    """
    shape = tf.shape(maps)
    sides = tf.cast(tf.stack([shape[1], shape[2]] * 2), tf.float32)
    crops = tf.image.crop_and_resize(maps, tf.reshape(boxes / sides, [-1, 4]), tf.reshape(places, [-1]), size)
    batch, count = tf.shape(boxes)[0], tf.shape(boxes)[1]
    crops = tf.reshape(crops, [batch, count, *size, maps.shape[-1]])
    return tf.ensure_shape(crops, [boxes.shape[0], boxes.shape[1], *size, maps.shape[-1]])


def mask_targets(truth: Truth, classes: int) -> Tensor:
    """How much of each cell the objects of each class cover: float32 [batch, height, width, classes].

    A cell is the mean of its four middle pixels, as bilinear resampling to its centre has it; of several objects of a
    class the one that covers most of it counts. With `class_targets` in the batch every mask counts for each of its
    object's classes, by their values.
    """
    masks = _shrunken(truth.batch["masks"], truth.stride)
    batch, (height, width) = tf.shape(masks)[0], truth.size
    if "class_targets" in truth.batch:
        return _weighed(masks, truth.batch["class_targets"])
    labels = truth.batch["classes"]
    places = tf.range(batch)[:, tf.newaxis] * classes + labels
    # Negative places are left out; places without a mask hold the lowest number.
    places = tf.where(labels < 0, -1, places)
    flat = tf.reshape(masks, [-1, height * width])
    covered = tf.math.unsorted_segment_max(flat, tf.reshape(places, [-1]), batch * classes)
    covered = tf.reshape(tf.maximum(covered, 0.0), [batch, classes, height, width])
    return tf.transpose(covered, [0, 2, 3, 1])


def region_weights(truth: Truth) -> Tensor:
    """The weight of each cell [batch, height, width] by `mask_weights`.

    It is the largest weight of the boxes around a cell, 1 outside of all boxes, and 0 in a box of weight 0.
    """
    weights = truth.batch["mask_weights"]
    ymin, xmin, ymax, xmax = tf.unstack(_grown(truth.grid(truth.batch["boxes"])), axis=-1)
    rows = _between(truth.size[0], ymin, ymax)
    columns = _between(truth.size[1], xmin, xmax)
    within = rows[..., :, tf.newaxis] & columns[..., tf.newaxis, :]
    weights = weights[..., tf.newaxis, tf.newaxis]
    largest = tf.reduce_max(tf.where(within, weights, 0.0), axis=1)
    largest = tf.where(tf.reduce_any(within, axis=1), largest, 1.0)
    return tf.where(tf.reduce_any(within & (weights <= 0.0), axis=1), 0.0, largest)


def _shrunken(masks: Tensor, stride: int) -> Tensor:
    """Masks uint8 [batch, n, height, width] by cells of an even `stride`, float32."""
    first = stride // 2 - 1
    total = tf.add_n(
        [
            tf.cast(masks[:, :, first + row :: stride, first + column :: stride], tf.float32)
            for row in (0, 1)
            for column in (0, 1)
        ]
    )
    return 0.25 * total


def _weighed(masks: Tensor, class_targets: Tensor) -> Tensor:
    """The largest product of masks [batch, n, height, width] and class targets [batch, n, classes] over the objects."""

    def larger(covered: Tensor, one: tuple[Tensor, Tensor]) -> Tensor:
        mask, targets = one
        return tf.maximum(covered, mask[..., tf.newaxis] * targets[:, tf.newaxis, tf.newaxis])

    # One object after the other: all products together would be n times as large.
    nothing = tf.zeros([*tf.unstack(tf.shape(masks[:, 0])), class_targets.shape[-1]])
    return tf.foldl(
        larger, (tf.transpose(masks, [1, 0, 2, 3]), tf.transpose(class_targets, [1, 0, 2])), nothing
    )


def _grown(boxes: Tensor) -> Tensor:
    """Boxes [..., 4] that keep their centres."""
    low, high = boxes[..., :2], boxes[..., 2:]
    centre, half = 0.5 * (low + high), 0.5 * _GROWTH * (high - low)
    return tf.concat([centre - half, centre + half], axis=-1)


def _between(length: Tensor | int, low: Tensor, high: Tensor) -> Tensor:
    """Which of `length` cells begin at or after `low` and before `high` [...]: bool [..., length]."""
    cells = tf.range(length, dtype=tf.float32)
    return (cells >= low[..., tf.newaxis]) & (cells < high[..., tf.newaxis])
