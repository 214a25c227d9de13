"""The dry run: what network a config describes, without building it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cfgtool.errors import UserError
from cfgtool.networks.extractors import find_ssd
from cfgtool.networks.hyperparams import Generation
from cfgtool.networks.shapes import ShapeOps
from cfgtool.networks.ssd import ssd
from cfgtool.networks.variables import Variable

if TYPE_CHECKING:
    from cfgtool.schema import Config

_NOMINAL_SIZE = 320
"""The edge in pixels that is counted with where the config leaves the image size open."""


_REPEATING = ("num_layers", "num_layers_before_predictor", "max_level", "num_iterations")
"""Fields that say how often something is built; a slip of the keyboard there must not be carried out."""
_MOST_REPETITIONS = 1000


class NetworkDescription(NamedTuple):
    """A network as the config describes it.

    `input_shape` is [height, width, channels] of an image as the network gets it; where the resizer leaves
    the size open it is a nominal one. `feature_maps` are [height, width, channels] of what the head looks at,
    `anchors` counts the anchors of one image. `multiply_adds` of the convolutions and `activation_bytes`
    (float32) are for one image. `verified` is False for a network whose variables were not compared with a
    reference table of the OD API.
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
    size: tuple[int, int] | None = None,
    ops: ShapeOps | None = None,
) -> NetworkDescription:
    """The network of a whole pipeline config.

    `generation` auto: the one that the extractor type belongs to; another one describes the same network as
    that generation builds it. `size`, [height, width], takes the place of what the resizer gives; `ops` is
    what counts (`accounting.CostOps` does so by layer). Raises UserError for networks that are not described
    and for settings that cannot be built.
    """
    model = config.message("model")
    kind = model.which("model")
    if kind != "ssd":
        what = f"meta-architecture {kind!r} is not described yet" if kind else "the config has no model"
        raise UserError(what, hint="described are SSD models (model.ssd)")
    message = model.message("ssd")
    type_ = message.message("feature_extractor").text("type")
    _refuse_endless(message)
    own: Generation = "tf1" if find_ssd(type_).generation == "tf1" else "tf2"
    shape = image_shape(message.message("image_resizer"))
    if size is not None:
        shape = (*size, shape[2])
    # Variables do not depend on the size of the image; costs and anchors do.
    ops = ops or ShapeOps()
    try:
        predictions = ssd(ops, message, (1, *shape), generation)
    except ArithmeticError as error:
        hint = "look for zeros, 'inf' and 'nan' in 'model.ssd'"
        raise UserError(f"the numbers of the model cannot be computed with ({error})", hint=hint) from None
    return NetworkDescription(
        "ssd",
        type_,
        own if generation == "auto" else generation,
        tuple(ops.variables.values()),
        shape,
        tuple(feature_map[1:] for feature_map in predictions.feature_maps),
        predictions.box_encodings[1],
        ops.multiply_adds,
        ops.activation_bytes,
    )


def _refuse_endless(message: Config) -> None:
    """Raise UserError for a number of layers, levels or iterations that no network has."""
    for config in message.descendants():
        for name in _REPEATING:
            if config.has(name) and config.integer(name) > _MOST_REPETITIONS:
                where = f"{config.path}.{name}"
                raise UserError(
                    f"'{where}' of {config.integer(name)} is more than any network has",
                    hint=f"write {_MOST_REPETITIONS} at most",
                )


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
