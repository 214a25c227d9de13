"""Augmentation by random crops, with and without padding; builders as in `colour`.

The SSD crops are those of Liu et al., arXiv:1512.02325, section 2.2, "Data augmentation".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config
from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import BOXES, IMAGE, Example, Step, chosen, size_of
from cfgtool.training.input.geometry import fill_colour, pad_randomly
from cfgtool.training.input.moving import (
    crop,
    cut_out,
    on_canvas,
    paste,
    scaled_and_shifted,
    within_image,
)
from cfgtool.training.input.resize import resized

Range = tuple[float, float]


class CropParameters:
    """One way to crop: what a window must hold, its shape and area, and which boxes stay.

    With probability `keep_probability` the image stays as it is.
    """

    def __init__(
        self,
        min_object_covered: float,
        aspect_ratio: Range,
        area: Range,
        overlap: float,
        clip_boxes: bool,
        keep_probability: float,
    ) -> None:
        self.min_object_covered = min_object_covered
        self.aspect_ratio = aspect_ratio
        self.area = area
        self.overlap = overlap
        self.clip_boxes = clip_boxes
        self.keep_probability = keep_probability


def _parameters(config: Config, aspect_ratio: float | None = None) -> CropParameters:
    """From a crop message; `aspect_ratio` replaces the range that messages with a fixed one lack."""
    has_range = "min_aspect_ratio" in config.type.fields
    ratios = (config.number("min_aspect_ratio"), config.number("max_aspect_ratio")) if has_range else None
    if aspect_ratio is not None:
        ratios = (aspect_ratio, aspect_ratio)
    assert ratios is not None
    return CropParameters(
        config.number("min_object_covered"),
        ratios,
        (config.number("min_area"), config.number("max_area")),
        config.number("overlap_thresh"),
        config.flag("clip_boxes"),
        config.number("random_coef"),
    )


def _built_in(shares: Sequence[float], aspect_ratio: Range = (0.5, 2.0)) -> list[CropParameters]:
    """The SSD paper's choices: from "any window" to "one that holds a whole object"."""
    return [CropParameters(share, aspect_ratio, (0.1, 1.0), share, True, 0.15) for share in shares]


_SSD_SHARES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
_SSD_PAD_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def _crop_by_one_of(
    choices: Sequence[CropParameters], example: Example, draws: Draws, index: Tensor | None = None
) -> Example:
    """One crop by parameter set number `index`, or one taken by chance.

    The sets are tables to look up, not branches: seven branches take seconds to trace.
    """
    if index is None:
        index = draws.integer(0, len(choices)) if len(choices) > 1 else tf.constant(0)
    stays = tf.gather([choice.keep_probability for choice in choices], index)
    overlap = tf.gather([choice.overlap for choice in choices], index)
    cut = tf.gather([choice.clip_boxes for choice in choices], index)
    wanted = draws.uniform(0.0, 1.0) > stays

    def changed() -> Example:
        begin, size = _window(choices, index, example, draws)
        return crop(example, begin, size, overlap, cut)

    return chosen(wanted, changed, example)


def _window(
    choices: Sequence[CropParameters], index: Tensor, example: Example, draws: Draws
) -> tuple[Tensor, Tensor]:
    """A window by parameter set number `index`; one branch for each different shape and area range."""
    covered = tf.gather([choice.min_object_covered for choice in choices], index)
    kinds = list(dict.fromkeys((choice.aspect_ratio, choice.area) for choice in choices))
    shape = tf.shape(example[IMAGE])
    branches = [partial(draws.window, shape, example[BOXES], covered, *kind) for kind in kinds]
    if len(branches) == 1:
        return branches[0]()
    branch = tf.gather([kinds.index((choice.aspect_ratio, choice.area)) for choice in choices], index)
    begin, size = tf.switch_case(branch, branches)
    return begin, size


def random_crop_image(config: Config) -> Step:
    """Crop a random window."""
    return partial(_crop_by_one_of, [_parameters(config)])


def ssd_random_crop(config: Config) -> Step:
    """Crop by one of several parameter sets; without `operations` the paper's."""
    choices = [_parameters(operation) for operation in config.messages("operations")]
    return partial(_crop_by_one_of, choices or _built_in(_SSD_SHARES))


