"""One example on its way through augmentation: named tensors, and choosing among them.

`image` is [height, width, 3 or more], uint8 or float32, values 0..255; channels beyond the third are the
additional ones of the reader. The tensors of `PER_OBJECT` have n rows, one per object:

    boxes              float32 [n, 4]              normalised `[ymin, xmin, ymax, xmax]`
    classes            int32   [n]                 ids of the label map, from 1
    weights            float32 [n]
    masks              uint8   [n, height, width]  1 on the object, 0 beside it
    keypoints          float32 [n, keypoints, 2]   y, x as fractions of the image; NaN where there is none
    keypoint_visibilities  bool [n, keypoints]     false where the keypoint is NaN
    keypoint_depths, keypoint_depth_weights  float32 [n, keypoints]
    densepose_points   float32 [n, points, 2]      y, x like keypoints; NaN where the object has fewer points
    densepose_parts    int32   [n, points]         body part of each point, from 0
    densepose_surface  float32 [n, points, 2]      v, u on that part
    mask_weights       float32 [n]
    track_ids          int32   [n]
    multiclass_scores  float32 [n, classes]
    is_crowd, difficult, group_of  bool [n]
    area               float32 [n]

All but the first three are there only where they were asked for. Of the image as a whole there may also be

    context_features   float32 [m, length]         what the memory of Context R-CNN holds
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.input.draws import Draws

Example = dict[str, Tensor]
Step = Callable[[Example, Draws], Example]

IMAGE = "image"
BOXES = "boxes"
CLASSES = "classes"
WEIGHTS = "weights"
MASKS = "masks"
KEYPOINTS = "keypoints"
VISIBILITIES = "keypoint_visibilities"
DEPTHS = "keypoint_depths"
DEPTH_WEIGHTS = "keypoint_depth_weights"
DENSEPOSE = "densepose_points"
DENSEPOSE_PARTS = "densepose_parts"
DENSEPOSE_SURFACE = "densepose_surface"
MASK_WEIGHTS = "mask_weights"
TRACKS = "track_ids"
CONTEXT = "context_features"
SCORES = "multiclass_scores"
CROWD = "is_crowd"
DIFFICULT = "difficult"
GROUP_OF = "group_of"
AREA = "area"
PER_OBJECT = (
    BOXES,
    CLASSES,
    WEIGHTS,
    MASKS,
    KEYPOINTS,
    VISIBILITIES,
    DEPTHS,
    DEPTH_WEIGHTS,
    DENSEPOSE,
    DENSEPOSE_PARTS,
    DENSEPOSE_SURFACE,
    MASK_WEIGHTS,
    TRACKS,
    SCORES,
    CROWD,
    DIFFICULT,
    GROUP_OF,
    AREA,
)
POINTS = (KEYPOINTS, DENSEPOSE)
"""What has a place as y and x: it moves like the corners of boxes."""
PER_KEYPOINT = (KEYPOINTS, VISIBILITIES, DEPTHS, DEPTH_WEIGHTS)
"""What has a value for each keypoint: it changes places where left and right do."""

COLOURS = 3
"""How many channels of an image are its colours: red, green, blue."""


def take_objects(example: Example, rows: Tensor) -> Example:
    """The example with the objects of these row numbers, in their order."""
    return {name: tf.gather(value, rows) if name in PER_OBJECT else value for name, value in example.items()}


def keep_objects(example: Example, mask: Tensor) -> Example:
    """The example with the objects where `mask` [n] is true."""
    return take_objects(example, tf.where(mask)[:, 0])


def size_of(image: Tensor) -> tuple[Tensor, Tensor]:
    """Height and width in pixels, int32 scalars."""
    shape = tf.shape(image)
    return shape[0], shape[1]


def as_float(image: Tensor) -> Tensor:
    """The image as float32; images stay uint8 until a step needs more, because cropping those is cheaper."""
    return tf.cast(image, tf.float32)


def with_image(example: Example, image: Tensor) -> Example:
    """The example with another image."""
    return {**example, IMAGE: image}


def chosen(condition: Tensor, changed: Callable[[], Example], example: Example) -> Example:
    """`changed()` where the condition holds, else the example; image types are aligned."""
    probe: dict[str, Tensor] = {}

    def run() -> Example:
        result = changed()
        probe.update(result)
        return result

    def leave() -> Example:
        image = example[IMAGE]
        wanted = probe[IMAGE].dtype if probe else image.dtype
        return {**example, IMAGE: tf.cast(image, wanted)}

    result: Example = tf.cond(condition, run, leave)
    result[IMAGE].set_shape([None, None, example[IMAGE].shape[-1]])
    return result
