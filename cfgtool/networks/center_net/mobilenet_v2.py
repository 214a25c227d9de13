"""CenterNet on MobileNet V2: with transposed convolutions (`mobilenet_v2`) and with a feature pyramid
(`mobilenet_v2_fpn`, `mobilenet_v2_fpn_sep_conv`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar, cast

from cfgtool.errors import UserError
from cfgtool.networks.backbones.mobilenet_v2 import Widths, mobilenet_v2
from cfgtool.networks.center_net.extractor import CenterNetExtractor
from cfgtool.networks.hyperparams import MOBILENET
from cfgtool.networks.names import Layers
from cfgtool.networks.necks.upsampling import Pyramid, pyramid, transposed
from cfgtool.networks.ops import Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_INTERPOLATIONS = ("nearest", "bilinear")


def feature_maps(ops: Ops[T], image: T, extractor: CenterNetExtractor) -> list[T]:
    """See `FeatureMaps`."""
    plain = extractor.type == "mobilenet_v2"
    # The whole backbone is the first layer of the model that the neck belongs to; the plain type keeps no other
    # hold on it.
    maps = mobilenet_v2(
        ops,
        image,
        extractor.names("backbone", tf2="_network/layer_with_weights-0" if plain else "_base_model"),
        # CenterNet asks no part of the network for its penalties.
        MOBILENET._replace(weights=MOBILENET.weights._replace(l2=0.0)),
        widths=Widths("tf2", extractor.config.number("depth_multiplier"), 0),
        depthwise=MOBILENET.weights._replace(l2=0.0),
    )
    neck = extractor.names(
        "neck",
        tf2="_network" if plain else "_feature_extractor_model",
        keras="feature_extractor_model",
    )
    layers = Layers(neck, functional=True, start=1)
    if plain:
        return [transposed(ops, maps["last"], layers, kernel=1)]
    levels = [maps[name] for name in ("block_2", "block_5", "block_9", "last")]
    return [pyramid(ops, levels, layers, _pyramid(extractor.config))]


def image_multiple(type_: str) -> int:  # noqa: ARG001
    """See `Family`."""
    return 32


def _pyramid(config: Config) -> Pyramid:
    interpolation = config.text("upsampling_interpolation")
    if interpolation not in _INTERPOLATIONS:
        raise UserError(
            f"unknown upsampling_interpolation {interpolation!r}",
            hint=f"known are {', '.join(_INTERPOLATIONS)}",
        )
    # The type's name is looked at only where the field is written, whatever it says.
    separable = config.has("use_separable_conv") and (
        config.flag("use_separable_conv") or config.text("type") == "mobilenet_v2_fpn_sep_conv"
    )
    return Pyramid((64, 32, 24), separable, cast(Literal["nearest", "bilinear"], interpolation))
