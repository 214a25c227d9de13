"""`expand_labels_hierarchy`: what is of a class is of its ancestors as well (Open Images, arXiv:1811.00982)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data.label_map import LabelMap
from cfgtool.errors import UserError
from cfgtool.training.input.example import CLASSES, Example, take_objects

MOST_CLASSES = 1 << 14
"""The tables have so many rows and columns at most: a quarter of a gigabyte each."""
_PRESENT, _ABSENT = 1.0, 0.0


class Hierarchy:
    """The `ancestor_ids` and `descendant_ids` of a label map. Raises UserError for ids beyond `MOST_CLASSES`."""

    def __init__(self, label_map: LabelMap, num_classes: int) -> None:
        related = (number for item in label_map.items for number in (*item.ancestors, *item.descendants))
        size = 1 + max(num_classes, label_map.max_id, *related)
        if size > MOST_CLASSES:
            raise UserError(
                f"expand_labels_hierarchy takes ids up to {MOST_CLASSES - 1:,}, and there is {size - 1:,}",
                path=label_map.path,
            )
        self._ancestors = np.eye(size, dtype=bool)
        self._descendants = np.eye(size, dtype=bool)
        for item in label_map.items:
            self._ancestors[item.id, list(item.ancestors)] = True
            self._descendants[item.id, list(item.descendants)] = True

    def expand_objects(self, example: Example) -> Example:
        """Each object once for its class and once for each ancestor, by rising id; all else of it is repeated."""
        rows, classes = _expanded(self._ancestors, example[CLASSES])
        return {**take_objects(example, rows), CLASSES: tf.cast(classes, tf.int32)}

    def expand_labels(self, classes: Tensor, confidences: Tensor) -> Tensor:
        """Image-level labels: what is there (confidence 1) is there as its ancestors as well; what is not there
        (confidence 0) is not there as any descendant. Other labels stay as they are.
        """
        present = _expanded(self._ancestors, tf.boolean_mask(classes, confidences == _PRESENT))[1]
        absent = _expanded(self._descendants, tf.boolean_mask(classes, confidences == _ABSENT))[1]
        others = tf.boolean_mask(classes, (confidences != _PRESENT) & (confidences != _ABSENT))
        return tf.concat([present, absent, others], 0)


def _expanded(table: npt.NDArray[np.bool_], classes: Tensor) -> tuple[Tensor, Tensor]:
    """Row number and class id, int64, of all that the labels `classes` [n] stand for; unknown ids for nothing."""
    known = (classes >= 0) & (classes < len(table))
    relatives = tf.gather(tf.constant(table), tf.where(known, classes, 0))
    pairs = tf.where(relatives & known[:, tf.newaxis])
    return pairs[:, 0], pairs[:, 1]
