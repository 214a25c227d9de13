"""The last steps for one example: preprocess the image, move the objects along, drop empty ones, pad."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config
from cfgtool.training.input.checks import required
from cfgtool.training.input.decode import ABSENT_CLASSES, INEXHAUSTIVE_CLASSES, LABELED_CLASSES, SOURCE_ID
from cfgtool.training.input.densepose import compact
from cfgtool.training.input.example import (
    AREA,
    BOXES,
    CLASSES,
    CONTEXT,
    CROWD,
    DENSEPOSE,
    DEPTH_WEIGHTS,
    DEPTHS,
    DIFFICULT,
    GROUP_OF,
    IMAGE,
    KEYPOINTS,
    MASK_WEIGHTS,
    MASKS,
    SCORES,
    TRACKS,
    VISIBILITIES,
    WEIGHTS,
    Example,
    keep_objects,
    size_of,
    take_objects,
)
from cfgtool.training.input.fields import Fields
from cfgtool.training.input.moving import scaled_and_shifted
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.targets.boxes import area

Batch = dict[str, Tensor]
CLASS_TARGETS = "class_targets"


class Finish:
    """Makes the element of a batch out of an augmented example; see `pipeline` for its keys."""

    def __init__(self, config: Config, reader: Config, fields: Fields) -> None:
        """`fields` are those of `reader`. Raises UserError for what `Preprocessor` refuses."""
        train_config, model = config.message("train_config"), config.message("model")
        self.preprocess = Preprocessor(model, fields.additional_channels)
        self._fields = fields
        self._max_boxes = reader.integer("max_number_of_boxes")
        self._point_weights = reader.numbers("keypoint_type_weight") or [1.0] * fields.keypoints
        ssd = model.message("ssd")
        self._confidences = model.which("model") == "ssd" and ssd.flag("use_confidences_as_targets")
        self._merges = train_config.flag("merge_multiple_label_boxes") and not fields.evaluation
        self._scores = train_config.flag("use_multiclass_scores") and not fields.evaluation
        self._empty_to_ones = config.message("eval_config").flag("image_classes_field_map_empty_to_ones")

    def __call__(self, example: Example) -> Batch:
        """What training needs of an example."""
        image, true_shape = self.preprocess(example[IMAGE])
        boxes = example[BOXES]
        ordered = tf.reduce_all(boxes[:, 2:] >= boxes[:, :2])
        required(ordered, "a box has its minimum above its maximum")
        sides = tf.cast(tf.stack(size_of(image)), tf.float32)
        share = tf.cast(true_shape[:2], tf.float32) / sides
        moved = scaled_and_shifted(example, share, tf.zeros([2]))
        if MASKS in moved:
            moved[MASKS] = self.preprocess.resizer.masks(moved[MASKS])
        kept = keep_objects(moved, area(moved[BOXES]) > 0.0)
        targets = self._class_targets(kept)
        if self._merges:
            kept, targets = _merged(kept, targets)
        result = {
            "image": image,
            "true_image_shape": true_shape,
            BOXES: self._padded(kept[BOXES]),
            CLASSES: self._padded(kept[CLASSES]) - 1,
            WEIGHTS: self._padded(kept[WEIGHTS]),
            "num_boxes": tf.minimum(tf.shape(kept[BOXES])[0], self._max_boxes),
        }
        if self._merges or self._scores:
            result[CLASS_TARGETS] = self._padded(targets)
        if self._confidences:
            result["confidences"] = self._padded(targets)
        if self._fields.looked_for and not self._fields.evaluation:
            result[LABELED_CLASSES] = _ones_if_empty(kept[LABELED_CLASSES])
        return {**result, **self._shapes(kept)}

    def _class_targets(self, example: Example) -> Tensor:
        """Float32 [n, num_classes]: the stored scores where they are the targets, else 1 for the class."""
        if self._scores:
            return example[SCORES]
        return tf.one_hot(example[CLASSES] - 1, self._fields.num_classes)

    def _shapes(self, example: Example) -> Batch:
        """Masks, keypoints, DensePose points, and what else objects and images have where it is asked for."""
        result: Batch = {}
        if MASKS in example:
            result[MASKS] = self._padded(example[MASKS])
            if self.preprocess.size is not None:
                result[MASKS] = tf.ensure_shape(result[MASKS], [self._max_boxes, *self.preprocess.size])
        if KEYPOINTS in example:
            visible = example[VISIBILITIES]
            weights = tf.cast(visible, tf.float32) * tf.constant(self._point_weights, tf.float32)
            result[KEYPOINTS] = self._padded(example[KEYPOINTS])
            result[VISIBILITIES] = self._padded(visible)
            result["keypoint_weights"] = self._padded(weights)
        for name in (DEPTHS, DEPTH_WEIGHTS, MASK_WEIGHTS, TRACKS):
            if name in example:
                result[name] = self._padded(example[name])
        if DENSEPOSE in example:
            result |= {name: self._padded(value) for name, value in compact(example).items()}
        if self._fields.context is not None:
            result[CONTEXT] = self._padded(example[CONTEXT], self._fields.context.number)
            valid = tf.minimum(tf.shape(example[CONTEXT])[0], self._fields.context.number)
            result["valid_context_size"] = valid
        return result

    def groundtruth(self, example: Example) -> Batch:
        """What evaluation compares with, in terms of the stored image; the same rows as the boxes."""
        kept = keep_objects(example, area(example[BOXES]) > 0.0)
        result = {name: self._padded(kept[name]) for name in (CROWD, DIFFICULT, GROUP_OF, AREA)}
        if KEYPOINTS in kept:
            result["original_keypoints"] = self._padded(kept[KEYPOINTS])
        labeled = example[LABELED_CLASSES]
        if self._empty_to_ones:
            labeled = _ones_if_empty(labeled)
        return {
            **result,
            LABELED_CLASSES: labeled,
            ABSENT_CLASSES: example[ABSENT_CLASSES],
            INEXHAUSTIVE_CLASSES: example[INEXHAUSTIVE_CLASSES],
            "original_boxes": self._padded(kept[BOXES]),
            "original_size": tf.stack(size_of(example[IMAGE])),
            SOURCE_ID: example[SOURCE_ID],
        }

    def stored_masks(self, example: Example) -> Tensor:
        """The masks as they are stored, uint8 [num_boxes, height, width], the same rows as the boxes, none beyond."""
        kept = keep_objects({BOXES: example[BOXES], MASKS: example[MASKS]}, area(example[BOXES]) > 0.0)
        return kept[MASKS][: self._max_boxes]

    def _padded(self, values: Tensor, number: int | None = None) -> Tensor:
        """The first rows, filled up with zeros: [max_boxes, ...], or `number` of them."""
        number = self._max_boxes if number is None else number
        values = values[:number]
        missing = number - tf.shape(values)[0]
        padded = tf.pad(values, [[0, missing]] + [[0, 0]] * (len(values.shape) - 1))
        padded.set_shape([number, *values.shape[1:]])
        return padded


def _ones_if_empty(labeled: Tensor) -> Tensor:
    """All classes where none is named."""
    return tf.where(tf.reduce_any(labeled > 0.0), labeled, tf.ones_like(labeled))


def _merged(example: Example, targets: Tensor) -> tuple[Example, Tensor]:
    """Equal boxes made one, in the order of the first ones, with the classes of all.

    All else of an object, its weight, mask and keypoints, is that of the first of them.
    """
    boxes = example[BOXES]
    places = tf.range(tf.shape(boxes)[0])
    same = tf.reduce_all(boxes[:, tf.newaxis] == boxes[tf.newaxis], axis=-1)
    first = tf.reduce_min(tf.where(same, places, tf.int32.max), axis=1)
    rows = tf.where(first == places)[:, 0]
    members = tf.cast(tf.gather(same, rows), tf.float32)
    classes = tf.reduce_max(members[:, :, tf.newaxis] * targets[tf.newaxis], axis=1)
    return take_objects(example, rows), classes
