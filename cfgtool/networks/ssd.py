"""Single Shot Detector: backbone, neck and head, as `model.ssd` configures them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.anchor_counts import anchors_per_location
from cfgtool.networks.backbones.mobilenet_v1 import mobilenet_v1
from cfgtool.networks.backbones.mobilenet_v2 import Widths, mobilenet_v2
from cfgtool.networks.extractors import SsdExtractor, find_ssd
from cfgtool.networks.heads.convolutional import convolutional_head
from cfgtool.networks.heads.predictions import Predictions
from cfgtool.networks.heads.weight_shared import weight_shared_head
from cfgtool.networks.hyperparams import BACKBONE, Generation, Hyperparams, read_hyperparams
from cfgtool.networks.names import Names
from cfgtool.networks.necks.fpn import Settings, coarse_levels, top_down
from cfgtool.networks.necks.multi_resolution import Extra, multi_resolution
from cfgtool.networks.ops import Ops, Padding

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_EXTRAS = (Extra(512), Extra(256), Extra(256), Extra(128))
_EMBEDDED_EXTRAS = (Extra(512), Extra(256), Extra(256, kernel=2))
_PYRAMID_TOP = 5
"""The coarsest level that comes from the backbone; level n has stride 2 ** n."""


class _Extractor(NamedTuple):
    """A resolved `SsdFeatureExtractor` message."""

    kind: SsdExtractor
    generation: Generation
    config: Config
    hyper: Hyperparams
    backbone_hyper: Hyperparams
    padding: Padding
    depth_multiplier: float
    min_depth: int
    use_depthwise: bool

    @property
    def overrides(self) -> bool:
        """Whether `hyper` holds for the backbone too."""
        return self.config.flag("override_base_feature_extractor_hyperparams")

    def depth(self, depth: int) -> int:
        """Filters of a neck's layer."""
        return max(int(depth * self.depth_multiplier), self.min_depth)

    def names(self, name: str, *, tf2: str, keras: str = "", tf1: str = "") -> Names:
        """A scope of the extractor; types without a TF2 form have no TF2 names."""
        scope = f"FeatureExtractor/Mobilenet{self.kind.backbone[-2:].upper()}"
        base = Names("", "model/_feature_extractor" if self.kind.twin else None, "", scope)
        if not self.kind.twin:
            base = base._replace(keras=None)
        return base.child(name, tf2=tf2, keras=keras, tf1=tf1)


def ssd(
    ops: Ops[T], config: Config, image: T, generation: Literal["auto", "tf1", "tf2"] = "auto"
) -> Predictions[T]:
    """The raw predictions for `image` [batch, height, width, channels], scaled to [-1, 1].

    `config` is the `model.ssd` message. `generation` auto: the one that the extractor type belongs to;
    another one builds the network as that generation would. Raises UserError for types that are not described
    and for anchors that do not fit.
    """
    extractor = _read_extractor(config, generation)
    image = ops.pad_to_multiple(image, max(extractor.config.integer("pad_to_multiple"), 1))
    maps = _feature_maps(ops, extractor, image)
    anchors = anchors_per_location(config.message("anchor_generator"))
    _check_counts(config, anchors)
    if len(anchors) != len(maps):
        raise UserError(
            f"the anchor generator has {len(anchors)} layers, the feature extractor {len(maps)} feature maps",
            hint="make num_layers, or min_level and max_level, agree",
        )
    predictor = config.message("box_predictor")
    kind = predictor.which("box_predictor_oneof")
    slots = config.integer("num_classes") + config.flag("add_background_class")
    tf2 = "model/_box_predictor" if extractor.kind.twin else None
    if kind == "convolutional_box_predictor":
        head, keras, tf1 = convolutional_head, "BoxPredictor", ""
    elif kind == "weight_shared_convolutional_box_predictor":
        head, keras, tf1 = weight_shared_head, *["WeightSharedConvolutionalBoxPredictor"] * 2
    else:
        raise UserError(
            f"an SSD model cannot have the box predictor {kind!r}",
            hint="use convolutional_box_predictor or weight_shared_convolutional_box_predictor",
        )
    return head(
        ops,
        maps,
        predictor.message(kind),
        Names("head", tf2, keras if tf2 else None, tf1),
        class_slots=slots,
        anchors=anchors,
        generation=extractor.generation,
        freeze_batchnorm=config.flag("freeze_batchnorm"),
    )


