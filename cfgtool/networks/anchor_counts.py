"""How many anchors each feature map has per location, from the proto message `AnchorGenerator`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config


def anchors_per_location(config: Config) -> list[int]:
    """One number per feature map, finest map first.

    Raises UserError where the config chooses no generator.
    """
    kind = config.which("anchor_generator_oneof")
    if kind is None:
        usual = "ssd" if config.path.startswith("model.ssd") else "grid"
        raise UserError(f"{config.path} is not set", hint=f"add an {usual}_anchor_generator")
    generator = config.message(kind)
    if kind == "ssd_anchor_generator":
        return _ssd(generator)
    ratios = len(generator.numbers("aspect_ratios")) if kind != "flexible_grid_anchor_generator" else 0
    if kind == "multiscale_anchor_generator":
        levels = generator.integer("max_level") - generator.integer("min_level") + 1
        return [ratios * generator.integer("scales_per_octave")] * max(levels, 0)
    if kind == "grid_anchor_generator":
        return [ratios * len(generator.numbers("scales"))]
    return [
        len(grid.numbers("base_sizes")) * len(grid.numbers("aspect_ratios"))
        for grid in generator.messages("anchor_grid")
    ]


def _ssd(generator: Config) -> list[int]:
    """An anchor per aspect ratio and one between this scale and the next; the finest map can have three
    only.
    """
    layers = len(generator.numbers("scales")) or generator.integer("num_layers")
    interpolated = generator.number("interpolated_scale_aspect_ratio") > 0
    counts = [len(generator.numbers("aspect_ratios")) + interpolated] * layers
    if counts and generator.flag("reduce_boxes_in_lowest_layer"):
        # A square of a tenth of the image, and the smallest scale lying and standing.
        counts[0] = 3
    return counts
