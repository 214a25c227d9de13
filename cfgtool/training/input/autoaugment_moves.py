"""The operations of AutoAugment that move pixels or hide them (Zoph et al., arXiv:1906.11172, appendix).

They act on a whole example or, each with a probability, on what each box shows. What is uncovered is grey.
Images are uint8 [height, width, channels]; additional channels move along and are uncovered as 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import (
    BOXES,
    COLOURS,
    IMAGE,
    KEYPOINTS,
    MASKS,
    POINTS,
    VISIBILITIES,
    Example,
    size_of,
    with_image,
)
from cfgtool.training.input.moving import with_points, within_image, without_points_outside
from cfgtool.training.targets.boxes import corners

GRAY = 128
_MOVED = (IMAGE, MASKS, *POINTS, VISIBILITIES)


class Chances(NamedTuple):
    """The draws of one operation, all from [0, 1): scalars, and one for each box [n] where the name says so."""

    sign: Tensor
    box: Tensor
    y: Tensor
    x: Tensor
    box_applies: Tensor
    box_y: Tensor
    box_x: Tensor


def chances(example: Example, draws: Draws) -> Chances:
    """What an operation on this example may need."""
    each = tf.shape(example[BOXES])[:1]
    scalars = [draws.uniform(0.0, 1.0) for _ in range(4)]
    return Chances(*scalars, *[draws.uniform(0.0, 1.0, each) for _ in range(3)])


Matrix = Callable[[Tensor, tuple[Tensor, Tensor]], Tensor]
"""(value, (height, width)) -> [2, 3]: the pixel (x, y) of the result shows the pixel matrix x (x, y, 1)."""


def turn(degrees: Tensor, sides: tuple[Tensor, Tensor]) -> Tensor:
    """Turned about the middle, against the clock."""
    middle = (tf.cast(tf.stack(sides[::-1]), tf.float32) - 1.0) / 2.0
    cos, sin = tf.cos(degrees * 0.017453292), tf.sin(degrees * 0.017453292)
    linear = tf.stack([tf.stack([cos, -sin]), tf.stack([sin, cos])])
    offset = middle - tf.linalg.matvec(linear, middle)
    return tf.concat([linear, offset[:, tf.newaxis]], axis=1)


def _linear(place: tuple[int, int], value: Tensor) -> Tensor:
    """The identity with another value at one place."""
    return tf.tensor_scatter_nd_update(tf.eye(2, 3), [place], [value])


def shear_x(slope: Tensor, sides: tuple[Tensor, Tensor]) -> Tensor:  # noqa: ARG001
    """Rows shifted to the left, the more so the lower they are."""
    return _linear((0, 1), slope)


def shear_y(slope: Tensor, sides: tuple[Tensor, Tensor]) -> Tensor:  # noqa: ARG001
    """Columns shifted upwards, the more so the further right they are."""
    return _linear((1, 0), slope)


def translate_x(pixels: Tensor, sides: tuple[Tensor, Tensor]) -> Tensor:  # noqa: ARG001
    """Shifted to the left."""
    return _linear((0, 2), pixels)


def translate_y(pixels: Tensor, sides: tuple[Tensor, Tensor]) -> Tensor:  # noqa: ARG001
    """Shifted upwards."""
    return _linear((1, 2), pixels)


def mirror(value: Tensor, sides: tuple[Tensor, Tensor]) -> Tensor:  # noqa: ARG001
    """Left and right exchanged."""
    width = tf.cast(sides[1], tf.float32)
    return tf.tensor_scatter_nd_update(tf.eye(2, 3), [(0, 0), (0, 2)], [-1.0, width - 1.0])


def _signed(value: Tensor, chance: Tensor) -> Tensor:
    return tf.where(chance < 0.5, -value, value)


def _warped(images: Tensor, matrix: Tensor, fill: float = 0.0) -> Tensor:
    """Images [n, height, width, channels] moved by a matrix [2, 3]; each pixel shows the nearest."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.concat([tf.reshape(matrix, [1, 6]), tf.zeros([1, 2])], axis=1),
        output_shape=tf.shape(images)[1:3],
        fill_value=tf.constant(fill),
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )


def _moved_content(example: Example, matrix: Tensor) -> Example:
    """Image, masks and points moved by a matrix; boxes are not."""
    image = example[IMAGE][tf.newaxis]
    moved = _warped(image[..., :COLOURS], matrix, float(GRAY))
    if image.shape[-1] > COLOURS:
        moved = tf.concat([moved, _warped(image[..., COLOURS:], matrix)], axis=-1)
    result = with_image(example, tf.ensure_shape(moved[0], example[IMAGE].shape))
    if MASKS in example:
        result[MASKS] = _warped(example[MASKS][..., tf.newaxis], matrix)[..., 0]
    sides = size_of(example[IMAGE])
    return without_points_outside(with_points(result, lambda points: _moved_points(points, matrix, sides)))


