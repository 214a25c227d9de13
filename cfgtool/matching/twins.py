"""Networks of one name that compute differently in TF1 and TF2, although all their variables are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.matching.plan import RestorePlan

_PYRAMID = "TF1 hands the plain sum down the feature pyramid, TF2 the smoothed map"
_DIFFERENCES: tuple[tuple[str, str, str, str], ...] = (
    (
        "ssd_resnet",
        "_fpn",
        "backbone",
        f"{_PYRAMID}; epsilon of the batch norms and the activation after a block differ too",
    ),
    ("ssd_", "_fpn", "neck", _PYRAMID),
    ("faster_rcnn_inception_resnet", "", "", "TF1 does not pad Mixed_7a, TF2 does"),
    ("faster_rcnn_resnet", "", "", "block 4 has stride 1 in TF1 and 2 in TF2"),
)
"""Extractor type: its start and a part of it; the part of the network that it concerns; what differs."""


def twin_difference(plan: RestorePlan) -> str | None:
    """The warning that weights of the other generation fit but mean something else; None if they do not."""
    crossing = (plan.checkpoint.format == "tf2-object") != (plan.network.generation == "tf2")
    if not crossing:
        return None
    type_ = plan.network.feature_extractor
    for start, part, role, difference in _DIFFERENCES:
        if type_.startswith(start) and part in type_:
            if any(variable.name.startswith(role) for variable, _ in plan.restored):
                return f"the weights fit, but {type_!r} computes something else with them: {difference}"
            return None
    return None
