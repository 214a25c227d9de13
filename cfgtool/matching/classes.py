"""How many classes a checkpoint was trained for, read off the shapes of its heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.networks.roles import role

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.variables import Variable

    Shape = tuple[int, ...]

_CODE_SIZE = 4  # numbers per box
_CENTERS = "/_prediction_head_dict/object_center/"


class ClassScores(NamedTuple):
    """Class scores, with the background where it is counted: `here` in the network, `there` in the
    checkpoint; `per` is what has so many: an anchor, a box, a place of the heatmap.
    """

    here: int
    there: int
    per: str


def class_scores(
    network: NetworkDescription, checkpoint: Checkpoint, num_classes: int | None
) -> ClassScores | None:
    """The class scores of both sides; None if the checkpoint has no head for them, or they do not divide.

    `num_classes` of the config tells how many places of a region share a head (R-FCN).
    """
    if network.meta_architecture == "faster_rcnn":
        return _of_boxes(network, checkpoint, num_classes)
    if network.meta_architecture == "center_net":
        return _of_centers(network, checkpoint)
    return _of_anchors(network, checkpoint)


def _of_anchors(network: NetworkDescription, checkpoint: Checkpoint) -> ClassScores | None:
    """The box head beside a class head has four numbers per anchor: how many anchors both are for."""
    variables = {variable.name: variable for variable in network.variables}
    for variable in _class_biases(network):
        # Both heads of a level look at the same anchors.
        box = variables.get(variable.name.replace("head/class/", "head/box/", 1))
        if box is None:
            continue
        want = _divide(variable.shape, box.shape)
        got = _divide(_shape(variable, checkpoint), _shape(box, checkpoint))
        if want and got:
            return ClassScores(want, got, "anchor")
    return None


def _of_boxes(
    network: NetworkDescription, checkpoint: Checkpoint, num_classes: int | None
) -> ClassScores | None:
    """The second stage scores one box at a time; R-FCN a grid of places in it."""
    for variable in _class_biases(network):
        want, got = variable.shape, _shape(variable, checkpoint)
        if len(want) != 1 or len(got) != 1:
            continue
        slots = want[0] if num_classes is None else num_classes + 1
        places, left = divmod(want[0], slots)
        if not left and places and not got[0] % places:
            return ClassScores(slots, got[0] // places, "box")
    return None


def _of_centers(network: NetworkDescription, checkpoint: Checkpoint) -> ClassScores | None:
    """CenterNet's heatmap of centers has a channel per class, which its last convolution makes."""
    biases = [
        variable
        for variable in network.variables
        if _CENTERS in (variable.tf2_key or "") and variable.name.endswith("/bias")
    ]
    if not biases:
        return None
    want, got = biases[-1].shape, _shape(biases[-1], checkpoint)
    return ClassScores(want[0], got[0], "place") if len(want) == len(got) == 1 else None


def checkpoint_classes(scores: ClassScores, num_classes: int) -> int | None:
    """The checkpoint's classes, from `class_scores` and the config's `num_classes`; None if absurd."""
    background = scores.here - num_classes
    # Any other difference comes from a head that is not understood here.
    return scores.there - background if background in (0, 1) else None


def depends_on_classes(
    network: NetworkDescription, variable: Variable, want: Shape, got: Shape, scores: ClassScores
) -> bool:
    """True if another number of classes explains that `variable` is `want` here and `got` in the checkpoint."""
    if scores.here == scores.there or role(variable.name) != "head":
        return False
    part = variable.name.partition("/")[2]
    if network.meta_architecture == "center_net":
        return _CENTERS in (variable.tf2_key or "")
    if part.startswith("class/"):
        return True
    if network.meta_architecture != "faster_rcnn" or not variable.name.startswith("head/"):
        return False
    if part.startswith("box/"):
        # A box per class; the background has none.
        return bool(want and got) and want[-1] * (scores.there - 1) == got[-1] * (scores.here - 1)
    # A mask per class, and a depth before it that is derived from their number.
    return part.startswith("mask/")


def _class_biases(network: NetworkDescription) -> list[Variable]:
    return [
        variable
        for variable in network.variables
        if variable.name.startswith("head/class/") and variable.name.endswith("/bias")
    ]


def _shape(variable: Variable, checkpoint: Checkpoint) -> Shape:
    key = variable.tf2_key if checkpoint.format == "tf2-object" else variable.tf1_name
    entry = checkpoint.entries.get(key) if key else None
    return entry.shape if entry else ()


def _divide(classes: Shape, boxes: Shape) -> int | None:
    if len(classes) != 1 or len(boxes) != 1:
        return None
    anchors, left = divmod(boxes[0], _CODE_SIZE)
    if left or not anchors or classes[0] % anchors:
        return None
    return classes[0] // anchors