def _moved_points(points: Tensor, matrix: Tensor, sides: tuple[Tensor, Tensor]) -> Tensor:
    """Where points [..., 2], y and x as fractions of the image, are found after the move."""
    pixels = tf.cast(tf.stack(sides), tf.float32)
    # Matrices count from the middle of the first pixel.
    places = points * pixels - 0.5
    away = tf.reverse(places, [-1]) - matrix[:, 2]
    found = tf.linalg.matvec(tf.linalg.inv(matrix[:, :2]), away)
    return (tf.reverse(found, [-1]) + 0.5) / pixels


def move_all(matrix: Matrix, most: float) -> Callable[[Example, Tensor, Chances], Example]:
    """The whole image moved by up to `most` either way, boxes along; objects that leave the image go."""

    def operate(example: Example, level: Tensor, chance: Chances) -> Example:
        sides = size_of(example[IMAGE])
        move = matrix(_signed(level / 10.0 * most, chance.sign), sides)
        result = _moved_content(example, move)
        ymin, xmin, ymax, xmax = corners(example[BOXES])
        places = [tf.stack([y, x], axis=-1) for y in (ymin, ymax) for x in (xmin, xmax)]
        found = _moved_points(tf.stack(places, axis=1), move, sides)
        result[BOXES] = tf.concat([tf.reduce_min(found, axis=1), tf.reduce_max(found, axis=1)], axis=1)
        return within_image(result)

    return operate


Change = Callable[[Example, Tensor, Tensor, Tensor], Example]
"""What becomes of the content of a box: (content, signed value, two draws for a place in it)."""


def in_boxes(change: Change, most: float) -> Callable[[Example, Tensor, Chances, Tensor], Example]:
    """`change` done to what each box shows, one after the other; a third of the probability goes to each box.

    `change` moves or recolours the content as if it were an image of its own; boxes stay.
    """

    def operate(example: Example, level: Tensor, chance: Chances, probability: Tensor) -> Example:
        value = _signed(level / 10.0 * most, chance.sign)
        content = {name: example[name] for name in _MOVED if name in example}
        boxes = example[BOXES]
        applies = chance.box_applies < probability / 3.0

        def step(row: Tensor, content: Example) -> tuple[Tensor, Example]:
            changed = tf.cond(
                applies[row],
                lambda: _in_window(
                    content,
                    _window(boxes[row], content[IMAGE]),
                    change,
                    value,
                    chance.box_y[row],
                    chance.box_x[row],
                ),
                lambda: content,
            )
            return row + 1, changed

        count = tf.shape(boxes)[0]
        shapes = {name: content[name].shape for name in content}
        shapes[IMAGE] = tf.TensorShape([None, None, content[IMAGE].shape[-1]])
        if MASKS in shapes:
            shapes[MASKS] = tf.TensorShape([None, None, None])
        _, content = tf.while_loop(
            lambda row, _: row < count,
            step,
            (tf.constant(0), content),
            shape_invariants=(tf.TensorShape([]), shapes),
        )
        return {**example, **content}

    return operate


def _window(box: Tensor, image: Tensor) -> Tensor:
    """The pixels of a box, int32 [4]: top, left, and one below and right of the last ones."""
    limits = tf.shape(image)[:2]
    pixels = _pixels(box, image)
    low = tf.clip_by_value(pixels[:2], 0, limits - 1)
    return tf.concat([low, tf.clip_by_value(pixels[2:], low + 1, limits)], 0)


def _pixels(box: Tensor, image: Tensor) -> Tensor:
    """The same, but not limited to the image."""
    limits = tf.shape(image)[:2]
    pixels = tf.cast(tf.cast(tf.concat([limits, limits], 0), tf.float32) * box, tf.int32)
    return pixels + tf.constant([0, 0, 1, 1])


