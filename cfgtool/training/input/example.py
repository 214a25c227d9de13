"""One example on its way through augmentation: named tensors, and the geometry that moves its boxes along.

`image` is [height, width, 3], uint8 or float32, values 0..255. `boxes` is float32 [n, 4], normalised
`[ymin, xmin, ymax, xmax]`; the other per-object tensors of `PER_OBJECT` have n rows.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.input.draws import Draws
from cfgtool.training.targets.boxes import area, clip, relative_to

Example = dict[str, Tensor]
Step = Callable[[Example, Draws], Example]

IMAGE = "image"
BOXES = "boxes"
CLASSES = "classes"
WEIGHTS = "weights"
CROWD = "is_crowd"
DIFFICULT = "difficult"
AREA = "area"
PER_OBJECT = (BOXES, CLASSES, WEIGHTS, CROWD, DIFFICULT, AREA)

WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)


def keep_objects(example: Example, mask: Tensor) -> Example:
    """The example with the objects where `mask` [n] is true."""
    indices = tf.where(mask)[:, 0]
    return {
        name: tf.gather(value, indices) if name in PER_OBJECT else value for name, value in example.items()
    }


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


def share_inside(boxes: Tensor, window: Tensor) -> Tensor:
    """The share [n] of each box's area that lies in the window [4]; 0 for boxes without area."""
    return tf.math.divide_no_nan(area(clip(boxes, window)), area(boxes))


def touches(boxes: Tensor, window: Tensor) -> Tensor:
    """Whether each box [n] has more than an edge in common with the window [4]."""
    return tf.reduce_all(tf.concat([boxes[:, :2] < window[2:], boxes[:, 2:] > window[:2]], axis=1), axis=1)


def crop(
    example: Example, begin: Tensor, size: Tensor, min_share: float | Tensor, cut: bool | Tensor
) -> Example:
    """Cut out the pixels `begin` [3] .. `begin + size`.

    Objects outside, or with less than `min_share` of their area inside, are dropped; with `cut` the others
    are clipped to the new image.
    """
    height, width = size_of(example[IMAGE])
    scale = tf.cast(tf.stack([height, width]), tf.float32)
    window = tf.concat(
        [tf.cast(begin[:2], tf.float32) / scale, tf.cast(begin[:2] + size[:2], tf.float32) / scale], 0
    )
    boxes = example[BOXES]
    kept = touches(boxes, window) & (share_inside(boxes, window) >= min_share)
    result = keep_objects(with_image(example, tf.slice(example[IMAGE], begin, size)), kept)
    moved = relative_to(result[BOXES], window)
    return {**result, BOXES: tf.where(cut, clip(moved, tf.constant(WHOLE_IMAGE)), moved)}


def paste(
    example: Example, height: Tensor, width: Tensor, top: Tensor, left: Tensor, colour: Tensor
) -> Example:
    """Lay the image at (`top`, `left`) on a canvas of `height` x `width` pixels in one `colour` [3]."""
    image = as_float(example[IMAGE])
    old_height, old_width = size_of(image)
    # Padding the difference to the colour with zeros pads the image with the colour.
    canvas = tf.image.pad_to_bounding_box(image - colour, top, left, height, width) + colour
    origin = tf.cast(tf.stack([top, left]), tf.float32)
    old = tf.cast(tf.stack([old_height, old_width]), tf.float32)
    new = tf.cast(tf.stack([height, width]), tf.float32)
    scale = tf.concat([old, old], 0) / tf.concat([new, new], 0)
    offset = tf.concat([origin, origin], 0) / tf.concat([new, new], 0)
    return {**example, IMAGE: canvas, BOXES: example[BOXES] * scale + offset}
