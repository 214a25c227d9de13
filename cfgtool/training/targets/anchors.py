"""Anchors (default boxes): made once, when the detector is built, as a NumPy array.

Every generator describes each feature map by one `Grid`; one function lays the grids out. The order is that
of the predictions: feature maps, then rows, then columns, then the anchors of one cell. Sources: Liu et al.
2016 (SSD), Lin et al. 2017 (RetinaNet), Ren et al. 2015 (Faster R-CNN).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

Anchors = np.ndarray[Any, np.dtype[np.float32]]
Pair = tuple[float, float]


class Grid:
    """The anchors of one feature map: sizes of one cell's anchors, and where the cells are; all (y, x).

    Without a stride the cells share the unit square out evenly; without an offset the first centre lies half
    a stride in.
    """

    __slots__ = ("offset", "sizes", "stride")

    def __init__(self, sizes: Sequence[Pair], stride: Pair | None, offset: Pair | None) -> None:
        self.sizes = sizes
        self.stride = stride
        self.offset = offset

    def boxes(self, rows: int, columns: int) -> Anchors:
        """Anchors of all cells, [rows x columns x sizes, 4] as ymin, xmin, ymax, xmax in the grid's unit."""
        sizes = np.asarray(self.sizes, np.float32).reshape(1, 1, -1, 2)
        stride = self.stride or (1.0 / rows, 1.0 / columns)
        offset = self.offset or (0.5 * stride[0], 0.5 * stride[1])
        y = np.arange(rows, dtype=np.float32) * np.float32(stride[0]) + np.float32(offset[0])
        x = np.arange(columns, dtype=np.float32) * np.float32(stride[1]) + np.float32(offset[1])
        centres = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)[:, :, np.newaxis, :]
        half = np.float32(0.5) * sizes
        boxes: Anchors = np.concatenate([centres - half, centres + half], axis=-1).reshape(-1, 4)
        return boxes


def generate_anchors(
    config: Config, feature_map_shapes: Sequence[tuple[int, int]], image_shape: tuple[int, int]
) -> Anchors:
    """The anchors that an `AnchorGenerator` message asks for, float32 [anchors, 4] as ymin, xmin, ymax, xmax.

    `feature_map_shapes` are the (height, width) of the maps, finest first; `image_shape` is the (height,
    width) of the network's input in pixels. Coordinates are fractions of that image, except for the grid
    generator and where `normalize_coordinates` is false: pixels. Raises UserError when the generator does not
    fit the feature maps.
    """
    kind = _kind(config)
    generator = config.message(kind)
    grids = grids_of(config, image_shape)
    if len(grids) != len(feature_map_shapes):
        raise UserError(
            f"'{generator.path}' makes anchors for {len(grids)} feature maps, "
            f"but the network has {len(feature_map_shapes)}"
        )
    layers = [grid.boxes(*shape) for grid, shape in zip(grids, feature_map_shapes, strict=True)]
    anchors = np.concatenate(layers, axis=0)
    if kind in _IN_PIXELS and generator.flag("normalize_coordinates"):
        height, width = image_shape
        anchors = anchors * (np.float32(1.0) / np.array([height, width, height, width], np.float32))
    return anchors


def grids_of(config: Config, image_shape: tuple[int, int]) -> list[Grid]:
    """The grid of each feature map, for an image as `generate_anchors` takes it."""
    kind = _kind(config)
    return _GENERATORS[kind](config.message(kind), image_shape)


def anchors_per_location(config: Config) -> list[int]:
    """How many anchors each cell has, for each feature map."""
    kind = _kind(config)
    return [len(grid.sizes) for grid in _GENERATORS[kind](config.message(kind), (1, 1))]


def _kind(config: Config) -> str:
    kind = config.which("anchor_generator_oneof")
    if kind is None:
        raise UserError(f"'{config.path}' chooses no generator", hint=f"set one of {', '.join(_GENERATORS)}")
    return kind


def _size(scale: float, aspect_ratio: float, base: Pair) -> Pair:
    """(height, width) of an anchor of area scale^2 x base area and of width / height = aspect ratio x base's.

    Computed in float32, which keeps anchors bit-equal to those that published checkpoints were trained with.
    """
    size, root = np.float32(scale), np.sqrt(np.float32(aspect_ratio))
    return float(size / root * np.float32(base[0])), float(size * root * np.float32(base[1]))


def _ssd(config: Config, image_shape: tuple[int, int]) -> list[Grid]:
    """Scales grow linearly over the maps; sizes are fractions of the image's shorter side."""
    shorter = np.float32(min(image_shape))
    # The shorter side as a fraction of each side: anchors of ratio 1 are square in pixels.
    base = (
        float(shorter / np.float32(image_shape[0]) * np.float32(config.number("base_anchor_height"))),
        float(shorter / np.float32(image_shape[1]) * np.float32(config.number("base_anchor_width"))),
    )
    scales = _ssd_scales(config)
    strides = _ssd_pairs(config, "height_stride", "width_stride", len(scales) - 1)
    offsets = _ssd_pairs(config, "height_offset", "width_offset", len(scales) - 1)
    height, width = image_shape
    grids: list[Grid] = []
    for layer, (scale, next_scale) in enumerate(itertools.pairwise(scales)):
        sizes = [_size(s, ratio, base) for s, ratio in _ssd_cell(config, layer, scale, next_scale)]
        stride = (strides[layer][0] / height, strides[layer][1] / width) if strides else None
        offset = (offsets[layer][0] / height, offsets[layer][1] / width) if offsets else None
        grids.append(Grid(sizes, stride, offset))
    return grids


