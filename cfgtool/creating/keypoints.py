"""What a config says of keypoints: which class has which, how exact they are, and which change places in a mirror."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.data.label_map import LabelMap, LabelMapItem

COCO_SIGMAS = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
}
"""How much people differ in where they mark a body part, as a share of the object's size (COCO keypoint challenge)."""
OTHER_SIGMA = 0.05
"""For keypoints that COCO does not know: about the middle of its table."""
COCO_PERSON = ("person", "/m/01g317")
"""The class of COCO's keypoints, by its name and as published label maps call it."""
_SIDE = re.compile(r"(?<![a-z])(left|right|l|r)(?![a-z])", re.IGNORECASE)
_OTHER_SIDE = {"left": "right", "right": "left", "l": "r", "r": "l"}


class Pose(NamedTuple):
    """The keypoints of one class: `task` names them in checkpoints; `ids` are their places among the keypoints of an
    object, `labels` their names, `sigmas` how exactly people mark them and `spreads` how far a peak of the heatmap
    reaches, in cells of the map.
    """

    class_name: str
    title: str
    task: str
    ids: tuple[int, ...]
    labels: tuple[str, ...]
    sigmas: dict[str, float]
    spreads: dict[str, float]
    guessed: bool


def poses_of(label_map: LabelMap) -> tuple[Pose, ...]:
    """The classes of a label map that have keypoints with names."""
    return tuple(
        _pose(item) for item in label_map.items if item.keypoints and item.name and all(item.keypoint_labels)
    )


def _pose(item: LabelMapItem) -> Pose:
    known = {label: _sigma(label) for label in item.keypoint_labels}
    sigmas = {label: OTHER_SIGMA if sigma is None else sigma for label, sigma in known.items()}
    # A cell of the map is four pixels; the published spreads of people are ten times the sigmas.
    spreads = {label: round(10 * sigma, 2) for label, sigma in sigmas.items()}
    person = item.name in COCO_PERSON
    word = re.sub(r"[^a-z0-9]+", "_", item.name.lower()).strip("_") or f"class_{item.id}"
    task = "human_pose" if person else f"{word}_pose"
    guessed = None in known.values()
    return Pose(
        item.name, item.title, task, item.keypoints, item.keypoint_labels, sigmas, spreads, guessed
    )  # fmt: skip


def _sigma(label: str) -> float | None:
    """COCO's value for a body part, on either side; None for other keypoints."""
    part = re.sub(r"[^a-z]", "", _SIDE.sub("", label).lower())
    return COCO_SIGMAS.get(part)


def mirrored(poses: Sequence[Pose], count: int) -> list[int] | None:
    """For each of an object's `count` keypoints the one that takes its place in a mirror; None if no name has a side,
    so that nobody can tell.
    """
    order = list(range(count))
    found = False
    for pose in poses:
        places = {label.lower(): number for label, number in zip(pose.labels, pose.ids, strict=True)}
        for label, number in places.items():
            other = places.get(_SIDE.sub(lambda match: _OTHER_SIDE[match[0].lower()], label))
            if _SIDE.search(label) and other is not None and max(number, other) < count:
                order[number] = other
                found = True
    return order if found else None