def _check_counts(config: Config, anchors: list[int]) -> None:
    """Refuse numbers that leave the head without anything to predict."""
    if not anchors or min(anchors) < 1:
        raise UserError(
            f"the anchor generator gives {anchors or 'no'} anchors per location",
            hint="set num_layers or levels, aspect_ratios and scales",
        )
    if config.integer("num_classes") + config.flag("add_background_class") < 1:
        raise UserError("model.ssd has no classes", hint="set num_classes")


def _read_extractor(config: Config, generation: Literal["auto", "tf1", "tf2"]) -> _Extractor:
    message = config.message("feature_extractor")
    kind = find_ssd(message.text("type"))
    own: Generation = "tf1" if kind.generation == "tf1" else "tf2"
    chosen: Generation = own if generation == "auto" else generation
    if chosen == "tf2" and not kind.twin:
        raise UserError(f"feature extractor type {kind.type!r} has no TF2 form")
    freeze = config.flag("freeze_batchnorm")
    hyper = read_hyperparams(message.message("conv_hyperparams"), chosen, freeze_batchnorm=freeze)
    return _Extractor(
        kind,
        chosen,
        message,
        hyper,
        _backbone_hyper(message, kind, chosen, hyper, freeze),
        "FIXED" if message.flag("use_explicit_padding") else "SAME",
        message.number("depth_multiplier"),
        message.integer("min_depth"),
        message.flag("use_depthwise"),
    )


def _backbone_hyper(
    message: Config, kind: SsdExtractor, generation: Generation, hyper: Hyperparams, freeze: bool
) -> Hyperparams:
    """The backbone's own settings, or the config's under `override_base_feature_extractor_hyperparams`."""
    if not message.flag("override_base_feature_extractor_hyperparams"):
        norm = BACKBONE.norm
        return BACKBONE._replace(norm=norm._replace(train=not freeze) if norm else None)
    if generation == "tf2":
        return hyper._replace(bias=False)
    # Slim's MobileNet V2 has ReLU6 written out in its layers; the override does not reach it.
    return hyper._replace(activation="relu_6") if kind.backbone == "mobilenet_v2" else hyper


def _feature_maps(ops: Ops[T], extractor: _Extractor, image: T) -> list[T]:
    levels = _backbone(ops, extractor, image)
    neck = extractor.kind.neck
    if neck == "fpn":
        return _pyramid(ops, extractor, levels)
    plain = [levels[4], levels[5]]
    if neck == "pooled":
        plain = [levels[4]]
        for _ in range(5):
            plain.append(ops.max_pool(plain[-1], 2, stride=2))
        return plain
    count = extractor.config.integer("num_layers")
    extras = _EXTRAS[: max(count - 2, 0)] if neck == "extra" else _EMBEDDED_EXTRAS
    v1 = extractor.kind.backbone == "mobilenet_v1"
    scope = extractor.names(
        "neck",
        tf2="_feature_map_generator/convolutions" if v1 else "feature_map_generator/convolutions",
        keras=f"{extractor.kind.keras_scope}/FeatureMaps",
    )
    return multi_resolution(
        ops,
        plain[:count] if neck == "extra" else plain,
        scope,
        extractor.hyper,
        base="Conv2d_13_pointwise" if v1 else "layer_19",
        extras=extras,
        depth_multiplier=extractor.depth_multiplier,
        min_depth=extractor.min_depth,
        use_depthwise=extractor.use_depthwise,
        padding=extractor.padding,
        generation=extractor.generation,
    )


