"""Objects as peaks of a heat map for each class (Zhou et al. 2019, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.center_net.cells import (
    at_cells,
    box_spread,
    gaussian_maps,
    gaussian_maps_by_channel,
)
from cfgtool.training.detectors.center_net.keypoint_truth import keypoints_of
from cfgtool.training.detectors.center_net.peaks import only_peaks, top
from cfgtool.training.detectors.center_net.task import Truth
from cfgtool.training.targets.boxes import centres_and_sizes
from cfgtool.training.targets.losses import build_classification_loss

if TYPE_CHECKING:
    from cfgtool.schema import Config
    from cfgtool.training.detectors.center_net.keypoint_places import KeypointPlaces

OBJECT_CENTER = "object_center"


class Centers(NamedTuple):
    """Peaks of the centre heat map, best first: `scores` [batch, k], `classes`, `rows` and `columns` int32 [batch, k],
    and the scores of all classes there [batch, k, classes].
    """

    scores: Tensor
    classes: Tensor
    rows: Tensor
    columns: Tensor
    class_scores: Tensor


class ObjectCenters:
    """Loss and peaks of the head `object_center`."""

    loss_terms = (OBJECT_CENTER,)

    def __init__(
        self, config: Config, keypoints: KeypointPlaces | None = None, *, trim_padding: bool = True
    ) -> None:
        """`config` is the `CenterNet` message; `keypoints` are those that centres are means of, with
        `keypoint_weights_for_center`.
        """
        center = config.message("object_center_params")
        self._classes = config.integer("num_classes")
        self._loss = build_classification_loss(center.message("classification_loss"))
        self._weight = center.number("object_center_loss_weight")
        self._overlap = center.number("min_box_overlap_iou")
        self._labeled_only = center.flag("use_labeled_classes")
        self._kernel = center.integer("peak_max_pool_kernel_size")
        self._most = center.integer("max_box_predictions")
        self._point_weights = center.numbers("keypoint_weights_for_center")
        of_points = () if keypoints is None else ("keypoints",)
        self.needs = (*of_points, *(("labeled_classes",) if self._labeled_only else ()))
        self._keypoints = keypoints
        self._trim = trim_padding

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """`object_center`, over all cells that show the image, by object; see `Task.losses`."""
        heat = self.heat(truth)
        heat = tf.reshape(heat, [tf.shape(heat)[0], -1, self._classes])
        weights = truth.valid[..., tf.newaxis]
        if self._labeled_only:
            weights *= truth.batch["labeled_classes"][:, tf.newaxis]
        total = tf.add_n(
            [
                tf.reduce_sum(
                    self._loss.dense(tf.reshape(output[OBJECT_CENTER], tf.shape(heat)), heat, weights)
                )
                for output in outputs
            ]
        )
        return {OBJECT_CENTER: self._weight * total / (len(outputs) * truth.instances)}

    def heat(self, truth: Truth) -> Tensor:
        """The heat map to reach [batch, height, width, classes]: 1 at the cells of centres, a Gaussian around them."""
        points, spread, weights = self._places(truth)
        several = truth.batch.get("class_targets")
        if several is None:
            return gaussian_maps(
                points, spread, truth.batch["classes"], weights, truth.size, self._classes, trim=self._trim
            )
        shape = tf.shape(several)
        return gaussian_maps_by_channel(
            tf.broadcast_to(points[..., tf.newaxis, :], [*tf.unstack(shape), 2]),
            tf.broadcast_to(spread[..., tf.newaxis], shape),
            weights[..., tf.newaxis] * several,
            truth.size,
            trim=self._trim,
        )

    def _places(self, truth: Truth) -> tuple[Tensor, Tensor, Tensor]:
        """Centres [batch, n, 2] in cells, the spread of their peaks and their weights [batch, n]."""
        if self._keypoints is not None:
            return self._means(self._keypoints, truth)
        y, x, height, width = centres_and_sizes(truth.grid(truth.batch["boxes"]))
        return tf.stack([y, x], axis=-1), box_spread(height, width, self._overlap), truth.weights

    def _means(self, keypoints: KeypointPlaces, truth: Truth) -> tuple[Tensor, Tensor, Tensor]:
        """The same with the weighted means of keypoints as centres; objects without any have no weight."""
        points = keypoints_of(keypoints, truth)
        weights = points.weights * tf.constant(self._point_weights, tf.float32)
        total = tf.reduce_sum(weights, axis=-1)
        shares = tf.math.divide_no_nan(weights, total[..., tf.newaxis])
        means = tf.reduce_sum(points.places * shares[..., tf.newaxis], axis=-2)
        distances = tf.norm(points.places - means[..., tf.newaxis, :], axis=-1)
        # Twice the mean distance stands for both sides of the box.
        side = 2.0 * tf.reduce_sum(distances * shares, axis=-1)
        return means, box_spread(side, side, self._overlap), tf.where(total > 0.0, truth.weights, 0.0)

    def peaks(self, outputs: Mapping[str, Tensor], true_image_shapes: Tensor) -> Centers:
        """The best `max_box_predictions` places of all classes."""
        scores = tf.sigmoid(outputs[OBJECT_CENTER]) * _mask(outputs[OBJECT_CENTER], true_image_shapes)
        shape = tf.shape(scores)
        flat = only_peaks(scores, self._kernel)
        cells = None if None in scores.shape[1:] else scores.shape[1:].num_elements()
        flat = tf.ensure_shape(tf.reshape(flat, [shape[0], -1]), [scores.shape[0], cells])
        best, places = top(flat, self._most)
        cells = places // self._classes
        rows, columns = cells // shape[2], cells % shape[2]
        return Centers(best, places % self._classes, rows, columns, at_cells(scores, rows, columns))


def _mask(values: Tensor, true_image_shapes: Tensor) -> Tensor:
    """1 on cells whose number is below the size of the true image, [batch, height, width, 1].

    The OD API compares cells with pixels, so that little of the padding is left out; which peaks are found depends on
    it, as boxes are clipped to the true image.
    """
    shape = tf.shape(values)
    rows = tf.range(shape[1]) < true_image_shapes[:, :1]
    columns = tf.range(shape[2]) < true_image_shapes[:, 1:2]
    return tf.cast(rows[:, :, tf.newaxis] & columns[:, tf.newaxis, :], values.dtype)[..., tf.newaxis]
