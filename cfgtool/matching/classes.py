"""How many classes a checkpoint was trained for, read off the shapes of its heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.variables import Variable

_CODE_SIZE = 4  # numbers per box


def scores_per_anchor(network: NetworkDescription, checkpoint: Checkpoint) -> tuple[int, int] | None:
    """Class scores per anchor in the network and in the checkpoint: classes, and background where it is
    counted.

    The box head beside a class head has four numbers per anchor, which tells how many anchors both are for.
    None if the heads are not there or do not divide.
    """
    variables = {variable.name: variable for variable in network.variables}
    for variable in network.variables:
        if not variable.name.startswith("head/class") or not variable.name.endswith("/bias"):
            continue
        # Both heads of a level look at the same anchors.
        box = variables.get(variable.name.replace("head/class", "head/box", 1))
        if box is None:
            continue
        want = _divide(variable.shape, box.shape)
        got = _divide(_shape(variable, checkpoint), _shape(box, checkpoint))
        if want and got:
            return want, got
    return None


def checkpoint_classes(scores: tuple[int, int], num_classes: int) -> int | None:
    """The checkpoint's classes, from `scores_per_anchor` and the config's `num_classes`; None if absurd."""
    background = scores[0] - num_classes
    # Any other difference comes from a head that is not understood here.
    return scores[1] - background if background in (0, 1) else None


def _shape(variable: Variable, checkpoint: Checkpoint) -> tuple[int, ...]:
    key = variable.tf2_key if checkpoint.format == "tf2-object" else variable.tf1_name
    entry = checkpoint.entries.get(key) if key else None
    return entry.shape if entry else ()


def _divide(classes: tuple[int, ...], boxes: tuple[int, ...]) -> int | None:
    if len(classes) != 1 or len(boxes) != 1:
        return None
    anchors, left = divmod(boxes[0], _CODE_SIZE)
    if left or not anchors or classes[0] % anchors:
        return None
    return classes[0] // anchors