def _ssd_scales(config: Config) -> list[float]:
    """One scale per map and, last, the 1.0 that the interpolated anchor of the coarsest map needs."""
    layers = config.integer("num_layers")
    scales = config.numbers("scales")
    if not scales:
        low, high = config.number("min_scale"), config.number("max_scale")
        if layers < 2:
            raise UserError(
                f"'{config.path}.num_layers' is '{layers}': no scales lie between min_scale and max_scale",
                hint="write the scales one by one in 'scales'",
            )
        scales = [low + (high - low) * layer / (layers - 1) for layer in range(layers)]
    if len(scales) != layers:
        raise UserError(f"'{config.path}.scales' has {len(scales)} values for {layers} feature maps")
    return [*scales, 1.0]


def _ssd_cell(config: Config, layer: int, scale: float, next_scale: float) -> list[Pair]:
    """(scale, aspect ratio) of the anchors of one cell."""
    if layer == 0 and config.flag("reduce_boxes_in_lowest_layer"):
        return [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
    cell = [(scale, ratio) for ratio in config.numbers("aspect_ratios")]
    between = config.number("interpolated_scale_aspect_ratio")
    if between > 0.0:
        cell.append((math.sqrt(scale * next_scale), between))
    return cell


def _ssd_pairs(config: Config, height_name: str, width_name: str, layers: int) -> list[tuple[int, int]]:
    """Explicit (y, x) strides or offsets in pixels; empty when neither list is written."""
    heights, widths = config.integers(height_name), config.integers(width_name)
    if not heights and not widths:
        return []
    for name, values in ((height_name, heights), (width_name, widths)):
        if len(values) != layers:
            raise UserError(f"'{config.path}.{name}' has {len(values)} values for {layers} feature maps")
    return list(zip(heights, widths, strict=True))


def _multiscale(config: Config, image_shape: tuple[int, int]) -> list[Grid]:
    """One pyramid level per map, stride 2^level; sizes double with the level."""
    octave = config.integer("scales_per_octave")
    scales = [2.0 ** (index / octave) for index in range(octave)]
    grids = []
    for level in range(config.integer("min_level"), config.integer("max_level") + 1):
        stride = 2.0**level
        edge = config.number("anchor_scale") * stride
        sizes = [_size(s, ratio, (edge, edge)) for ratio in config.numbers("aspect_ratios") for s in scales]
        # Where the image is no multiple of the stride, cells are centred on the corner of their patch.
        offset = [stride / 2.0 if size % stride == 0 or size == 1 else 0.0 for size in image_shape]
        grids.append(Grid(sizes, (stride, stride), (offset[0], offset[1])))
    return grids


def _grid(config: Config, image_shape: tuple[int, int]) -> list[Grid]:
    """One feature map; everything in pixels."""
    del image_shape
    base = (float(config.integer("height")), float(config.integer("width")))
    ratios, scales = config.numbers("aspect_ratios"), config.numbers("scales")
    sizes = [_size(scale, ratio, base) for ratio in ratios for scale in scales]
    return [_strided(config, sizes)]


def _flexible(config: Config, image_shape: tuple[int, int]) -> list[Grid]:
    """Explicit sizes for each map, in pixels."""
    del image_shape
    grids = []
    for grid in config.messages("anchor_grid"):
        edges, ratios = grid.numbers("base_sizes"), grid.numbers("aspect_ratios")
        if len(edges) != len(ratios):
            raise UserError(f"'{grid.path}' has {len(edges)} base_sizes and {len(ratios)} aspect_ratios")
        sizes = [_size(1.0, ratio, (edge, edge)) for edge, ratio in zip(edges, ratios, strict=True)]
        grids.append(_strided(grid, sizes))
    return grids


def _strided(config: Config, sizes: list[Pair]) -> Grid:
    stride = (float(config.integer("height_stride")), float(config.integer("width_stride")))
    offset = (float(config.integer("height_offset")), float(config.integer("width_offset")))
    return Grid(sizes, stride, offset)


_GENERATORS: dict[str, Callable[[Config, tuple[int, int]], list[Grid]]] = {
    "ssd_anchor_generator": _ssd,
    "multiscale_anchor_generator": _multiscale,
    "grid_anchor_generator": _grid,
    "flexible_grid_anchor_generator": _flexible,
}
_IN_PIXELS = ("multiscale_anchor_generator", "flexible_grid_anchor_generator")