def _backbone(ops: Ops[T], extractor: _Extractor, image: T) -> dict[int, T]:
    """The backbone's maps by level 2 to 5; plain SSD with MobileNet V2 takes the wider one inside a block
    for level 4.
    """
    scope = extractor.names("backbone", tf2="classification_backbone")
    hyper, padding = extractor.backbone_hyper, extractor.padding
    pyramid = extractor.kind.neck == "fpn"
    if extractor.kind.backbone == "mobilenet_v1":
        blocks = mobilenet_v1(
            ops,
            image,
            scope,
            hyper,
            depth_multiplier=extractor.depth_multiplier,
            min_depth=extractor.min_depth,
            padding=padding,
            narrow_end=pyramid and extractor.use_depthwise,
            generation=extractor.generation,
        )
        return {2: blocks[3], 3: blocks[5], 4: blocks[11], 5: blocks[13]}
    if extractor.overrides and extractor.hyper.activation != "relu_6":
        kind = extractor.hyper.activation
        ops.differs(
            scope, f"the backbone's activation is relu_6 in TF1, and {kind} from conv_hyperparams in TF2"
        )
    slim = extractor.generation == "tf1"
    maps = mobilenet_v2(
        ops,
        image,
        scope,
        hyper,
        widths=Widths(extractor.generation, extractor.depth_multiplier, extractor.min_depth),
        # On its own slim does not regularise the depthwise kernels of MobileNet V2.
        depthwise=hyper.weights._replace(l2=0.0) if slim and not extractor.overrides else hyper.weights,
        padding=padding,
        # The Keras type means to narrow the last layer as well but does not hand the setting on.
        last_filters=256 if slim and pyramid and extractor.use_depthwise else 1280,
    )
    return {
        2: maps["block_2"],
        3: maps["block_5"],
        4: maps["block_12" if pyramid else "block_13_expand"],
        5: maps["last"],
    }


def _pyramid(ops: Ops[T], extractor: _Extractor, levels: dict[int, T]) -> list[T]:
    """Feature pyramid over the levels `fpn.min_level` to `fpn.max_level`."""
    fpn = extractor.config.message("fpn")
    first, last = fpn.integer("min_level"), fpn.integer("max_level")
    top = min(last, _PYRAMID_TOP)
    if not 2 <= first <= top:
        raise UserError(
            f"fpn.min_level {first} is not between 2 and {top}", hint="the usual levels are 3 to 7"
        )
    inputs = [levels[level] for level in range(first, top + 1)]
    # Below a max_level of 5 the Keras extractor counts from the coarse end, and so takes other maps than TF1.
    lowest = _PYRAMID_TOP - (top - first)
    if extractor.generation == "tf2":
        inputs = [levels[level] for level in range(lowest, _PYRAMID_TOP + 1)]
    settings = Settings(
        extractor.depth(fpn.integer("additional_layer_depth")),
        extractor.hyper,
        extractor.generation,
        extractor.use_depthwise,
        extractor.padding,
    )
    scope = extractor.names(
        "neck",
        tf2="_fpn_features_generator",
        keras=f"{extractor.kind.keras_scope}/FeatureMaps/top_down",
        tf1="fpn",
    )
    if lowest != first:
        what = f"TF1 builds the feature pyramid on level {first} to {top}, TF2 on {lowest} to {_PYRAMID_TOP}"
        ops.differs(scope, what)
    maps = top_down(ops, inputs, scope, settings)
    scope = extractor.names("neck", tf2="_coarse_feature_layers", keras=extractor.kind.keras_scope, tf1="fpn")
    number = 14 if extractor.kind.backbone == "mobilenet_v1" else 20
    coarse = range(top + 1, last + 1)
    return maps + coarse_levels(ops, maps[-1], scope, settings, levels=coarse, first_number=number)
