"""Augmentation of colours. Each builder takes its config message (`PreprocessingStep.*`) and returns a step.

Images hold 0..255. Deltas and hues are in units of the full range, as in `tf.image`. What is about colours
leaves additional channels alone.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config
from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import (
    COLOURS,
    IMAGE,
    SCORES,
    Example,
    Step,
    as_float,
    chosen,
    size_of,
    with_image,
)

_RANGE = 255.0
Adjust = Callable[[Tensor, Draws], Tensor]


def on_colours(image: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """The image with `change` done to its three colours; both images are float32."""
    if image.shape[-1] == COLOURS:
        return change(image)
    return tf.concat([change(image[..., :COLOURS]), image[..., COLOURS:]], axis=-1)


def _image_step(adjust: Adjust) -> Step:
    """A step that changes only the colours, computed in float and kept in 0..255."""

    def step(example: Example, draws: Draws) -> Example:
        def change(image: Tensor) -> Tensor:
            return tf.clip_by_value(adjust(image, draws), 0.0, _RANGE)

        return with_image(example, on_colours(as_float(example[IMAGE]), change))

    return step


def _gray(image: Tensor) -> Tensor:
    """The brightness in all three colours."""
    return on_colours(image, lambda colours: tf.tile(tf.image.rgb_to_grayscale(colours), [1, 1, COLOURS]))


def _brightness(max_delta: float) -> Adjust:
    return lambda image, draws: image + draws.uniform(-max_delta, max_delta) * _RANGE


def _contrast(low: float, high: float) -> Adjust:
    return lambda image, draws: tf.image.adjust_contrast(image, draws.uniform(low, high))


def _hue(max_delta: float) -> Adjust:
    def adjust(image: Tensor, draws: Draws) -> Tensor:
        return tf.image.adjust_hue(image / _RANGE, draws.uniform(-max_delta, max_delta)) * _RANGE

    return adjust


def _saturation(low: float, high: float) -> Adjust:
    def adjust(image: Tensor, draws: Draws) -> Tensor:
        return tf.image.adjust_saturation(image / _RANGE, draws.uniform(low, high)) * _RANGE

    return adjust


def random_adjust_brightness(config: Config) -> Step:
    """Add the same random value to all pixels."""
    return _image_step(_brightness(config.number("max_delta")))


def random_adjust_contrast(config: Config) -> Step:
    """Stretch each channel about its mean by a random factor."""
    return _image_step(_contrast(config.number("min_delta"), config.number("max_delta")))


def random_adjust_hue(config: Config) -> Step:
    """Turn the hue by a random angle."""
    return _image_step(_hue(config.number("max_delta")))


def random_adjust_saturation(config: Config) -> Step:
    """Multiply the saturation by a random factor."""
    return _image_step(_saturation(config.number("min_delta"), config.number("max_delta")))


def random_distort_color(config: Config) -> Step:
    """Brightness, contrast, saturation and hue in one of two orders (after Howard, arXiv:1312.5402)."""
    brightness, contrast = _brightness(32.0 / 255.0), _contrast(0.5, 1.5)
    saturation, hue = _saturation(0.5, 1.5), _hue(0.2)
    orders = {
        0: (brightness, saturation, hue, contrast),
        1: (brightness, contrast, saturation, hue),
    }
    steps = [_image_step(adjust) for adjust in orders[config.integer("color_ordering")]]

    def step(example: Example, draws: Draws) -> Example:
        for inner in steps:
            example = inner(example, draws)
        return example

    return step


def random_pixel_value_scale(config: Config) -> Step:
    """Multiply each pixel and channel by a random factor of its own."""
    low, high = config.number("minval"), config.number("maxval")

    def step(example: Example, draws: Draws) -> Example:
        image = as_float(example[IMAGE])
        factors = draws.uniform(low, high, tf.shape(image))
        return with_image(example, tf.clip_by_value(image * factors, 0.0, _RANGE))

    return step


def random_rgb_to_gray(config: Config) -> Step:
    """Make the image grey, still with three channels, with a probability."""
    probability = config.number("probability")

    def step(example: Example, draws: Draws) -> Example:
        image = as_float(example[IMAGE])
        wanted = draws.uniform(0.0, 1.0) < probability
        return with_image(example, tf.cond(wanted, lambda: _gray(image), lambda: image))

    return step


def rgb_to_gray(config: Config) -> Step:  # noqa: ARG001
    """Make every image grey, still with three channels."""
    return lambda example, _: with_image(example, _gray(as_float(example[IMAGE])))


def random_black_patches(config: Config) -> Step:
    """Black out squares at random places, each with a probability."""
    count, probability = config.integer("max_black_patches"), config.number("probability")
    ratio = config.number("size_to_image_ratio")

    def step(example: Example, draws: Draws) -> Example:
        image = example[IMAGE]
        height, width = size_of(image)
        sides = tf.cast(tf.stack([height, width]), tf.float32)
        side = tf.cast(tf.reduce_min(sides) * ratio, tf.int32)
        rows, columns = tf.range(height)[:, tf.newaxis], tf.range(width)[tf.newaxis, :]
        black = tf.zeros([height, width], tf.bool)
        for _ in range(count):
            top, left = (
                tf.cast(draws.uniform(0.0, 1.0 - ratio) * length, tf.int32) for length in tf.unstack(sides)
            )
            inside = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
            black |= inside & (draws.uniform(0.0, 1.0) < probability)
        return with_image(example, tf.where(black[:, :, tf.newaxis], tf.zeros_like(image), image))

    return step


def random_jpeg_quality(config: Config) -> Step:
    """Encode and decode as JPEG of a random quality."""
    coefficient = config.number("random_coef")
    low, high = config.integer("min_jpeg_quality"), config.integer("max_jpeg_quality")

    def step(example: Example, draws: Draws) -> Example:
        wanted = draws.uniform(0.0, 1.0) >= coefficient
        quality = draws.integer(low, high)

        def changed() -> Example:
            def compress(image: Tensor) -> Tensor:
                return tf.image.adjust_jpeg_quality(image / _RANGE, quality) * _RANGE

            return with_image(example, on_colours(as_float(example[IMAGE]), compress))

        return chosen(wanted, changed, example)

    return step


def random_patch_gaussian(config: Config) -> Step:
    """Add noise in a random square (Lopes et al., arXiv:1906.02611); deviations are shares of the range."""
    coefficient = config.number("random_coef")
    sizes = config.integer("min_patch_size"), config.integer("max_patch_size")
    deviations = config.number("min_gaussian_stddev"), config.number("max_gaussian_stddev")

    def step(example: Example, draws: Draws) -> Example:
        image = as_float(example[IMAGE])
        height, width = size_of(image)
        wanted = draws.uniform(0.0, 1.0) >= coefficient
        side = draws.integer(sizes[0], sizes[1])
        deviation = draws.uniform(*deviations) * _RANGE
        middle = draws.integer(0, height), draws.integer(0, width)
        rows, columns = (
            tf.range(height)[:, tf.newaxis, tf.newaxis],
            tf.range(width)[tf.newaxis, :, tf.newaxis],
        )
        low = middle[0] - side // 2, middle[1] - side // 2
        inside = (rows >= low[0]) & (rows < low[0] + side) & (columns >= low[1]) & (columns < low[1] + side)
        noisy = tf.clip_by_value(image + draws.normal(tf.shape(image)) * deviation, 0.0, _RANGE)
        return with_image(example, tf.where(wanted & inside, noisy, image))

    return step


def adjust_gamma(config: Config) -> Step:
    """gain x image ** gamma, on the image in 0..1."""
    gamma, gain = config.number("gamma"), config.number("gain")
    return _image_step(lambda image, _: tf.image.adjust_gamma(image / _RANGE, gamma, gain) * _RANGE)


def normalize_image(config: Config) -> Step:
    """Map the original range linearly onto the target range."""
    low, high = config.number("original_minval"), config.number("original_maxval")
    new_low, new_high = config.number("target_minval"), config.number("target_maxval")
    factor = (new_high - new_low) / (high - low)
    return lambda example, _: with_image(example, (as_float(example[IMAGE]) - low) * factor + new_low)


def subtract_channel_mean(config: Config) -> Step:
    """Subtract one value per channel."""
    means = config.numbers("means")
    return lambda example, _: with_image(example, as_float(example[IMAGE]) - tf.constant(means, tf.float32))


def convert_class_logits_to_softmax(config: Config) -> Step:
    """Turn stored class scores from logits into probabilities."""
    temperature = config.number("temperature")
    return lambda example, _: {**example, SCORES: tf.nn.softmax(example[SCORES] / temperature)}
