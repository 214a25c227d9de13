"""From a serialised tf.Example to an `Example`: image, boxes, classes and what else is asked for.

Unusable objects are dropped: boxes that are not numbers, and classes that the label map does not know.
"""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data import keys
from cfgtool.data.label_map import LabelMap
from cfgtool.training.input.checks import counted, or_default, shaped
from cfgtool.training.input.densepose import stored_points
from cfgtool.training.input.example import (
    AREA,
    BOXES,
    CLASSES,
    COLOURS,
    CONTEXT,
    CROWD,
    DIFFICULT,
    GROUP_OF,
    IMAGE,
    MASK_WEIGHTS,
    MASKS,
    SCORES,
    TRACKS,
    WEIGHTS,
    Example,
    keep_objects,
    size_of,
)
from cfgtool.training.input.fields import Fields
from cfgtool.training.input.hierarchy import Hierarchy
from cfgtool.training.input.keypoints import KeypointDecoder
from cfgtool.training.input.picture_cache import PictureCache
from cfgtool.training.input.picture_size import within_limit

SOURCE_ID = "source_id"
LABELED_CLASSES = "labeled_classes"
ABSENT_CLASSES = "absent_classes"
INEXHAUSTIVE_CLASSES = "inexhaustive_classes"
UNKNOWN = -1

_DTYPES = {bytes: tf.string, int: tf.int64, float: tf.float32}
_ALWAYS = (*keys.BOX, keys.LABEL, keys.TEXT, keys.WEIGHT)
_EVALUATION = (keys.CROWD, keys.DIFFICULT, keys.GROUP_OF, keys.AREA, keys.ABSENT, keys.INEXHAUSTIVE)
_LABELED = (keys.IMAGE_LABEL, keys.IMAGE_TEXT)
Parsed = dict[str, Tensor]