def ssd_random_crop_fixed_aspect_ratio(config: Config) -> Step:
    """Crop by one of several parameter sets, then once more to the exact aspect ratio.

    Without `operations` the configured ratio is 1, as in the OD API, which drops `aspect_ratio` then.
    """
    operations = config.messages("operations")
    ratio = config.number("aspect_ratio") if operations else 1.0
    choices = [_parameters(operation, ratio) for operation in operations]
    first = partial(_crop_by_one_of, choices or _built_in(_SSD_SHARES, (ratio, ratio)))
    return lambda example, draws: _crop_to_ratio(first(example, draws), draws, ratio, 0.3, True)


def random_crop_to_aspect_ratio(config: Config) -> Step:
    """Crop the longer side so that width / height is the given ratio."""
    ratio, overlap = config.number("aspect_ratio"), config.number("overlap_thresh")
    cut = config.flag("clip_boxes")
    return lambda example, draws: _crop_to_ratio(example, draws, ratio, overlap, cut)


def _crop_to_ratio(example: Example, draws: Draws, ratio: float, overlap: float, cut: bool) -> Example:
    height, width = size_of(example[IMAGE])
    new_height = tf.minimum(height, tf.cast(tf.round(tf.cast(width, tf.float32) / ratio), tf.int32))
    new_width = tf.minimum(width, tf.cast(tf.round(tf.cast(height, tf.float32) * ratio), tf.int32))
    top = draws.integer(0, height - new_height + 1)
    left = draws.integer(0, width - new_width + 1)
    size = tf.stack([new_height, new_width, tf.shape(example[IMAGE])[2]])
    return crop(example, tf.stack([top, left, 0]), size, overlap, cut)


def _pad_by_ratio(
    example: Example, before: Tensor, draws: Draws, low: Range | Tensor, high: Range | Tensor, colour: Tensor
) -> Example:
    """Pad to a canvas whose sides are `low`..`high` times the sides `before` [2] that the image had."""
    sides = tf.cast(before, tf.float32)
    smallest, largest = (tf.cast(sides * tf.convert_to_tensor(ratio), tf.int32) for ratio in (low, high))
    return pad_randomly(example, draws, (smallest[0], smallest[1]), (largest[0], largest[1]), colour)


def _pair(values: Sequence[float], default: Range) -> Range:
    return (values[0], values[1]) if len(values) == 2 else default


def random_crop_pad_image(config: Config) -> Step:
    """Crop a random window, then pad to a random size in terms of the image before."""
    parameters = _parameters(config)
    low = _pair(config.numbers("min_padded_size_ratio"), (1.0, 1.0))
    high = _pair(config.numbers("max_padded_size_ratio"), (2.0, 2.0))
    values = config.numbers("pad_color")

    def step(example: Example, draws: Draws) -> Example:
        before = tf.shape(example[IMAGE])[:2]
        cropped = _crop_by_one_of([parameters], example, draws)
        colour = fill_colour(values, cropped[IMAGE])
        return _pad_by_ratio(cropped, before, draws, low, high, colour)

    return step


def ssd_random_crop_pad(config: Config) -> Step:
    """`ssd_random_crop` with padding after each crop."""
    operations = config.messages("operations")
    choices = [_parameters(operation) for operation in operations] or _built_in(_SSD_PAD_SHARES)
    count = len(choices)
    lows = [_pair(operation.numbers("min_padded_size_ratio"), (1.0, 1.0)) for operation in operations]
    highs = [_pair(operation.numbers("max_padded_size_ratio"), (2.0, 2.0)) for operation in operations]
    colours = [[operation.number(f"pad_color_{channel}") for channel in "rgb"] for operation in operations]
    colours = colours or [[0.5] * 3] * count

    def step(example: Example, draws: Draws) -> Example:
        index = draws.integer(0, count)
        before = tf.shape(example[IMAGE])[:2]
        low = tf.gather(lows or [(1.0, 1.0)] * count, index)
        high = tf.gather(highs or [(2.0, 2.0)] * count, index)
        table = tf.stack([fill_colour(values, example[IMAGE]) for values in colours])
        colour = tf.gather(table, index)
        return _pad_by_ratio(
            _crop_by_one_of(choices, example, draws, index), before, draws, low, high, colour
        )

    return step


