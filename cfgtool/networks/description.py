"""The dry run: what network a config describes, without building it."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

from cfgtool.errors import UserError
from cfgtool.networks.extractors import find_extractor
from cfgtool.networks.hyperparams import Generation
from cfgtool.networks.image_size import has_one_size, image_shape
from cfgtool.networks.shapes import Shape, ShapeOps
from cfgtool.networks.variables import Difference, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfgtool.schema import Config

UNVERIFIED = "unverified: no list of variables of the OD API itself could be compared with this network"
"""What is said of a description that is not `verified`."""

_REPEATING = (
    "num_layers",
    "num_layers_before_predictor",
    "max_level",
    "num_iterations",
    "num_fc_layers",
    "mask_prediction_num_conv_layers",
    "num_attention_heads",
    "num_attention_layers",
)
"""Fields that say how often something is built; a slip of the keyboard there must not be carried out."""
_MOST_REPETITIONS = 1000

_DETECTORS = {
    "ssd": "cfgtool.networks.ssd.detector",
    "faster_rcnn": "cfgtool.networks.faster_rcnn.detector",
    "center_net": "cfgtool.networks.center_net.detector",
}
"""The module of each meta-architecture; its function `outline` runs the network on shapes."""


class Outline(NamedTuple):
    """What a detector says of itself: `feature_maps` [height, width, channels] that its heads look at, the
    number of `anchors` of one image, 0 for a network without any, and `input_shape` [height, width, channels]
    of the image where it is not the one that was asked for.
    """

    feature_maps: tuple[tuple[int, ...], ...]
    anchors: int
    input_shape: tuple[int, int, int] | None = None


class _Detector(Protocol):
    """The function `outline` of a meta-architecture's module."""

    def __call__(
        self, ops: ShapeOps, config: Config, image: Shape, generation: Generation, **known: object
    ) -> Outline: ...


class NetworkDescription(NamedTuple):
    """A network as the config describes it.

    `input_shape` is [height, width, channels] of an image as the network gets it; where the resizer leaves
    the size open it is a nominal one. `feature_maps` are [height, width, channels] of what the head looks at,
    `anchors` counts the anchors of one image. `multiply_adds` of the convolutions and `activation_bytes`
    (float32) are for one image. `verified` is False where no list of variables of the OD API itself could be
    compared for the extractor type. `differences` say where the other generation's network of this config
    computes something else, although its variables may be the same; none where there is no such network.
    """

    meta_architecture: str
    feature_extractor: str
    generation: Generation
    variables: tuple[Variable, ...]
    input_shape: tuple[int, int, int]
    feature_maps: tuple[tuple[int, ...], ...]
    anchors: int
    multiply_adds: int
    activation_bytes: int
    verified: bool = True
    differences: tuple[Difference, ...] = ()

    @property
    def parameters(self) -> int:
        """Number of values in all variables."""
        return sum(variable.size for variable in self.variables)

    @property
    def trainable_parameters(self) -> int:
        """Number of values that a gradient reaches."""
        return sum(variable.size for variable in self.variables if variable.trainable)


def describe(
    config: Config,
    generation: Literal["auto", "tf1", "tf2"] = "auto",
    *,
    keypoints: Mapping[str, int] | None = None,
    size: tuple[int, int] | None = None,
    ops: ShapeOps | None = None,
) -> NetworkDescription:
    """The network of a whole pipeline config.

    `generation` auto: the one that the extractor type belongs to; another one describes the same network as
    that generation builds it. `keypoints` are the numbers of keypoints by class in CenterNet's keypoint label
    map; without them the lists in the config are taken as complete. `size`, [height, width], takes the place
    of what the resizer gives; `ops` is what counts (`accounting.CostOps` does so by layer). Raises UserError
    for networks that are not described and for settings that cannot be built.
    """
    model = config.message("model")
    kind = model.which("model")
    if kind not in _DETECTORS:
        what = f"meta-architecture {kind!r} is not described yet" if kind else "the config has no model"
        raise UserError(what, hint=f"described are {', '.join(f'model.{name}' for name in _DETECTORS)}")
    from importlib import import_module

    message = model.message(kind)
    _refuse_endless(message)
    extractor = find_extractor(message.message("feature_extractor").text("type"), kind)
    whose = cast(Generation, extractor.generation) if generation == "auto" else generation
    if whose not in extractor.worlds:
        raise UserError(f"feature extractor type {extractor.type!r} has no {whose.upper()} form")
    resizer = message.message("image_resizer")
    shape = (*image_shape(resizer)[:2], _input_channels(config, resizer, kind))
    if size is not None:
        shape = (*size, shape[2])
    outline: _Detector = import_module(_DETECTORS[kind]).outline
    known: dict[str, object] = {}
    if kind == "center_net":
        # Its keypoints are the one thing about a network that a config leaves to another file, and it is the one
        # that cannot take images of every size.
        known = {"keypoints": keypoints, "nominal": size is None and not has_one_size(resizer)}
    # Variables do not depend on the size of the image; costs and anchors do.
    ops = ops or ShapeOps()
    try:
        outlined = outline(ops, message, (1, *shape), whose, **known)
    except ArithmeticError as error:
        hint = f"look for zeros, 'inf' and 'nan' in 'model.{kind}'"
        raise UserError(f"the numbers of the model cannot be computed with ({error})", hint=hint) from None
    return NetworkDescription(
        kind,
        extractor.type,
        whose,
        tuple(ops.variables.values()),
        outlined.input_shape or shape,
        outlined.feature_maps,
        outlined.anchors,
        ops.multiply_adds,
        ops.activation_bytes,
        extractor.verified,
        tuple(ops.differences) if extractor.twin else (),
    )


def _input_channels(config: Config, resizer: Config, kind: str) -> int:
    """Channels of the network's input: one in grey, else the colours and what the reader loads besides."""
    channels = 3 if kind == "center_net" else image_shape(resizer)[2]  # CenterNet has three for grey as well
    return channels + config.message("train_input_reader").integer("num_additional_channels")


def _refuse_endless(message: Config) -> None:
    """Raise UserError for a number of layers, levels or iterations that no network has, and for a width that is no
    number.
    """
    for config in message.descendants():
        if config.has("depth_multiplier") and isnan(config.number("depth_multiplier")):
            where = f"{config.path}.depth_multiplier"
            raise UserError(f"'{where}' is not a number", hint="write 1.0 for the usual width")
        for name in _REPEATING:
            if config.has(name) and config.integer(name) > _MOST_REPETITIONS:
                where = f"{config.path}.{name}"
                raise UserError(
                    f"'{where}' of {config.integer(name)} is more than any network has",
                    hint=f"write {_MOST_REPETITIONS} at most",
                )
