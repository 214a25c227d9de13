"""Moving an example as a whole: what happens to the image happens to boxes, masks and points alike.

Points are the keypoints and those of DensePose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.input.densepose import other_hand
from cfgtool.training.input.example import (
    BOXES,
    IMAGE,
    KEYPOINTS,
    MASKS,
    PER_KEYPOINT,
    POINTS,
    VISIBILITIES,
    Example,
    as_float,
    keep_objects,
    size_of,
    with_image,
)
from cfgtool.training.targets.boxes import area, clip, corners, relative_to

WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)


def share_inside(boxes: Tensor, window: Tensor) -> Tensor:
    """The share [n] of each box's area that lies in the window [4]; 0 for boxes without area."""
    return tf.math.divide_no_nan(area(clip(boxes, window)), area(boxes))


def touches(boxes: Tensor, window: Tensor) -> Tensor:
    """Whether each box [n] has more than an edge in common with the window [4]."""
    return tf.reduce_all(tf.concat([boxes[:, :2] < window[2:], boxes[:, 2:] > window[:2]], axis=1), axis=1)


def scaled_and_shifted(example: Example, scale: Tensor, offset: Tensor) -> Example:
    """Boxes and points x `scale` + `offset`, both [2] as y, x; image and masks are not touched."""
    result = dict(example)
    result[BOXES] = example[BOXES] * tf.concat([scale, scale], 0) + tf.concat([offset, offset], 0)
    return with_points(result, lambda points: points * scale + offset)


def with_points(example: Example, move: Callable[[Tensor], Tensor]) -> Example:
    """The example with `move` done to the places [n, k, 2], y and x, of all its points."""
    moved = {name: move(example[name]) for name in POINTS if name in example}
    return {**example, **moved}


def without_points_outside(example: Example) -> Example:
    """The example with points beyond the image's edges made absent: NaN, and keypoints not visible."""
    result = dict(example)
    for name in POINTS:
        if name not in example:
            continue
        points = example[name]
        inside = tf.reduce_all((points >= 0.0) & (points <= 1.0), axis=-1)
        result[name] = tf.where(inside[..., tf.newaxis], points, float("nan"))
        if name == KEYPOINTS and VISIBILITIES in example:
            result[VISIBILITIES] = example[VISIBILITIES] & inside
    return result


def within_image(example: Example) -> Example:
    """The objects that reach into the image, boxes clipped to it, and the points in it."""
    whole = tf.constant(WHOLE_IMAGE)
    boxes = example[BOXES]
    kept = keep_objects({**example, BOXES: clip(boxes, whole)}, touches(boxes, whole))
    return without_points_outside(kept)


def crop(
    example: Example, begin: Tensor, size: Tensor, min_share: float | Tensor, cut: bool | Tensor
) -> Example:
    """Cut out the pixels `begin` [3] .. `begin + size`.

    Objects outside, or with less than `min_share` of their area inside, are dropped; with `cut` the boxes of
    the others are clipped to the new image. Points outside become absent.
    """
    height, width = size_of(example[IMAGE])
    scale = tf.cast(tf.stack([height, width]), tf.float32)
    window = tf.concat(
        [tf.cast(begin[:2], tf.float32) / scale, tf.cast(begin[:2] + size[:2], tf.float32) / scale], 0
    )
    boxes = example[BOXES]
    kept = touches(boxes, window) & (share_inside(boxes, window) >= min_share)
    result = keep_objects(cut_out(example, begin, size), kept)
    moved = relative_to(result[BOXES], window)
    result[BOXES] = tf.where(cut, clip(moved, tf.constant(WHOLE_IMAGE)), moved)
    result = with_points(result, lambda points: (points - window[:2]) / (window[2:] - window[:2]))
    return without_points_outside(result)


