"""Augmentation by flipping, turning, scaling, padding and jittering; builders as in `colour`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config
from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import (
    BOXES,
    CLASSES,
    IMAGE,
    PER_OBJECT,
    Example,
    Step,
    as_float,
    chosen,
    keep_objects,
    paste,
    size_of,
    with_image,
)
from cfgtool.training.targets.boxes import centres_and_sizes, corners


def _sometimes(config: Config, change: Callable[[Example], Example]) -> Step:
    """Do `change` with the step's `probability`."""
    probability = config.number("probability")
    return lambda example, draws: chosen(
        draws.uniform(0.0, 1.0) < probability, lambda: change(example), example
    )


def random_horizontal_flip(config: Config) -> Step:
    """Mirror left and right."""

    def flip(example: Example) -> Example:
        ymin, xmin, ymax, xmax = corners(example[BOXES])
        boxes = tf.stack([ymin, 1.0 - xmax, ymax, 1.0 - xmin], axis=1)
        return {**example, IMAGE: tf.reverse(example[IMAGE], [1]), BOXES: boxes}

    return _sometimes(config, flip)


def random_vertical_flip(config: Config) -> Step:
    """Mirror top and bottom."""

    def flip(example: Example) -> Example:
        ymin, xmin, ymax, xmax = corners(example[BOXES])
        boxes = tf.stack([1.0 - ymax, xmin, 1.0 - ymin, xmax], axis=1)
        return {**example, IMAGE: tf.reverse(example[IMAGE], [0]), BOXES: boxes}

    return _sometimes(config, flip)


def random_rotation90(config: Config) -> Step:
    """Turn by 90 degrees against the clock."""

    def turn(example: Example) -> Example:
        ymin, xmin, ymax, xmax = corners(example[BOXES])
        boxes = tf.stack([1.0 - xmax, ymin, 1.0 - xmin, ymax], axis=1)
        return {**example, IMAGE: tf.image.rot90(example[IMAGE]), BOXES: boxes}

    return _sometimes(config, turn)


def resize(
    image: Tensor,
    height: int | Tensor,
    width: int | Tensor,
    method: str = "BILINEAR",
    align_corners: bool = False,
) -> Tensor:
    """The image at another size, float32; nearest neighbour keeps the type.

    Pixels are sampled from their top left corners (TensorFlow 1's convention, no half pixel centres), as the
    OD API does; with `align_corners` the corner pixels stay. `method` is a name of `ResizeImage.Method`.
    """
    methods = tf.compat.v1.image.ResizeMethod
    return tf.compat.v1.image.resize(
        image, tf.stack([height, width]), getattr(methods, method), align_corners=align_corners
    )


def random_image_scale(config: Config) -> Step:
    """Scale both sides by one random factor."""
    low, high = config.number("min_scale_ratio"), config.number("max_scale_ratio")

    def step(example: Example, draws: Draws) -> Example:
        factor = draws.uniform(low, high)
        height, width = (
            tf.cast(tf.cast(side, tf.float32) * factor, tf.int32) for side in size_of(example[IMAGE])
        )
        return with_image(example, resize(example[IMAGE], height, width, align_corners=True))

    return step


def resize_image(config: Config) -> Step:
    """Scale to a fixed size."""
    height, width = config.integer("new_height"), config.integer("new_width")
    method = config.enum("method")
    return lambda example, _: with_image(example, resize(example[IMAGE], height, width, method))


def random_downscale_to_target_pixels(config: Config) -> Step:
    """Scale down, sides in proportion, to a random number of pixels; smaller images stay."""
    coefficient = config.number("random_coef")
    low, high = config.integer("min_target_pixels"), config.integer("max_target_pixels")

    def step(example: Example, draws: Draws) -> Example:
        height, width = (tf.cast(side, tf.float32) for side in size_of(example[IMAGE]))
        wanted = draws.uniform(0.0, 1.0) >= coefficient
        target = tf.cast(draws.integer(low, high), tf.float32)
        factor = tf.sqrt(target / (height * width))

        def changed() -> Example:
            new = tf.cast(tf.stack([height, width]) * factor, tf.int32)
            return with_image(example, resize(example[IMAGE], new[0], new[1]))

        return chosen(wanted & (factor < 1.0), changed, example)

    return step


def _colour(config: Config, image: Tensor) -> Tensor:
    """The configured `pad_color`, else the mean colour of the image."""
    values = config.numbers("pad_color")
    return tf.constant(values, tf.float32) if values else tf.reduce_mean(as_float(image), [0, 1])


def pad_randomly(
    example: Example,
    draws: Draws,
    smallest: tuple[Tensor, Tensor],
    largest: tuple[Tensor, Tensor],
    colour: Tensor,
) -> Example:
    """Lay the image somewhere on a canvas of a random size, each side from [smallest, largest) pixels.

    A canvas is never smaller than the image, and `largest` counts as one more than `smallest` at least.
    """
    old = size_of(example[IMAGE])
    new = [
        tf.maximum(draws.integer(low, tf.maximum(high, low + 1)), side)
        for low, high, side in zip(smallest, largest, old, strict=True)
    ]
    top, left = (draws.integer(0, tf.maximum(side - was, 1)) for side, was in zip(new, old, strict=True))
    return paste(example, new[0], new[1], top, left, colour)