def ssd_random_crop_pad_fixed_aspect_ratio(config: Config) -> Step:
    """Crop by one of several parameter sets, then pad right and below to the exact aspect ratio."""
    ratio = config.number("aspect_ratio")
    low = _pair(config.numbers("min_padded_size_ratio"), (1.0, 1.0))
    high = _pair(config.numbers("max_padded_size_ratio"), (2.0, 2.0))
    operations = [_parameters(operation) for operation in config.messages("operations")]
    first = partial(_crop_by_one_of, operations or _built_in(_SSD_SHARES))

    def step(example: Example, draws: Draws) -> Example:
        cropped = first(example, draws)
        height, width = (tf.cast(side, tf.float32) for side in size_of(cropped[IMAGE]))
        smallest = tf.maximum(height * low[0], width * low[1] / ratio)
        largest = tf.maximum(tf.minimum(height * high[0], width * high[1] / ratio), smallest)
        new_height = draws.uniform(smallest, largest)
        size = tf.cast(tf.stack([new_height, new_height * ratio]), tf.int32)
        return paste(cropped, size[0], size[1], 0, 0, tf.zeros(tf.shape(cropped[IMAGE])[2:]))

    return step


def random_square_crop_by_scale(config: Config) -> Step:
    """A square of one of several sizes about a random centre, padded with black beyond the image.

    The centre keeps a border of at most `max_border` pixels (CornerNet, Law and Deng, arXiv:1808.01244).
    """
    border = config.integer("max_border")
    count = config.integer("num_scales")
    low, high = config.number("scale_min"), config.number("scale_max")
    scales = [low + (high - low) * number / max(count - 1, 1) for number in range(count)]

    def centre(draws: Draws, side: Tensor) -> Tensor:
        edge = tf.constant(border)
        for _ in range(border.bit_length()):
            edge = tf.where(2 * edge > side, edge // 2, edge)  # until it leaves room in the middle
        return draws.integer(edge, side - edge + 1)

    def step(example: Example, draws: Draws) -> Example:
        height, width = size_of(example[IMAGE])
        scale = tf.gather(tf.constant(scales, tf.float32), draws.integer(0, count))
        side = tf.cast(scale * tf.cast(tf.maximum(height, width), tf.float32), tf.int32)
        y, x = centre(draws, height), centre(draws, width)
        return _square_about(example, y, x, side)

    return step


def _square_about(example: Example, y: Tensor, x: Tensor, side: Tensor) -> Example:
    """The square of `side` pixels whose centre shows the pixel (y, x); objects outside go."""
    image = example[IMAGE]
    height, width = size_of(image)
    half = side // 2
    top, left = tf.maximum(y - half, 0), tf.maximum(x - half, 0)
    # The OD API leaves out the last row and column where the square reaches beyond them.
    bottom, right = tf.minimum(y + half, height - 1), tf.minimum(x + half, width - 1)
    target_top, target_left = half - (y - top), half - (x - left)
    size = tf.stack([bottom - top, right - left, tf.shape(image)[2]])
    cut = cut_out(example, tf.stack([top, left, 0]), size)
    result = on_canvas(cut, side, side, target_top, target_left)
    scale = tf.cast(tf.stack([height, width]), tf.float32) / tf.cast(side, tf.float32)
    offset = tf.cast(tf.stack([target_top - top, target_left - left]), tf.float32)
    return within_image(scaled_and_shifted(result, scale, offset / tf.cast(side, tf.float32)))


def random_scale_crop_and_pad_to_square(config: Config) -> Step:
    """Scale by a random factor, crop or pad to a square of `output_size` (EfficientDet, arXiv:1911.09070)."""
    output = config.integer("output_size")
    low, high = config.number("scale_min"), config.number("scale_max")

    def step(example: Example, draws: Draws) -> Example:
        height, width = (tf.cast(side, tf.float32) for side in size_of(example[IMAGE]))
        target = draws.uniform(low, high) * output
        factor = tf.minimum(target / height, target / width)
        new_height, new_width = (tf.cast(side * factor, tf.int32) for side in (height, width))
        scaled = resized(example, new_height, new_width)
        top = tf.cast(
            draws.uniform(0.0, 1.0) * tf.cast(tf.maximum(new_height - output, 0), tf.float32), tf.int32
        )
        left = tf.cast(
            draws.uniform(0.0, 1.0) * tf.cast(tf.maximum(new_width - output, 0), tf.float32), tf.int32
        )
        size = tf.minimum(tf.stack([new_height, new_width]), output)
        begin = tf.stack([top, left, 0])
        cut = cut_out(scaled, begin, tf.concat([size, tf.shape(example[IMAGE])[2:]], 0))
        result = on_canvas(cut, output, output, 0, 0)
        sides = tf.cast(tf.stack([new_height, new_width]), tf.float32)
        offset = tf.cast(tf.stack([-top, -left]), tf.float32)
        return within_image(scaled_and_shifted(result, sides / float(output), offset / float(output)))

    return step
