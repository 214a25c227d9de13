"""The keypoints of a record: places, visibilities and depths, in the order of their ids."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data import keys
from cfgtool.data.label_map import LabelMap
from cfgtool.errors import UserError
from cfgtool.training.input.checks import or_default, shaped
from cfgtool.training.input.example import DEPTH_WEIGHTS, DEPTHS, KEYPOINTS, VISIBILITIES, Example
from cfgtool.training.input.fields import Fields

_SEEN = 2
"""COCO's mark for a keypoint that can be seen."""


class KeypointDecoder:
    """Decodes `fields.keypoints` keypoints of each object.

    The record has them in the order of their ids, or with `fields.labelled` in any order, each with its text; texts
    that the keypoints of the label map lack are left out, and keypoints without a text are absent.
    """

    def __init__(self, label_map: LabelMap | None, fields: Fields) -> None:
        """Raises UserError for a label map whose keypoints are none of the `fields`."""
        self._number = fields.keypoints
        self._depths = fields.depths
        self._table: tf.lookup.StaticHashTable | None = None
        if fields.labelled and label_map is not None:
            ids = _ids(label_map, fields.keypoints)
            pairs = tf.lookup.KeyValueTensorInitializer(list(ids), list(ids.values()), tf.string, tf.int32)
            self._table = tf.lookup.StaticHashTable(pairs, -1)

    @property
    def keys(self) -> list[str]:
        """The lists of a record that are needed."""
        wanted = [keys.KEYPOINT_Y, keys.KEYPOINT_X, keys.KEYPOINT_VISIBILITY]
        if self._depths:
            wanted += (keys.KEYPOINT_DEPTH, keys.KEYPOINT_DEPTH_WEIGHT)
        if self._table is not None:
            wanted.append(keys.KEYPOINT_TEXT)
        return wanted

    def __call__(self, parsed: dict[str, Tensor], count: Tensor) -> Example:
        """Keypoints [n, keypoints, 2], NaN where not visible, whether they are visible, and depths with weights."""
        ids, each = self._places(parsed, count)
        shape = tf.stack([count, each])
        message = f"{self._number} keypoints for each box are needed, as num_keypoints says"
        y, x = (shaped(parsed[key], shape, message) for key in (keys.KEYPOINT_Y, keys.KEYPOINT_X))
        points = tf.stack([y, x], axis=-1)
        stored = or_default(parsed[keys.KEYPOINT_VISIBILITY], tf.reduce_prod(shape), _SEEN)
        visible = shaped(stored > 0, shape, message) & tf.reduce_all(tf.math.is_finite(points), axis=-1)
        found = {
            KEYPOINTS: tf.where(visible[..., tf.newaxis], points, float("nan")),
            VISIBILITIES: visible,
        }
        if self._depths:
            message = "a depth and a weight for each keypoint are needed, or none at all"
            for name, key in ((DEPTHS, keys.KEYPOINT_DEPTH), (DEPTH_WEIGHTS, keys.KEYPOINT_DEPTH_WEIGHT)):
                values = or_default(parsed[key], tf.reduce_prod(shape), 0.0)
                found[name] = shaped(values, shape, message)
        return {name: self._by_id(value, ids) for name, value in found.items()}

    def _places(self, parsed: dict[str, Tensor], count: Tensor) -> tuple[Tensor | None, Tensor]:
        """The ids int32 [n, m] of the stored keypoints, None where they are in order; and m."""
        if self._table is None:
            return None, tf.constant(self._number)
        texts = parsed[keys.KEYPOINT_TEXT]
        each = tf.size(texts) // tf.maximum(count, 1)
        message = "as many keypoint texts for each box are needed"
        return self._table.lookup(shaped(texts, tf.stack([count, each]), message)), each

    def _by_id(self, values: Tensor, ids: Tensor | None) -> Tensor:
        """The values [n, m, ...] of the keypoints `ids` as those of all: [n, keypoints, ...], absent ones filled up."""
        if ids is not None:
            rows = tf.where(ids >= 0)
            places = tf.stack([tf.cast(rows[:, 0], tf.int32), tf.gather_nd(ids, rows)], axis=1)
            shape = tf.concat([tf.shape(values)[:1], [self._number], tf.shape(values)[2:]], 0)
            absent = float("nan") if len(values.shape) == 3 else 0
            values = tf.tensor_scatter_nd_update(
                tf.fill(shape, tf.cast(absent, values.dtype)), places, tf.gather_nd(values, rows)
            )
        return tf.ensure_shape(values, [None, self._number, *values.shape[2:]])


def _ids(label_map: LabelMap, number: int) -> dict[str, int]:
    """Label of each keypoint of the label map -> its id. Raises UserError where there is none, or one is ambiguous."""
    ids: dict[str, int] = {}
    for item in label_map.items:
        for label, id_ in zip(item.keypoint_labels, item.keypoints, strict=True):
            if ids.setdefault(label, id_) != id_:
                raise UserError(f"keypoint {label!r} has the ids {ids[label]} and {id_}", path=label_map.path)
            if not 0 <= id_ < number:
                message = f"keypoint {label!r} has id '{id_}', and num_keypoints is '{number}'"
                raise UserError(message, path=label_map.path)
    if not ids:
        raise UserError("has no keypoints, and use_keypoint_label_map is true", path=label_map.path)
    return ids
