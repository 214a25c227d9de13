"""The settings of a Faster R-CNN feature extractor, from the proto message `FasterRcnnFeatureExtractor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar, cast

from cfgtool.errors import UserError
from cfgtool.networks.extractors import Extractor, find_extractor
from cfgtool.networks.hyperparams import Generation
from cfgtool.networks.names import Names
from cfgtool.networks.ops import Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


class FasterRcnnExtractor(NamedTuple):
    """A feature extractor as a config configures it, to be built as `generation` builds it.

    `config` is the `feature_extractor` message.
    """

    kind: Extractor
    generation: Generation
    config: Config

    @property
    def type(self) -> str:
        """The type without the suffix that marks the TF2 form."""
        return self.kind.type.removesuffix("_keras")

    @property
    def stride(self) -> int:
        """`first_stage_features_stride`: how much smaller than the image the first stage's map is."""
        return self.config.integer("first_stage_features_stride")

    @property
    def trains_norms(self) -> bool:
        """`batch_norm_trainable`: whether batch norms normalise by the batch in training."""
        return self.config.flag("batch_norm_trainable")

    def names(
        self, name: str, *, stage: Literal[1, 2], tf2: str = "", keras: str = "", tf1: str = ""
    ) -> Names:
        """A scope of the first or second stage's extractor; a world without the type has no names.

        Ours are `backbone/...` and `neck/...` in the first stage, `box_backbone/...` in the second.
        """
        part = "proposal" if stage == 1 else "box_classifier"
        base = self.place(
            "",
            tf2=f"_feature_extractor_for_{part}_features",
            tf1=f"{'First' if stage == 1 else 'Second'}StageFeatureExtractor",
        )
        return base.child(name, tf2=tf2, keras=keras, tf1=tf1)

    def place(self, name: str, *, tf2: str | None = "", keras: str = "", tf1: str | None = "") -> Names:
        """A scope of the whole model, such as that of a head; None where a world never has it."""
        worlds = self.kind.worlds
        base = Names(
            "",
            "model" if "tf2" in worlds and tf2 is not None else None,
            "" if "tf2" in worlds and tf2 is not None else None,
            "" if "tf1" in worlds and tf1 is not None else None,
        )
        return base.child(name, tf2=tf2, keras=keras, tf1=tf1)


class ProposalFeatures(Protocol):
    """A family's first stage: the maps of an image [batch, height, width, channels] that proposals come
    from and boxes are cropped from, finest first; one but for feature pyramids.
    """

    def __call__(self, ops: Ops[T], image: T, extractor: FasterRcnnExtractor) -> list[T]: ...


class BoxFeatures(Protocol):
    """A family's second stage: features of crops [crops, size, size, channels] before the box head."""

    def __call__(self, ops: Ops[T], crops: T, extractor: FasterRcnnExtractor) -> T: ...


class Family(Protocol):
    """What a family's module has."""

    proposal_features: ProposalFeatures
    box_features: BoxFeatures


def read_extractor(config: Config, generation: Generation) -> FasterRcnnExtractor:
    """The extractor of a `model.faster_rcnn` message. Raises UserError for a type that is not described."""
    message = config.message("feature_extractor")
    kind = find_extractor(message.text("type"), "faster_rcnn")
    if generation not in kind.worlds:
        raise UserError(f"feature extractor type {kind.type!r} has no {generation.upper()} form")
    return FasterRcnnExtractor(kind, generation, message)


def family(extractor: FasterRcnnExtractor) -> Family:
    """The module that describes the extractor's family."""
    from importlib import import_module

    return cast(Family, import_module(f"cfgtool.networks.faster_rcnn.{extractor.kind.family}"))