class Decoder:
    """Decodes records; class texts are looked up in the label map, ids count where a record has no texts.

    The image is uint8 [height, width, 3 + additional channels], decoded with TensorFlow's default (fast
    integer) transform, as in the OD API, and kept in `cache` where there is one. Classes are the ids of the
    label map, from 1.
    """

    def __init__(self, label_map: LabelMap | None, fields: Fields, cache: PictureCache | None = None) -> None:
        self._fields = fields
        self._cache = cache
        self._keypoints = KeypointDecoder(label_map, fields) if fields.keypoints else None
        lists = {key: _DTYPES[keys.TYPES[key]] for key in self._lists()}
        if fields.masks:
            lists[keys.MASK] = tf.string if fields.masks == "png" else tf.float32
        self._features: dict[str, object] = {
            key: tf.io.FixedLenSequenceFeature([], dtype, allow_missing=True) for key, dtype in lists.items()
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
        self._hierarchy: Hierarchy | None = None
        if fields.hierarchy and label_map is not None:
            self._hierarchy = Hierarchy(label_map, fields.num_classes)

    def _lists(self) -> list[str]:
        """The keys of the lists to parse, masks aside."""
        wanted = list(_ALWAYS)
        if self._fields.evaluation:
            wanted += _EVALUATION
        if self._fields.looked_for or self._fields.evaluation:
            wanted += _LABELED
            if self._fields.hierarchy:
                wanted.append(keys.IMAGE_CONFIDENCE)
        if self._keypoints is not None:
            wanted += self._keypoints.keys
        if self._fields.mask_weights:
            wanted.append(keys.MASK_WEIGHT)
        if self._fields.dense_pose:
            wanted += (keys.DENSEPOSE_NUM, *keys.DENSEPOSE)
        if self._fields.track_ids:
            wanted.append(keys.TRACK)
        if self._fields.context:
            wanted += (keys.CONTEXT_FEATURES, keys.CONTEXT_LENGTH)
        if self._fields.scores:
            wanted.append(keys.SCORES)
        if self._fields.additional_channels:
            wanted.append(keys.ADDITIONAL_CHANNELS)
        return wanted

    def __call__(self, record: Tensor) -> Example:
        """The example of a serialised tf.Example (scalar string), without unknown classes and NaN boxes."""
        return self.example(tf.io.parse_single_example(record, self._features))

    def example(self, parsed: Parsed) -> Example:
        """The example of the values of a record by key; lists of the image and its objects may be left out."""
        boxes = tf.stack([parsed[key] for key in keys.BOX], axis=1)
        count = tf.shape(boxes)[0]
        classes = self._classes(parsed[keys.LABEL], parsed[keys.TEXT])
        # More labels than boxes would otherwise pass in silence.
        classes = counted(classes, tf.shape(classes)[0], count, "as many classes as boxes are needed")
        example = {
            IMAGE: self._image(parsed),
            BOXES: boxes,
            CLASSES: tf.cast(classes, tf.int32),
            WEIGHTS: or_default(parsed[keys.WEIGHT], count, 1.0),
            SOURCE_ID: parsed[keys.SOURCE_ID],
        }
        if self._fields.masks:
            example[MASKS] = _masks(parsed[keys.MASK], example[IMAGE], count)
        if self._fields.mask_weights:
            example[MASK_WEIGHTS] = or_default(parsed[keys.MASK_WEIGHT], count, 1.0)
        if self._keypoints is not None:
            example |= self._keypoints(parsed, count)
        if self._fields.dense_pose:
            example |= stored_points(parsed, count)
        if self._fields.track_ids:
            tracks = parsed[keys.TRACK]
            tracks = counted(tracks, tf.size(tracks), count, "as many track ids as boxes are needed")
            example[TRACKS] = tf.cast(tracks, tf.int32)
        if self._fields.context is not None:
            example[CONTEXT] = context_features(
                parsed[keys.CONTEXT_FEATURES], parsed[keys.CONTEXT_LENGTH], self._fields.context.length
            )
        if self._fields.scores:
            shape = tf.stack([count, self._fields.num_classes])
            example[SCORES] = shaped(parsed[keys.SCORES], shape, "one score per box and class is needed")
        if self._fields.evaluation:
            parsed = {**_nothing_of((*_EVALUATION, *_LABELED)), **parsed}
            example |= {
                name: or_default(parsed[key], count, 0) > 0
                for name, key in ((CROWD, keys.CROWD), (DIFFICULT, keys.DIFFICULT), (GROUP_OF, keys.GROUP_OF))
            }
            example[AREA] = or_default(parsed[keys.AREA], count, 0.0)
            example[ABSENT_CLASSES] = self._flags(parsed[keys.ABSENT])
            example[INEXHAUSTIVE_CLASSES] = self._flags(parsed[keys.INEXHAUSTIVE])
        if self._fields.looked_for or self._fields.evaluation:
            example[LABELED_CLASSES] = self._labeled(parsed)
        finite = tf.reduce_all(tf.math.is_finite(boxes), axis=1)
        kept = keep_objects(example, finite & (classes != UNKNOWN))
        return kept if self._hierarchy is None else self._hierarchy.expand_objects(kept)

    def _image(self, parsed: Parsed) -> Tensor:
        encoded = parsed[keys.IMAGE]
        image = _colours(encoded) if self._cache is None else self._cache.decoded(encoded, _colours)
        image.set_shape([None, None, COLOURS])
        number = self._fields.additional_channels
        if not number:
            return image
        stored = parsed[keys.ADDITIONAL_CHANNELS]
        message = f"as many additional channels as num_additional_channels says, {number}, are needed"
        stored = counted(stored, tf.size(stored), number, message)
        channels = []
        for place in range(number):
            channel = tf.io.decode_image(within_limit(stored[place]), channels=1, expand_animations=False)
            message = "an additional channel differs in size from the image"
            channel = counted(channel, tf.shape(channel)[:2], tf.shape(image)[:2], message)
            channels.append(tf.ensure_shape(channel, [None, None, 1]))
        return tf.concat([image, *channels], axis=2)

    def _classes(self, labels: Tensor, texts: Tensor) -> Tensor:
        """Class ids int64 [n]; UNKNOWN where a text is not in the label map."""
        if self._table is None:
            return labels
        table = self._table
        return tf.cond(tf.size(texts) > 0, lambda: table.lookup(texts), lambda: labels)

    def _labeled(self, parsed: Parsed) -> Tensor:
        """1 for each class that image-level labels say was looked for, float32 [num_classes]; all 0 without any."""
        classes = self._classes(parsed[keys.IMAGE_LABEL], parsed[keys.IMAGE_TEXT])
        if self._hierarchy is not None:
            confidences = or_default(parsed[keys.IMAGE_CONFIDENCE], tf.size(classes), 1.0)
            classes = self._hierarchy.expand_labels(classes, confidences)
        return self._flags(classes)

    def _flags(self, classes: Tensor) -> Tensor:
        """1 for each of the class ids, float32 [num_classes]."""
        found = tf.one_hot(classes - 1, self._fields.num_classes)
        return tf.cast(tf.reduce_sum(found, axis=0) > 0.0, tf.float32)


def _nothing_of(names: Iterable[str]) -> Parsed:
    return {key: tf.zeros([0], _DTYPES[keys.TYPES[key]]) for key in names}


def context_features(stored: Tensor, length: Tensor, wanted: int) -> Tensor:
    """The vectors of a record, float32 [m, `wanted`]; `length` is a list with their length."""
    message = f"context features of length {wanted} are needed, as context_feature_length says"
    stored = counted(stored, tf.reduce_sum(length), tf.constant(wanted, tf.int64), message)
    return shaped(stored, tf.stack([tf.size(stored) // wanted, wanted]), message)


def _colours(encoded: Tensor) -> Tensor:
    return tf.io.decode_image(within_limit(encoded), channels=COLOURS, expand_animations=False)


def _masks(stored: Tensor, image: Tensor, count: Tensor) -> Tensor:
    """Masks uint8 [n, height, width], 1 where the stored value is above 0."""
    height, width = size_of(image)
    shape = tf.stack([count, height, width])
    if stored.dtype == tf.float32:
        message = "as many masks as boxes are needed, of the size of the image"
        return tf.cast(shaped(stored, shape, message) > 0.0, tf.uint8)
    stored = counted(stored, tf.size(stored), count, "as many masks as boxes are needed")

    def decode(png: Tensor) -> Tensor:
        mask = tf.io.decode_png(within_limit(png), channels=1)[..., 0]
        mask = counted(mask, tf.shape(mask), shape[1:], "a mask differs in size from the image")
        return tf.cast(mask > 0, tf.uint8)

    # Mapping over no masks at all has no size to give its result.
    signature = tf.TensorSpec([None, None], tf.uint8)
    masks = tf.cond(
        count > 0,
        lambda: tf.map_fn(decode, stored, fn_output_signature=signature),
        lambda: tf.zeros(shape, tf.uint8),
    )
    return tf.ensure_shape(masks, [None, None, None])
