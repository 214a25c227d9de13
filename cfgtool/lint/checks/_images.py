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
