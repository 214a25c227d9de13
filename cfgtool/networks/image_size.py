"""The size of the image that a network gets, from the proto message `ImageResizer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.schema import Config

_NOMINAL_SIZE = 320
"""The edge in pixels that is counted with where the config leaves the image size open."""


def image_shape(resizer: Config) -> tuple[int, int, int]:
    """[height, width, channels] that an `ImageResizer` message gives every image; a nominal size where
    images keep their own.
    """
    kind = resizer.which("image_resizer_oneof")
    if kind is None:
        return (_NOMINAL_SIZE, _NOMINAL_SIZE, 3)
    message = resizer.message(kind)
    channels = (
        1 if "convert_to_grayscale" in message.type.fields and message.flag("convert_to_grayscale") else 3
    )
    if kind == "fixed_shape_resizer":
        return (message.integer("height"), message.integer("width"), channels)
    if kind == "keep_aspect_ratio_resizer":
        longer = message.integer("max_dimension")
        shorter = longer if message.flag("pad_to_max_dimension") else message.integer("min_dimension")
        return (shorter, longer, channels)
    return (_NOMINAL_SIZE, _NOMINAL_SIZE, channels)


def has_one_size(resizer: Config) -> bool:
    """Whether an `ImageResizer` message makes all images one size, so that `image_shape` is not nominal."""
    return static_size(resizer) is not None


def static_size(resizer: Config) -> tuple[int, int] | None:
    """(height, width) in pixels that every image gets; None where images keep sizes of their own."""
    kind = resizer.which("image_resizer_oneof")
    if kind == "fixed_shape_resizer":
        fixed = resizer.message(kind)
        return fixed.integer("height"), fixed.integer("width")
    if kind == "keep_aspect_ratio_resizer":
        keeping = resizer.message(kind)
        if keeping.flag("pad_to_max_dimension"):
            side = keeping.integer("max_dimension")
            return side, side
    return None


def largest_size(resizer: Config) -> tuple[int, int] | None:
    """(height, width) of the largest image; None where nothing bounds it."""
    if resizer.which("image_resizer_oneof") == "keep_aspect_ratio_resizer":
        keeping = resizer.message("keep_aspect_ratio_resizer")
        longer = keeping.integer("max_dimension")
        return (longer if keeping.flag("pad_to_max_dimension") else keeping.integer("min_dimension")), longer
    return static_size(resizer)


def resized(resizer: Config, height: int, width: int) -> tuple[int, int]:
    """(height, width) of an image of that size after resizing, before any padding."""
    kind = resizer.which("image_resizer_oneof")
    if kind == "fixed_shape_resizer":
        fixed = resizer.message(kind)
        return fixed.integer("height"), fixed.integer("width")
    if kind == "keep_aspect_ratio_resizer":
        keeping = resizer.message(kind)
        shorter, longer = keeping.integer("min_dimension"), keeping.integer("max_dimension")
        factor = shorter / min(height, width)
        if round(max(height, width) * factor) > longer:
            factor = longer / max(height, width)
        return round(height * factor), round(width * factor)
    if kind == "conditional_shape_resizer":
        conditional = resizer.message(kind)
        threshold = conditional.integer("size_threshold")
        if conditional.enum("condition") == "GREATER":
            factor = min(1.0, threshold / max(height, width))
        else:
            factor = max(1.0, threshold / min(height, width))
        return int(height * factor), int(width * factor)
    return height, width
