"""From a serialised tf.Example to an `Example`: image, boxes and classes, unusable objects dropped."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data import keys
from cfgtool.data.label_map import LabelMap
from cfgtool.training.input.example import (
    AREA,
    BOXES,
    CLASSES,
    CROWD,
    DIFFICULT,
    IMAGE,
    WEIGHTS,
    Example,
    keep_objects,
)

SOURCE_ID = "source_id"
UNKNOWN = -1

_DTYPES = {bytes: tf.string, int: tf.int64, float: tf.float32}
_LISTS = (*keys.BOX, keys.LABEL, keys.TEXT, keys.WEIGHT, keys.CROWD, keys.DIFFICULT, keys.AREA)


class Decoder:
    """Decodes records; class texts are looked up in the label map, ids count where a record has no texts.

    The image is uint8 [height, width, 3], decoded with TensorFlow's default (fast integer) transform, as in
    the OD API. Classes are the ids of the label map, from 1.
    """

    def __init__(self, label_map: LabelMap | None) -> None:
        self._features: dict[str, object] = {
            key: tf.io.FixedLenSequenceFeature([], _DTYPES[keys.TYPES[key]], allow_missing=True)
            for key in _LISTS
        }
        self._features[keys.IMAGE] = tf.io.FixedLenFeature([], tf.string)
        self._features[keys.SOURCE_ID] = tf.io.FixedLenFeature([], tf.string, "")
        self._table: tf.lookup.StaticHashTable | None = None
        if label_map is not None and label_map.items:
            lookup = label_map.lookup()
            pairs = tf.lookup.KeyValueTensorInitializer(
                list(lookup), list(lookup.values()), tf.string, tf.int64
            )
            self._table = tf.lookup.StaticHashTable(pairs, UNKNOWN)

    def __call__(self, record: Tensor) -> Example:
        """The example of a serialised tf.Example (scalar string), without unknown classes and NaN boxes."""
        parsed = tf.io.parse_single_example(record, self._features)
        image = tf.io.decode_image(parsed[keys.IMAGE], channels=3, expand_animations=False)
        image.set_shape([None, None, 3])
        boxes = tf.stack([parsed[key] for key in keys.BOX], axis=1)
        count = tf.shape(boxes)[0]
        classes = self._classes(parsed)
        # More labels than boxes would otherwise pass in silence.
        tf.debugging.assert_equal(tf.shape(classes)[0], count, "as many classes as boxes are needed")
        example = {
            IMAGE: image,
            BOXES: boxes,
            CLASSES: tf.cast(classes, tf.int32),
            WEIGHTS: _or_default(parsed[keys.WEIGHT], count, 1.0),
            CROWD: _or_default(parsed[keys.CROWD], count, 0) > 0,
            DIFFICULT: _or_default(parsed[keys.DIFFICULT], count, 0) > 0,
            AREA: _or_default(parsed[keys.AREA], count, 0.0),
            SOURCE_ID: parsed[keys.SOURCE_ID],
        }
        finite = tf.reduce_all(tf.math.is_finite(boxes), axis=1)
        return keep_objects(example, finite & (classes != UNKNOWN))

    def _classes(self, parsed: dict[str, Tensor]) -> Tensor:
        """Class ids int64 [n]; UNKNOWN where a text is not in the label map."""
        labels, texts = parsed[keys.LABEL], parsed[keys.TEXT]
        if self._table is None:
            return labels
        table = self._table
        return tf.cond(tf.size(texts) > 0, lambda: table.lookup(texts), lambda: labels)


def _or_default(values: Tensor, count: Tensor, default: float) -> Tensor:
    """The values [n], or the default for each of `count` objects where the record has none."""
    return tf.cond(
        tf.size(values) > 0, lambda: values, lambda: tf.fill([count], tf.cast(default, values.dtype))
    )
