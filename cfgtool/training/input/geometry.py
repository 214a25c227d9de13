"""Augmentation by flipping, turning, scaling, padding and jittering; builders as in `colour`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config
from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import (
    BOXES,
    CLASSES,
    COLOURS,
    IMAGE,
    MASKS,
    PER_OBJECT,
    Example,
    Step,
    as_float,
    chosen,
    keep_objects,
    size_of,
    with_image,
)
from cfgtool.training.input.moving import mirrored, pad_masks, paste, scaled_and_shifted, turned
from cfgtool.training.input.resize import resize, resize_masks, resized
from cfgtool.training.targets.boxes import centres_and_sizes


def _sometimes(config: Config, change: Callable[[Example], Example]) -> Step:
    """Do `change` with the step's `probability`."""
    probability = config.number("probability")
    return lambda example, draws: chosen(
        draws.uniform(0.0, 1.0) < probability, lambda: change(example), example
    )


def random_horizontal_flip(config: Config) -> Step:
    """Mirror left and right."""
    permutation = config.integers("keypoint_flip_permutation")
    return _sometimes(config, lambda example: mirrored(example, 1, permutation))


def random_vertical_flip(config: Config) -> Step:
    """Mirror top and bottom."""
    permutation = config.integers("keypoint_flip_permutation")
    return _sometimes(config, lambda example: mirrored(example, 0, permutation))


def random_rotation90(config: Config) -> Step:
    """Turn by 90 degrees against the clock."""
    permutation = config.integers("keypoint_rot_permutation")
    return _sometimes(config, lambda example: turned(example, permutation))


def random_image_scale(config: Config) -> Step:
    """Scale both sides by one random factor."""
    low, high = config.number("min_scale_ratio"), config.number("max_scale_ratio")

    def step(example: Example, draws: Draws) -> Example:
        factor = draws.uniform(low, high)
        height, width = (
            tf.cast(tf.cast(side, tf.float32) * factor, tf.int32) for side in size_of(example[IMAGE])
        )
        return resized(example, height, width, align_corners=True)

    return step


def resize_image(config: Config) -> Step:
    """Scale to a fixed size."""
    height, width = config.integer("new_height"), config.integer("new_width")
    method = config.enum("method")
    return lambda example, _: resized(example, height, width, method)


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
            return resized(example, new[0], new[1])

        return chosen(wanted & (factor < 1.0), changed, example)

    return step


def fill_colour(values: Sequence[float], image: Tensor) -> Tensor:
    """The configured colour [channels], else the mean of the image; additional channels get 0."""
    if not values:
        return tf.reduce_mean(as_float(image), [0, 1])
    return tf.constant([*values, *[0.0] * (image.shape[-1] - COLOURS)], tf.float32)


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
        colour = fill_colour(config.numbers("pad_color"), example[IMAGE])
        return pad_randomly(example, draws, (smallest[0], smallest[1]), (largest[0], largest[1]), colour)

    return step


def random_absolute_pad_image(config: Config) -> Step:
    """Pad by fewer than so many pixels."""
    extra = config.integer("max_height_padding") or 1, config.integer("max_width_padding") or 1

    def step(example: Example, draws: Draws) -> Example:
        height, width = size_of(example[IMAGE])
        largest = height + extra[0], width + extra[1]
        return pad_randomly(
            example, draws, (height, width), largest, fill_colour(config.numbers("pad_color"), example[IMAGE])
        )

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
        result = with_image(example, tf.switch_case(draws.integer(0, len(methods)), branches))
        result[IMAGE].set_shape([height, width, image.shape[-1]])
        if MASKS in example:
            result[MASKS] = resize_masks(example[MASKS], height, width)
        return result

    return step


def random_self_concat_image(config: Config) -> Step:
    """Show the image twice, one above the other, side by side, or both."""
    probabilities = (
        config.number("concat_vertical_probability"),
        config.number("concat_horizontal_probability"),
    )

    def twice(example: Example, axis: int) -> Example:
        half = tf.constant([[0.5, 1.0], [1.0, 0.5]][axis])
        shift = tf.constant([[0.5, 0.0], [0.0, 0.5]][axis])
        first, second = (scaled_and_shifted(example, half, place) for place in (shift * 0.0, shift))
        if MASKS in example:
            height, width = size_of(example[IMAGE])
            sides = [(2 * height, width), (height, 2 * width)][axis]
            first[MASKS] = pad_masks(example[MASKS], *sides)
            second[MASKS] = pad_masks(example[MASKS], *sides, *[(height, 0), (0, width)][axis])
        result = {
            name: tf.concat([value, second[name]], 0) if name in PER_OBJECT else value
            for name, value in first.items()
        }
        return with_image(result, tf.concat([example[IMAGE]] * 2, axis))

    def step(example: Example, draws: Draws) -> Example:
        for axis, probability in enumerate(probabilities):
            wanted = draws.uniform(0.0, 1.0) < probability
            example = chosen(wanted, partial(twice, example, axis), example)
        return example

    return step


def scale_boxes_to_pixel_coordinates(config: Config) -> Step:  # noqa: ARG001
    """Boxes and keypoints in pixels instead of fractions of the image; see `augment.augmentation`."""

    def step(example: Example, draws: Draws) -> Example:  # noqa: ARG001
        return scaled_and_shifted(example, tf.cast(tf.shape(example[IMAGE])[:2], tf.float32), tf.zeros([2]))

    return step


def in_fractions(example: Example) -> Example:
    """What `scale_boxes_to_pixel_coordinates` did taken back."""
    sides = tf.cast(tf.shape(example[IMAGE])[:2], tf.float32)
    return scaled_and_shifted(example, 1.0 / sides, tf.zeros([2]))
