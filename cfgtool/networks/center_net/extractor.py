"""The settings of a CenterNet feature extractor, from the proto message `CenterNetFeatureExtractor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

from cfgtool.networks.extractors import Extractor, find_extractor
from cfgtool.networks.names import Names
from cfgtool.networks.ops import Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


class CenterNetExtractor(NamedTuple):
    """A feature extractor as a config configures it; `config` is the `feature_extractor` message."""

    kind: Extractor
    config: Config

    @property
    def type(self) -> str:
        """The type, as the config spells it."""
        return self.kind.type

    def names(self, name: str, *, tf2: str, keras: str = "") -> Names:
        """A scope of the extractor; CenterNet has none in TF1."""
        return Names("", "model/_feature_extractor", "", None).child(name, tf2=tf2, keras=keras)


class FeatureMaps(Protocol):
    """What a family's module has: the maps of stride 4 of an image [batch, height, width, 3], one for each set of
    heads, the best one last.
    """

    def __call__(self, ops: Ops[T], image: T, extractor: CenterNetExtractor) -> list[T]: ...


class Family(Protocol):
    """What a family's module has; `image_multiple` is what height and width of images must be multiples of, for
    maps that fit together and have a quarter of the image's size.
    """

    feature_maps: FeatureMaps

    def image_multiple(self, type_: str) -> int: ...


def read_extractor(config: Config) -> CenterNetExtractor:
    """The extractor of a `model.center_net` message. Raises UserError for a type that is not described."""
    message = config.message("feature_extractor")
    return CenterNetExtractor(find_extractor(message.text("type"), "center_net"), message)


def family(extractor: CenterNetExtractor) -> Family:
    """The module that describes the extractor's family."""
    # A family is loaded when a config asks for it: the others would cost every command's start.
    from importlib import import_module

    return cast(Family, import_module(f"cfgtool.networks.center_net.{extractor.kind.family}"))
