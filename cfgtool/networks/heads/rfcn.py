"""The head of R-FCN (`rfcn_box_predictor`): position-sensitive maps of the whole image, averaged over boxes.

Dai et al. 2016, arXiv:1605.06409.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.blocks import Unit, conv_unit
from cfgtool.networks.hyperparams import Generation, read_hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


class _Grid(NamedTuple):
    """How a box is divided: bins and size of the crop, each (height, width)."""

    bins: tuple[int, int]
    crop: tuple[int, int]


def rfcn_head(
    ops: Ops[T], x: T, boxes: T, config: Config, scope: Names, *, classes: int, generation: Generation
) -> tuple[T, T]:
    """Box encodings [batch * boxes, classes, code size] and class logits [batch * boxes, classes + 1].

    `x` [batch, height, width, channels] are features of whole images, `boxes` [batch, boxes, 4] the proposals,
    `config` is the `RfcnBoxPredictor` message. Raises UserError for a grid that cannot be built.
    """
    hyper = read_hyperparams(config.message("conv_hyperparams"), generation)
    grid, depth, code_size = _grid(config), config.integer("depth"), config.integer("box_code_size")
    if min(depth, code_size) < 1:
        raise UserError(
            f"'{config.path}' has a depth of {depth} and box codes of {code_size}", hint="set both"
        )
    layers = Layers(scope.child("", tf2="_shared_conv_layers"))
    unit = Unit("reduce", "reduce_depth_conv", "reduce_depth_batchnorm", "reduce_depth")
    x = conv_unit(ops, x, layers, unit, hyper, depth, 1)

    def pooled(name: str, attribute: str, label: str, numbers: int) -> T:
        layers = Layers(scope.child("", tf2=attribute))
        bins = grid.bins[0] * grid.bins[1]
        unit = Unit(name, f"{label}_conv", f"{label}_batchnorm", label)
        y = conv_unit(ops, x, layers, unit, hyper, bins * numbers, 1, activate=False)
        return ops.position_sensitive_mean(y, boxes, grid.bins, grid.crop)

    encodings = pooled("box", "_box_encoder_layers", "refined_locations", classes * code_size)
    scores = pooled("class", "_class_predictor_layers", "class_predictions", classes + 1)
    return ops.reshape(encodings, (classes, code_size)), scores


def _grid(config: Config) -> _Grid:
    bins = config.integer("num_spatial_bins_height"), config.integer("num_spatial_bins_width")
    crop = config.integer("crop_height"), config.integer("crop_width")
    if min(bins) < 1 or min(crop) < 1 or any(edge % count for edge, count in zip(crop, bins, strict=True)):
        raise UserError(
            f"a crop of {crop[0]} x {crop[1]} does not divide into {bins[0]} x {bins[1]} spatial bins",
            hint=f"make crop_height and crop_width in '{config.path}' multiples of the numbers of bins",
        )
    return _Grid(bins, crop)
