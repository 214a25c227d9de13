"""The sizes of the anchors of one cell, in plain Python, from the proto message `AnchorGenerator`.

The same formulas as `training.targets.anchors`, which lays the anchors out as arrays; here only heights and widths
count. Sources: Liu et al. 2016 (SSD), Lin et al. 2017 (RetinaNet), Ren et al. 2015 (Faster R-CNN).
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfgtool.schema import Config

MOST = 64
"""Feature maps, or scales per octave: no network has as many, and a typing error must not fill the memory."""

Size = tuple[float, float]
"""(height, width) in pixels of the network's input."""


def anchor_sizes(config: Config, image_shape: tuple[int, int]) -> list[list[Size]]:
    """For each feature map, finest first, the sizes of the anchors of one cell.

    `image_shape` is (height, width) of the network's input; only the SSD generator's anchors grow with it. Raises
    UserError where no generator is chosen, or its lists do not fit each other.
    """
    kind = config.which("anchor_generator_oneof")
    if kind is None:
        raise UserError(f"'{config.path}' chooses no generator")
    return _GENERATORS[kind](config.message(kind), image_shape)


def _size(scale: float, aspect_ratio: float, base: Size) -> Size:
    """The anchor of area scale^2 x base area and of width / height = aspect ratio x base's."""
    if aspect_ratio <= 0:
        raise UserError(f"an aspect ratio of '{aspect_ratio:g}' is not allowed")
    root = math.sqrt(aspect_ratio)
    return scale / root * base[0], scale * root * base[1]


def _ssd(config: Config, image_shape: tuple[int, int]) -> list[list[Size]]:
    """Scales grow linearly over the maps, as fractions of the image's shorter side."""
    shorter = min(image_shape)
    base = shorter * config.number("base_anchor_height"), shorter * config.number("base_anchor_width")
    ratios, between = config.numbers("aspect_ratios"), config.number("interpolated_scale_aspect_ratio")
    levels: list[list[Size]] = []
    for scale, next_scale in itertools.pairwise([*_ssd_scales(config), 1.0]):
        cell = [(scale, ratio) for ratio in ratios]
        if not levels and config.flag("reduce_boxes_in_lowest_layer"):
            cell = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
        elif between > 0:
            cell.append((math.sqrt(scale * next_scale), between))
        levels.append([_size(*one, base) for one in cell])
    return levels


def _ssd_scales(config: Config) -> list[float]:
    layers, scales = config.integer("num_layers"), config.numbers("scales")
    if not scales:
        _refuse_many(config, "num_layers")
        scales = _ssd_steps(config, layers)
    if min(scales) < 0:
        raise UserError(f"'{config.path}' has a scale of '{min(scales):g}', which is below 0")
    return scales


def _ssd_steps(config: Config, layers: int) -> list[float]:
    if layers < 2:
        raise UserError(
            f"'{config.path}.num_layers' is '{layers}': no scales lie between min_scale and max_scale"
        )
    low, high = config.number("min_scale"), config.number("max_scale")
    return [low + (high - low) * layer / (layers - 1) for layer in range(layers)]


def _multiscale(config: Config, image_shape: tuple[int, int]) -> list[list[Size]]:
    """One pyramid level per map, stride 2^level; sizes double with the level."""
    del image_shape
    _refuse_many(config, "scales_per_octave")
    _refuse_many(config, "max_level")
    octave = config.integer("scales_per_octave")
    scales = [2.0 ** (index / octave) for index in range(octave)]
    levels = []
    for level in range(max(config.integer("min_level"), 0), config.integer("max_level") + 1):
        edge = config.number("anchor_scale") * 2.0**level
        levels.append(_product(scales, config.numbers("aspect_ratios"), (edge, edge)))
    return levels


def _refuse_many(config: Config, name: str) -> None:
    if config.integer(name) > MOST:
        raise UserError(f"'{config.path}.{name}' is '{config.integer(name)}'; more than {MOST} is a mistake")


def _grid(config: Config, image_shape: tuple[int, int]) -> list[list[Size]]:
    """One feature map; everything in pixels."""
    del image_shape
    base = float(config.integer("height")), float(config.integer("width"))
    return [_product(config.numbers("scales"), config.numbers("aspect_ratios"), base)]


def _product(scales: list[float], ratios: list[float], base: Size) -> list[Size]:
    return [_size(scale, ratio, base) for ratio in ratios for scale in scales]


def _flexible(config: Config, image_shape: tuple[int, int]) -> list[list[Size]]:
    """Explicit sizes for each map, in pixels."""
    del image_shape
    levels = []
    for grid in config.messages("anchor_grid"):
        edges, ratios = grid.numbers("base_sizes"), grid.numbers("aspect_ratios")
        if len(edges) != len(ratios):
            raise UserError(f"'{grid.path}' has {len(edges)} base_sizes and {len(ratios)} aspect_ratios")
        levels.append([_size(1.0, ratio, (edge, edge)) for edge, ratio in zip(edges, ratios, strict=True)])
    return levels


_GENERATORS: dict[str, Callable[[Config, tuple[int, int]], list[list[Size]]]] = {
    "ssd_anchor_generator": _ssd,
    "multiscale_anchor_generator": _multiscale,
    "grid_anchor_generator": _grid,
    "flexible_grid_anchor_generator": _flexible,
}
