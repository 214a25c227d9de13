"""The settings of an SSD feature extractor, resolved from the proto message `SsdFeatureExtractor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

from cfgtool.errors import UserError
from cfgtool.networks.extractors import Extractor, find_extractor
from cfgtool.networks.hyperparams import Generation, Hyperparams, read_hyperparams
from cfgtool.networks.names import Names
from cfgtool.networks.ops import Ops, Padding

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


class SsdExtractor(NamedTuple):
    """A feature extractor as a config configures it, to be built as `generation` builds it.

    `hyper` are the settings of `conv_hyperparams`: they hold for the layers after the backbone, and for the
    backbone itself where `overrides` is set. `freeze` is `freeze_batchnorm`.
    """

    kind: Extractor
    generation: Generation
    config: Config
    hyper: Hyperparams
    freeze: bool

    @property
    def type(self) -> str:
        """The type without the suffix that marks the TF2 form."""
        return self.kind.type.removesuffix("_keras")

    @property
    def overrides(self) -> bool:
        """`override_base_feature_extractor_hyperparams`: whether `hyper` holds for the backbone too."""
        return self.config.flag("override_base_feature_extractor_hyperparams")

    @property
    def padding(self) -> Padding:
        """The padding of strided convolutions, FIXED under `use_explicit_padding`."""
        return "FIXED" if self.config.flag("use_explicit_padding") else "SAME"

    @property
    def use_depthwise(self) -> bool:
        """Whether the layers after the backbone are separable."""
        return self.config.flag("use_depthwise")

    @property
    def depth_multiplier(self) -> float:
        """Factor of all numbers of filters. Raises UserError for one that is no number."""
        value = self.config.number("depth_multiplier")
        if value != value:
            raise UserError("depth_multiplier is not a number", hint="write 1.0 for the usual widths")
        return value

    @property
    def min_depth(self) -> int:
        """Least number of filters."""
        return self.config.integer("min_depth")

    def depth(self, depth: float) -> int:
        """Filters of a layer after the backbone under `depth_multiplier` and `min_depth`."""
        return max(int(depth * self.depth_multiplier), self.min_depth)

    def own_hyper(self, own: Hyperparams) -> Hyperparams:
        """`own`, the settings that a backbone has without an override, under `freeze_batchnorm`."""
        return own._replace(
            norm=own.norm._replace(train=own.norm.train and not self.freeze) if own.norm else None
        )

    def names(self, name: str, *, tf2: str, keras: str = "", tf1: str = "") -> Names:
        """A scope of the extractor, `tf1` below `FeatureExtractor`; a world without the type has no names."""
        worlds = self.kind.worlds
        base = Names(
            "",
            "model/_feature_extractor" if "tf2" in worlds else None,
            "" if "tf2" in worlds else None,
            "FeatureExtractor" if "tf1" in worlds else None,
        )
        return base.child(name, tf2=tf2, keras=keras, tf1=tf1)


class FeatureMaps(Protocol):
    """What a family's module has: the maps of an image [batch, height, width, channels], finest first."""

    def __call__(self, ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]: ...


def read_extractor(config: Config, generation: Generation) -> SsdExtractor:
    """The extractor of a `model.ssd` message. Raises UserError for a type that is not described."""
    message = config.message("feature_extractor")
    kind = find_extractor(message.text("type"), "ssd")
    if generation not in kind.worlds:
        raise UserError(f"feature extractor type {kind.type!r} has no {generation.upper()} form")
    freeze = config.flag("freeze_batchnorm")
    hyper = read_hyperparams(message.message("conv_hyperparams"), generation, freeze_batchnorm=freeze)
    return SsdExtractor(kind, generation, message, hyper, freeze)


def family(extractor: SsdExtractor) -> FeatureMaps:
    """The function that describes the extractor's family."""
    # A family is loaded when a config asks for it: the others would cost every command's start.
    from importlib import import_module

    module = import_module(f"cfgtool.networks.ssd.{extractor.kind.family}")
    return cast(FeatureMaps, module.feature_maps)