def cut_out(example: Example, begin: Tensor, size: Tensor) -> Example:
    """Image and masks cut to the pixels `begin` [3] .. `begin + size`; nothing else is moved."""
    result = with_image(example, tf.slice(example[IMAGE], begin, size))
    if MASKS in example:
        result[MASKS] = tf.slice(
            example[MASKS], tf.concat([[0], begin[:2]], 0), tf.concat([[-1], size[:2]], 0)
        )
    return result


def on_canvas(example: Example, height: Tensor, width: Tensor, top: Tensor, left: Tensor) -> Example:
    """Image and masks at (`top`, `left`) of a black canvas of `height` x `width`; nothing else is moved."""
    image = tf.image.pad_to_bounding_box(example[IMAGE], top, left, height, width)
    result = with_image(example, image)
    if MASKS in example:
        result[MASKS] = pad_masks(example[MASKS], height, width, top, left)
    return result


def pad_masks(
    masks: Tensor, height: int | Tensor, width: int | Tensor, top: int | Tensor = 0, left: int | Tensor = 0
) -> Tensor:
    """Masks [n, old height, old width] at (`top`, `left`) of empty ones of `height` x `width`."""
    shape = tf.shape(masks)
    below, right = height - top - shape[1], width - left - shape[2]
    return tf.pad(masks, [[0, 0], [top, below], [left, right]])


def paste(
    example: Example, height: Tensor, width: Tensor, top: Tensor, left: Tensor, colour: Tensor
) -> Example:
    """Lay the image at (`top`, `left`) on a canvas of `height` x `width` pixels in one `colour` [channels]."""
    old_height, old_width = size_of(example[IMAGE])
    # Padding the difference to the colour with zeros pads the image with the colour.
    result = with_image(example, as_float(example[IMAGE]) - colour)
    result = on_canvas(result, height, width, top, left)
    result[IMAGE] += colour
    old = tf.cast(tf.stack([old_height, old_width]), tf.float32)
    new = tf.cast(tf.stack([height, width]), tf.float32)
    return scaled_and_shifted(result, old / new, tf.cast(tf.stack([top, left]), tf.float32) / new)


def mirrored(example: Example, axis: int, permutation: Sequence[int]) -> Example:
    """The example upside down (`axis` 0) or with left and right exchanged (1).

    Keypoint number i of the result is number `permutation[i]` of the example; empty: they stay in order.
    """
    result = with_image(example, tf.reverse(example[IMAGE], [axis]))
    low, high = (corners(example[BOXES])[place] for place in (axis, axis + 2))
    edges = list(corners(example[BOXES]))
    edges[axis], edges[axis + 2] = 1.0 - high, 1.0 - low
    result[BOXES] = tf.stack(edges, axis=1)
    if MASKS in example:
        result[MASKS] = tf.reverse(example[MASKS], [axis + 1])
    scale, offset = [((-1.0, 1.0), (1.0, 0.0)), ((1.0, -1.0), (0.0, 1.0))][axis]
    result = with_points(result, lambda points: points * scale + offset)
    return _permuted(other_hand(result), permutation)


def turned(example: Example, permutation: Sequence[int]) -> Example:
    """The example turned by 90 degrees against the clock; keypoints as in `mirrored`."""
    ymin, xmin, ymax, xmax = corners(example[BOXES])
    result = with_image(example, tf.image.rot90(example[IMAGE]))
    result[BOXES] = tf.stack([1.0 - xmax, ymin, 1.0 - xmin, ymax], axis=1)
    if MASKS in example:
        result[MASKS] = tf.reverse(tf.transpose(example[MASKS], [0, 2, 1]), [1])
    result = with_points(result, lambda points: tf.stack([1.0 - points[..., 1], points[..., 0]], axis=-1))
    return _permuted(result, permutation)


def _permuted(example: Example, permutation: Sequence[int]) -> Example:
    if not permutation:
        return example
    return {
        name: tf.gather(value, list(permutation), axis=1) if name in PER_KEYPOINT else value
        for name, value in example.items()
    }
