"""What a task of CenterNet is to the detector that it is part of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training import replicas


class Truth(NamedTuple):
    """What a batch shows.

    `batch` is as `cfgtool.training.input.pipeline` makes it; `size` (height, width) of the heads' outputs; `valid`
    float32 [batch, height * width] is 1 on cells that show the image and 0 on its padding; `stride` is the size of a
    cell in pixels of the input.
    """

    batch: Mapping[str, Tensor]
    size: tuple[Tensor | int, Tensor | int]
    valid: Tensor
    stride: int

    @property
    def weights(self) -> Tensor:
        """The weight of each object [batch, n]; 0 for rows that hold none."""
        weights = self.batch["weights"]
        real = tf.sequence_mask(self.batch["num_boxes"], tf.shape(weights)[1])
        return tf.where(real, weights, 0.0)

    @property
    def instances(self) -> Tensor:
        """How many objects of the batch have a weight, over all replicas, at least 1: what the losses of objects are
        divided by.
        """
        return replicas.at_least_one(tf.reduce_sum(tf.cast(self.weights > 0.0, tf.float32)))

    def trimmed(self, *names: str) -> Truth:
        """The same, and what is in the batch under `names` [batch, n, ...] or says boxes and classes without the last
        objects, if all of them are padding. At least one stays; XLA's static shapes do not.
        """
        most = tf.maximum(tf.reduce_max(self.batch["num_boxes"]), 1)
        shorter = {"boxes", "classes", "weights", "class_targets", *names}
        batch = {name: value[:, :most] if name in shorter else value for name, value in self.batch.items()}
        return self._replace(batch=batch)

    def grid(self, points: Tensor) -> Tensor:
        """Fractions of the input [..., 2 or 4] (y, x or boxes) in cells."""
        size = tf.stack([tf.cast(side, tf.float32) for side in self.size])
        return points * tf.tile(size, [points.shape[-1] // 2])


class Peaks(NamedTuple):
    """The objects that the centre heat map shows, best first.

    `scores` float32 [batch, k], `classes` int32 [batch, k], `rows` and `columns` int32 [batch, k] of their cells,
    `boxes` float32 [batch, k, 4] (ymin, xmin, ymax, xmax) in cells, those of the detections for tasks besides keypoints,
    `count` int32 [batch] of those that count.
    """

    scores: Tensor
    classes: Tensor
    rows: Tensor
    columns: Tensor
    boxes: Tensor
    count: Tensor


class Task(Protocol):
    """What is predicted at the centres of objects, or for their sake."""

    loss_terms: tuple[str, ...]
    """The names of what `losses` gives, as the OD API reports them."""
    needs: tuple[str, ...]
    """What `losses` asks of a batch beside boxes and classes."""

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """Scalars, weighted, the mean over `outputs`: the heads' outputs [batch, height, width, channels] by name,
        one mapping for each map of the extractor.
        """

    def decode(
        self, outputs: Mapping[str, Tensor], peaks: Peaks, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        """Further detections [batch, k, ...] at `peaks`, under the OD API's names, from the outputs of the last map.

        `true_image_shapes` int32 [batch, 3]: height, width, channels of each image before padding.
        """
