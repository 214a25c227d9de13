"""What each restore type asks for, and under which names: the tables of both generations.

They say what the OD API does: `restore_from_objects` of a TF2 meta-architecture, `restore_map` of a TF1 one.
A row is a pair of prefixes: of a variable's name in the network, and of its name in the checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.variables import Variable

Rows = tuple[tuple[str, str], ...]

_EXTRACTOR = "model/_feature_extractor/"
_FIRST_HALF = "model/_feature_extractor_for_proposal_features/"
_SECOND_HALF = "model/_feature_extractor_for_box_classifier_features/"
_LAYER = "layer_with_weights-"
_ALL_OF_TF2: Rows = (("model/", "model/"),)
_TF2: dict[str, dict[str, Rows]] = {
    "ssd": {
        "full": _ALL_OF_TF2,
        "detection": ((_EXTRACTOR, _EXTRACTOR),),
        "classification": (
            (f"{_EXTRACTOR}classification_backbone/", "feature_extractor/"),
            (f"{_EXTRACTOR}_efficientnet/", "feature_extractor/"),
        ),
    },
    "faster_rcnn": {
        "full": _ALL_OF_TF2,
        "detection": ((_FIRST_HALF, _FIRST_HALF), (_SECOND_HALF, _SECOND_HALF)),
        # With a pyramid the whole backbone belongs to the first half; else see `_halves`.
        "classification": ((f"{_FIRST_HALF}classification_backbone/", "feature_extractor/"),),
    },
    "center_net": {
        "full": _ALL_OF_TF2,
        "detection": ((_EXTRACTOR, _EXTRACTOR),),
        "classification": (
            (f"{_EXTRACTOR}_base_model/", "feature_extractor/"),
            # MobileNet V2 without a pyramid is one model with its upsampling.
            (f"{_EXTRACTOR}_network/", "feature_extractor/"),
        ),
    },
}
_FIRST_STAGE, _SECOND_STAGE = "FirstStageFeatureExtractor/", "SecondStageFeatureExtractor/"
_TF1: dict[str, dict[str, Rows]] = {
    "ssd": {
        "detection": (("FeatureExtractor/", "FeatureExtractor/"),),
        "classification": (("FeatureExtractor/", ""),),
    },
    "faster_rcnn": {
        "detection": ((_FIRST_STAGE, _FIRST_STAGE), (_SECOND_STAGE, _SECOND_STAGE)),
        "classification": (
            # Scopes are numbered anew in the second stage. No other network has one of that name there.
            (f"{_SECOND_STAGE}InceptionResnetV2/Repeat/", "InceptionResnetV2/Repeat_2/"),
            (_FIRST_STAGE, ""),
            (_SECOND_STAGE, ""),
        ),
    },
}
_EVERYTHING: Rows = (("", ""),)
_AVERAGED = ("faster_rcnn_nas", "faster_rcnn_pnas", "ssd_pnasnet")
"""TF1 extractors whose classification checkpoints are read for the moving averages of the weights."""
_WITHOUT_CLASSIFIER = "hourglass"
"""How the types of TF2 extractors begin that have no backbone of a classifier."""


class Request:
    """What a restore type asks for in a network by the rules of one generation, from a checkpoint of one
    format.

    `load_all` is TF1's `load_all_detection_checkpoint_vars`: with `detection` it asks for everything.
    """

    __slots__ = ("_doubled", "_foreign", "_names", "_own_names", "_tf2")

    def __init__(
        self, network: NetworkDescription, restore_type: str, generation: str, format_: str, load_all: bool
    ) -> None:
        self._tf2 = generation == "tf2"
        self._foreign = (format_ == "tf2-object") != self._tf2
        self._own_names = self._names = _Names(network, restore_type, generation, load_all)
        classifier = restore_type == "classification"
        if self._foreign:
            other = "tf1" if self._tf2 else "tf2"
            # Only the names of a classification checkpoint differ from those of the network.
            self._names = _Names(network, restore_type, other, load_all) if classifier else _AS_THEY_ARE
        self._doubled: frozenset[str] = frozenset()
        if not self._tf2 and (classifier or self._foreign):
            self._doubled = frozenset(doubled(network))

    def wants(self, variable: Variable) -> bool:
        """True if the restore type covers the variable."""
        name = variable.tf2_key if self._tf2 else variable.tf1_name
        return name is not None and name not in self._doubled and self._own_names.look_up(name) is not None

    def key(self, variable: Variable) -> str | None:
        """The key to look for in the checkpoint, None if such a checkpoint cannot hold the variable."""
        name = variable.tf2_key if self._tf2 != self._foreign else variable.tf1_name
        return None if name is None else self._names.look_up(name)


class _Names:
    """Names in a checkpoint for names in the network, by the rows of a restore type."""

    __slots__ = ("_offset", "_rows", "_suffix")

    def __init__(
        self, network: NetworkDescription | None, restore_type: str, generation: str, load_all: bool
    ) -> None:
        self._rows, self._suffix, self._offset = _EVERYTHING, "", 0
        if network is None or (load_all and generation == "tf1" and restore_type == "detection"):
            return
        table = _TF2 if generation == "tf2" else _TF1
        # CenterNet has no names in TF1: then nothing is looked up.
        self._rows = table.get(network.meta_architecture, {}).get(restore_type, ())
        if restore_type != "classification":
            return
        if generation == "tf2":
            self._offset = _layers_of_first_half(network)
        elif network.feature_extractor in _AVERAGED:
            self._suffix = "/ExponentialMovingAverage"

    def look_up(self, name: str) -> str | None:
        """The name in the checkpoint; None for what the restore type does not cover."""
        if self._offset and name.startswith((_FIRST_HALF, _SECOND_HALF)):
            return self._of_whole_backbone(name)
        for prefix, replacement in self._rows:
            if name.startswith(prefix):
                return replacement + name[len(prefix) :] + self._suffix
        return None

    def _of_whole_backbone(self, name: str) -> str | None:
        """A name in the model that the two halves of Faster R-CNN were cut from: it numbers its layers on."""
        half = _FIRST_HALF if name.startswith(_FIRST_HALF) else _SECOND_HALF
        layer, _, leaf = name[len(half) :].partition("/")
        number = layer.removeprefix(_LAYER)
        if not number.isdecimal():
            return None
        whole = int(number) + (self._offset if half == _SECOND_HALF else 0)
        return f"feature_extractor/{_LAYER}{whole}/{leaf}"


_AS_THEY_ARE = _Names(None, "", "", load_all=False)


def _layers_of_first_half(network: NetworkDescription) -> int:
    """How many layers with weights the first of two halves has; 0 for a backbone in one piece."""
    start = _FIRST_HALF + _LAYER
    keys = (variable.tf2_key for variable in network.variables if variable.tf2_key)
    return len({key[len(start) :].partition("/")[0] for key in keys if key.startswith(start)})


def doubled(network: NetworkDescription) -> dict[str, str]:
    """TF1 names of first-stage variables that the second stage has once more -> their names there.

    TF1 builds block 4 of ResNet in both stages and uses the second one. A classification checkpoint has it
    once, for the second stage; a TF2 checkpoint has no first one.
    """
    names = [variable.tf1_name for variable in network.variables if variable.tf1_name]
    second = {name.removeprefix(_SECOND_STAGE): name for name in names if name.startswith(_SECOND_STAGE)}
    return {
        name: second[name.removeprefix(_FIRST_STAGE)]
        for name in names
        if name.startswith(_FIRST_STAGE) and name.removeprefix(_FIRST_STAGE) in second
    }


def restore_types(architecture: str, generation: str, feature_extractor: str = "") -> tuple[str, ...]:
    """The restore types that the OD API knows for a meta-architecture, and an extractor where it is named;
    none for what is not described.
    """
    types = tuple((_TF2 if generation == "tf2" else _TF1).get(architecture, ()))
    if feature_extractor.startswith(_WITHOUT_CLASSIFIER):
        return tuple(type_ for type_ in types if type_ != "classification")
    return types


def check_described(architecture: str, generation: str) -> None:
    """Raise UserError for a meta-architecture whose restore types are not in the tables."""
    if not restore_types(architecture, generation):
        message = f"restoring into {architecture!r} is not described for {generation.upper()}"
        described = _TF2 if generation == "tf2" else _TF1
        raise UserError(message, hint=f"described are {', '.join(described)}")