def _in_window(
    example: Example, window: Tensor, change: Change, value: Tensor, y: Tensor, x: Tensor
) -> Example:
    """`change` done to the pixels of a window, and to the points that lie in it."""
    top, left, bottom, right = tf.unstack(window)
    content = with_image(example, example[IMAGE][top:bottom, left:right])
    if MASKS in example:
        content[MASKS] = example[MASKS][:, top:bottom, left:right]
    pixels = tf.cast(tf.shape(example[IMAGE])[:2], tf.float32)
    origin = tf.cast(window[:2], tf.float32) / pixels
    share = tf.cast(window[2:] - window[:2], tf.float32) / pixels
    content = with_points(content, lambda points: (points - origin) / share)
    changed = change(content, value, y, x)
    result = with_image(example, _laid_over(example[IMAGE], changed[IMAGE], window, 0))
    if MASKS in example:
        result[MASKS] = _laid_over(example[MASKS], changed[MASKS], window, 1)
    for name in POINTS:
        if name not in example:
            continue
        inside = tf.reduce_all((content[name] >= 0.0) & (content[name] <= 1.0), axis=-1)
        moved = changed[name] * share + origin
        result[name] = tf.where(inside[..., tf.newaxis], moved, example[name])
        if name == KEYPOINTS and VISIBILITIES in example:
            result[VISIBILITIES] = tf.where(inside, changed[VISIBILITIES], example[VISIBILITIES])
    return result


def _laid_over(whole: Tensor, part: Tensor, window: Tensor, axis: int) -> Tensor:
    """`part` in the place of the window of `whole`, whose rows are `axis` and columns the axis after it."""
    sides = tf.shape(whole)[axis : axis + 2]
    margins = tf.stack([window[:2], sides - window[2:]], axis=1)
    margins = tf.pad(margins, [[axis, len(whole.shape) - 2 - axis], [0, 0]])
    hole = tf.pad(tf.ones(tf.shape(part), tf.bool), margins)
    return tf.ensure_shape(tf.where(hole, tf.pad(part, margins), whole), whole.shape)


def moved_in_box(matrix: Matrix) -> Change:
    """The content moved by a matrix for its own size."""
    return lambda content, value, y, x: _moved_content(content, matrix(value, size_of(content[IMAGE])))


def hide(image: Tensor, centre: tuple[Tensor, Tensor], half: tuple[Tensor, Tensor]) -> Tensor:
    """The image with a grey rectangle of twice `half` pixels about a centre."""
    height, width = size_of(image)
    rows, columns = tf.range(height)[:, tf.newaxis], tf.range(width)[tf.newaxis, :]
    inside = (rows >= centre[0] - half[0]) & (rows < centre[0] + half[0])
    inside &= (columns >= centre[1] - half[1]) & (columns < centre[1] + half[1])
    gray = tf.constant([*[GRAY] * COLOURS, *[0] * (image.shape[-1] - COLOURS)], image.dtype)
    return tf.where(inside[:, :, tf.newaxis], gray, image)


def _place(chance: Tensor, side: Tensor) -> Tensor:
    return tf.cast(chance * tf.cast(side, tf.float32), tf.int32)


def cutout(most: float) -> Callable[[Example, Tensor, Chances], Example]:
    """A grey square of twice up to `most` pixels about a place anywhere in the image."""

    def operate(example: Example, level: Tensor, chance: Chances) -> Example:
        image = example[IMAGE]
        height, width = size_of(image)
        half = tf.cast(level / 10.0 * most, tf.int32)
        centre = _place(chance.y, height), _place(chance.x, width)
        return with_image(example, hide(image, centre, (half, half)))

    return operate


def cutout_in_box(content: Example, value: Tensor, y: Tensor, x: Tensor) -> Example:
    """A grey square about a place in a box, within the box."""
    image = content[IMAGE]
    height, width = size_of(image)
    half = tf.cast(tf.abs(value), tf.int32)
    return with_image(content, hide(image, (_place(y, height), _place(x, width)), (half, half)))


def bbox_cutout(most: float) -> Callable[[Example, Tensor, Chances], Example]:
    """A grey rectangle about a place in one box, up to `most` of the box's sides; it may reach beyond the box."""

    def operate(example: Example, level: Tensor, chance: Chances) -> Example:
        image, boxes = example[IMAGE], example[BOXES]
        count = tf.shape(boxes)[0]

        def change() -> Tensor:
            window = _pixels(boxes[tf.minimum(_place(chance.box, count), count - 1)], image)
            sides = window[2] - window[0], window[3] - window[1]
            share = level / 10.0 * most / 2.0
            half = tuple(tf.cast(share * tf.cast(side, tf.float32), tf.int32) for side in sides)
            centre = window[0] + _place(chance.y, sides[0]), window[1] + _place(chance.x, sides[1])
            return hide(image, centre, (half[0], half[1]))

        return with_image(example, tf.cond(count > 0, change, lambda: image))

    return operate