def random_pad_image(config: Config) -> Step:
    """Pad to a random size; unset bounds are the image's size and twice that."""
    least = config.integer("min_image_height"), config.integer("min_image_width")
    most = config.integer("max_image_height"), config.integer("max_image_width")

    def step(example: Example, draws: Draws) -> Example:
        old = size_of(example[IMAGE])
        smallest = [
            tf.maximum(side, bound) if bound else side for side, bound in zip(old, least, strict=True)
        ]
        largest = [
            tf.maximum(side, bound) if bound else 2 * side for side, bound in zip(old, most, strict=True)
        ]
        colour = _colour(config, example[IMAGE])
        return pad_randomly(example, draws, (smallest[0], smallest[1]), (largest[0], largest[1]), colour)

    return step


def random_absolute_pad_image(config: Config) -> Step:
    """Pad by fewer than so many pixels."""
    extra = config.integer("max_height_padding") or 1, config.integer("max_width_padding") or 1

    def step(example: Example, draws: Draws) -> Example:
        height, width = size_of(example[IMAGE])
        largest = height + extra[0], width + extra[1]
        return pad_randomly(example, draws, (height, width), largest, _colour(config, example[IMAGE]))

    return step


def random_jitter_boxes(config: Config) -> Step:
    """Grow or shrink boxes by a share of their sides from a range of width `ratio`, within the image.

    The edges of an axis move on their own, or, in the symmetric modes, by the same length.
    """
    ratio, mode = config.number("ratio"), config.enum("jitter_mode")
    low = 0.0 if mode.startswith("EXPAND") else -ratio
    high = 0.0 if mode.startswith("SHRINK") else ratio

    def step(example: Example, draws: Draws) -> Example:
        boxes = example[BOXES]
        _, _, height, width = centres_and_sizes(boxes)
        sides = tf.stack([height, width], axis=1) / 2.0
        low_edges, high_edges = boxes[:, :2], boxes[:, 2:]
        if mode.endswith("SYMMETRIC"):
            room = tf.minimum(low_edges, 1.0 - high_edges)
            outward = tf.minimum(sides * draws.uniform(low, high, tf.shape(sides)), room)
            moved = tf.concat([low_edges - outward, high_edges + outward], axis=1)
        else:
            growth = tf.concat([-sides, sides], axis=1) * draws.uniform(low, high, tf.shape(boxes))
            moved = boxes + growth
        return {**example, BOXES: tf.clip_by_value(moved, 0.0, 1.0)}

    return step


def drop_label_probabilistically(config: Config) -> Step:
    """Drop each object of one class with a probability."""
    label, probability = config.integer("label"), config.number("drop_probability")

    def step(example: Example, draws: Draws) -> Example:
        numbers = draws.uniform(0.0, 1.0, tf.shape(example[CLASSES]))
        return keep_objects(example, (example[CLASSES] != label) | (numbers > probability))

    return step


def remap_labels(config: Config) -> Step:
    """Give objects of some classes another class."""
    old, new = config.integers("original_labels"), config.integer("new_label")

    def step(example: Example, draws: Draws) -> Example:  # noqa: ARG001
        classes = example[CLASSES]
        hit = tf.reduce_any(classes[:, tf.newaxis] == tf.constant(old, classes.dtype), axis=1)
        return {**example, CLASSES: tf.where(hit, tf.cast(new, classes.dtype), classes)}

    return step


def random_resize_method(config: Config) -> Step:
    """Scale to a fixed size by one of the four methods."""
    height, width = config.integer("target_height"), config.integer("target_width")
    methods = ("BILINEAR", "NEAREST_NEIGHBOR", "BICUBIC", "AREA")

    def step(example: Example, draws: Draws) -> Example:
        image = as_float(example[IMAGE])
        branches = [partial(resize, image, height, width, method) for method in methods]
        return with_image(example, tf.switch_case(draws.integer(0, len(methods)), branches))

    return step


def random_self_concat_image(config: Config) -> Step:
    """Show the image twice, one above the other, side by side, or both."""
    probabilities = (
        config.number("concat_vertical_probability"),
        config.number("concat_horizontal_probability"),
    )

    def twice(example: Example, axis: int) -> Example:
        half = tf.constant([[0.5, 1.0, 0.5, 1.0], [1.0, 0.5, 1.0, 0.5]][axis])
        shift = tf.constant([[0.5, 0.0, 0.5, 0.0], [0.0, 0.5, 0.0, 0.5]][axis])
        result = {
            name: tf.concat([value, value], 0) if name in PER_OBJECT else value
            for name, value in example.items()
        }
        boxes = example[BOXES] * half
        result[BOXES] = tf.concat([boxes, boxes + shift], 0)
        result[IMAGE] = tf.concat([example[IMAGE]] * 2, axis)
        return result

    def step(example: Example, draws: Draws) -> Example:
        for axis, probability in enumerate(probabilities):
            wanted = draws.uniform(0.0, 1.0) < probability
            example = chosen(wanted, partial(twice, example, axis), example)
        return example

    return step
