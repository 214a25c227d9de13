"""Table D: feature extractors of TF1 and their TF2 successors, and the fields that must go along.

Weights are not interchangeable between the two, so a type is changed only when asked for: by `--to tf2`, or
by `--unsafe-fixes` in a config that is of TF2 otherwise. What has to go along for the model to be built goes
with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, TF1, UNSAFE, Step
from cfgtool.migrate.rewriting import added, change, note, quoted, removed, set_to
from cfgtool.migrate.successors import NEAREST, SUCCESSORS
from cfgtool.textproto import parse_float

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.migrate.draft import Draft
    from cfgtool.migrate.model import Change

_TYPES = tuple(f"model.{model}.feature_extractor.type" for model in ("ssd", "faster_rcnn"))

_WITH_NUM_LAYERS = ("ssd_mobilenet_v1_keras", "ssd_mobilenet_v2_keras")
_GRID_STRIDES = tuple(
    f"model.faster_rcnn.first_stage_anchor_generator.grid_anchor_generator.{axis}_stride"
    for axis in ("height", "width")
)
_PLAIN_RESNETS = tuple(f"faster_rcnn_resnet{depth}_keras" for depth in (50, 101, 152))
_PYRAMID_RESNETS = tuple(f"ssd_resnet{depth}_v1_fpn_keras" for depth in (50, 101, 152))
_RESIDUAL_PYRAMID = {"min_level": 3, "max_level": 7, "additional_layer_depth": 256}
"""What the TF2 form of these has, whatever `fpn` says."""
_PLAIN_FASTER_RCNN = (*_PLAIN_RESNETS, "faster_rcnn_inception_resnet_v2_keras")


def _extractor(draft: Draft, model: str) -> str:
    """The TF2 type that the extractor of `model` has or should get; "" if the text names none."""
    places = draft.find(f"model.{model}.feature_extractor.type")
    # A TF1 type counts as its successor: what must go along can go before the user agrees to the type.
    name = draft.string(places[-1]) if places else ""
    return SUCCESSORS.get(name, name)


def _rename_type(draft: Draft) -> Iterator[Change]:
    for place in draft.find(*_TYPES):
        new = SUCCESSORS.get(draft.string(place))
        if new:
            message = (
                f"the TF2 trainer knows this design as {new!r}; a start checkpoint must be a TF2 one of the same"
                " backbone, or be converted, and numbers may differ"
            )
            yield change(message, set_to(draft, place, quoted(new, draft.text(place))), exact=False)


def _suggest_type(draft: Draft) -> Iterator[Change]:
    for place in draft.find(*_TYPES):
        near = NEAREST.get(draft.string(place))
        if near:
            message = (
                f"TF2 has no such extractor; the nearest is {near}, another network with weights of its own"
            )
            yield note(draft, place, message)


def _separable(draft: Draft) -> Iterator[Change]:
    prefix = "model.center_net.feature_extractor."
    # Of several the last counts, and one field beside it is enough.
    for place in draft.find(prefix + "type")[-1:]:
        if draft.string(place) == "mobilenet_v2_fpn_sep_conv":
            name = quoted("mobilenet_v2_fpn", draft.text(place))
            parts = [set_to(draft, place, name)]
            flags = draft.find(prefix + "use_separable_conv")
            if not flags:
                parts.append(
                    added(draft, place.block, prefix + "use_separable_conv", "true", after=place.field)
                )
            # Where the field stood, with either value, the alias built separable convolutions.
            elif not draft.is_true(flags[-1]):
                parts.append(set_to(draft, flags[-1], "true"))
            message = (
                "what the name promises; but stock code built it without separable convolutions unless"
                " use_separable_conv was there, and checkpoints of such models need it false"
            )
            yield change(message, *parts, exact=False)


def _inplace_update(draft: Draft) -> Iterator[Change]:
    places = draft.find("model.ssd.inplace_batchnorm_update", "model.faster_rcnn.inplace_batchnorm_update")
    for place in places:
        yield change(
            "Keras batch norm always updates its averages; no TF2 model takes the switch",
            removed(draft, place),
        )


def _op(draft: Draft) -> Iterator[Change]:
    for place in draft.named("Hyperparams", "op"):
        yield change("only Slim asks for it; Keras layers know what they are", removed(draft, place))


def _group_norm(draft: Draft) -> Iterator[Change]:
    for place in draft.named("Hyperparams", "group_norm"):
        message = (
            "TF2 builds these layers without any normalisation; take batch_norm or sync_batch_norm, or drop"
            " it"
        )
        yield note(draft, place, message)


def _num_layers(draft: Draft) -> Iterator[Change]:
    type_ = _extractor(draft, "ssd")
    if type_.endswith("_keras") and type_ not in _WITH_NUM_LAYERS:
        for place in draft.named("SsdFeatureExtractor", "num_layers"):
            yield change(f"{type_!r} does not take it, and building the model fails", removed(draft, place))


def _conv_hyperparams(draft: Draft) -> Iterator[Change]:
    if _extractor(draft, "faster_rcnn") in _PLAIN_FASTER_RCNN:
        for place in draft.named("FasterRcnnFeatureExtractor", "conv_hyperparams"):
            yield change(
                "only FPN extractors take it, the others fail on it", removed(draft, place), exact=False
            )


def _stride(draft: Draft) -> Iterator[Change]:
    coarse = _coarse_only(draft)
    if coarse is None:
        return
    for place in draft.named("FasterRcnnFeatureExtractor", "first_stage_features_stride"):
        if draft.text(place) == "8":
            # Anchors of another stride than the features cover the wrong area, without a message.
            grid = [anchors for anchors in draft.find(*_GRID_STRIDES) if draft.text(anchors) == "8"]
            message = (
                f"{coarse}: features and anchors are half as dense, so small objects are found less well"
            )
            parts = [set_to(draft, moved, "16") for moved in (place, *grid)]
            yield change(message, *parts, exact=False)


def _atrous(draft: Draft) -> Iterator[Change]:
    if _coarse_only(draft) is None:
        return
    for place in draft.find("model.faster_rcnn.first_stage_atrous_rate"):
        if draft.text(place) not in ("1", "0"):
            message = (
                "a rate above 1 went with features of stride 8; with 16, all that TF2 has, the published models"
                " have 1, the default"
            )
            yield note(draft, place, message)


def _coarse_only(draft: Draft) -> str | None:
    """Why the TF2 extractor has features of stride 16 only, None for those that have others too."""
    type_ = _extractor(draft, "faster_rcnn")
    if type_ in _PLAIN_RESNETS:
        return "the TF2 ResNets have stride 16 only"
    stages = [draft.text(place) for place in draft.find("model.faster_rcnn.number_of_stages")]
    if type_ == "faster_rcnn_inception_resnet_v2_keras" and stages[-1:] != ["1"]:
        return "the second stage of the TF2 Inception-ResNet-v2 runs at stride 16 only"
    return None


def _widths(draft: Draft) -> Iterator[Change]:
    """Where the TF2 twin of an SSD type has other numbers of filters than the network of TF1."""
    if draft.plan.source != TF1:
        return
    type_ = _extractor(draft, "ssd")
    prefix = "model.ssd.feature_extractor."
    for place in draft.find(f"{prefix}depth_multiplier")[-1:]:
        told = _told_of_multiplier(type_, _number(draft.text(place)))
        if told:
            yield note(draft, place, told)
    for place in draft.find(f"{prefix}use_depthwise")[-1:]:
        if type_ == "ssd_mobilenet_v2_fpn_keras" and draft.is_true(place):
            message = (
                "with it the last convolution of the backbone has 1280 filters in TF2, and had 256 in TF1; a"
                " TF1 checkpoint fits all else"
            )
            yield note(draft, place, message)


def _levels(draft: Draft) -> Iterator[Change]:
    """Where the pyramid of an SSD ResNet in TF2 is another one than in TF1."""
    if draft.plan.source != TF1 or _extractor(draft, "ssd") not in _PYRAMID_RESNETS:
        return
    for name, built in _RESIDUAL_PYRAMID.items():
        for place in draft.find(f"model.ssd.feature_extractor.fpn.{name}")[-1:]:
            if _number(draft.text(place)) != built:
                message = (
                    "TF2 reads it and does not hand it on: the pyramid of its ResNets has the levels 3 to 7 and 256"
                    " channels, and the anchors must be for these levels"
                )
                yield note(draft, place, message)


def _told_of_multiplier(type_: str, multiplier: float) -> str | None:
    if type_ in ("ssd_mobilenet_v1_keras", "ssd_mobilenet_v1_fpn_keras") and multiplier != 1:
        nearest = f"; {multiplier**0.5:.3g} comes nearest to TF1" if multiplier > 0 else ""
        return (
            f"TF2 applies it twice to MobileNet V1: {multiplier:g} becomes {multiplier * multiplier:.3g} of the"
            f" filters, and no TF1 checkpoint fits{nearest}"
        )
    if type_ in ("ssd_mobilenet_v2_keras", "ssd_mobilenet_v2_fpn_keras") and multiplier > 1:
        return "above 1 the last convolution of the backbone keeps 1280 filters in TF2; in TF1 it was multiplied too"
    if type_ in _PYRAMID_RESNETS and multiplier != 1:
        return "TF2 multiplies the 64 filters of a ResNet's first convolution too, and no TF1 checkpoint fits"
    return None


def _number(text: str) -> float:
    """The number as written, 1 (which changes nothing) if it cannot be read."""
    try:
        return parse_float(text)
    except ValueError:
        return 1.0


STEPS = [
    Step(
        400,
        "D1",
        "TF1 feature extractor with a TF2 twin",
        "the TF2 trainer refuses the type",
        _rename_type,
        UNSAFE,
        turning=True,
    ),
    Step(
        401,
        "D2",
        "CenterNet type mobilenet_v2_fpn_sep_conv",
        "an alias that builds another model",
        _separable,
        UNSAFE,
    ),
    Step(
        402,
        "D3",
        "TF1 feature extractor without a TF2 twin",
        "the TF2 trainer refuses the type",
        _suggest_type,
        ASK,
    ),
    Step(
        410,
        "D4",
        "inplace_batchnorm_update",
        "no effect under Keras, an error in Faster R-CNN",
        _inplace_update,
    ),
    Step(411, "D5", "op in hyperparams", "no effect under Keras", _op),
    Step(412, "D6", "group_norm", "the TF2 builder drops it silently", _group_norm, ASK),
    Step(
        413,
        "D7",
        "num_layers of an extractor that takes none",
        "its presence stops the model builder",
        _num_layers,
    ),
    Step(
        414,
        "D8",
        "conv_hyperparams of a plain Faster R-CNN extractor",
        "its presence stops the model builder",
        _conv_hyperparams,
        UNSAFE,
        turning=True,
    ),
    Step(
        415,
        "D9",
        "feature stride 8 of a Faster R-CNN ResNet or Inception-ResNet",
        "the TF2 extractor refuses it, or fails in its second stage",
        _stride,
        UNSAFE,
        turning=True,
    ),
    Step(
        416,
        "D10",
        "atrous rate of a Faster R-CNN ResNet or Inception-ResNet",
        "it belongs to a stride that TF2 does not have",
        _atrous,
        ASK,
    ),
    Step(
        417,
        "D11",
        "numbers of filters of MobileNets and ResNets",
        "the TF2 extractor of the same design computes some otherwise",
        _widths,
        ASK,
    ),
    Step(
        418,
        "D12",
        "levels and depth of an SSD ResNet's pyramid",
        "the TF2 extractor has its own",
        _levels,
        ASK,
    ),
]
