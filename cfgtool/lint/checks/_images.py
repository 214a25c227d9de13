"""What several rules about the size of images read off an `ImageResizer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.schema import Config


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
