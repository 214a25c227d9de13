"""What the tags of logged values are about."""

from __future__ import annotations

from collections.abc import Iterable

_BY_CLASS = "PerformanceByCategory/"
_ALL_NUMBERS = (" ByCategory/", " BySuperCategory/", "PerformanceBySuperCategory/")
_KEYPOINTS = "Keypoints_"
_OF_MASKS = ("DetectionMasks", "PascalMasks", "WeightedPascalMasks", "OpenImagesInstanceSegmentation")
_LVIS = "DetectionMasks_AP"
_FIRST = "DetectionBoxes_Precision/mAP"


def is_of_class(tag: str) -> bool:
    """Whether a metric is about one class of several."""
    return _BY_CLASS in tag


def main_metrics(tags: Iterable[str]) -> list[str]:
    """The tags that evaluations are compared by: a mean average precision of boxes, of masks, of each kind of keypoints.

    Of several of one kind it is COCO's for boxes, else the first one.
    """
    found: dict[str, str] = {}
    for tag in tags:
        if _is_mean(tag) and (tag == _FIRST or _compared(tag) not in found):
            found[_compared(tag)] = tag
    return sorted(found.values(), key=lambda tag: _compared(tag) != "boxes")


def metric_title(tag: str) -> str:
    """A metric as people read it: `DetectionMasks_Precision/mAP` is "mAP of masks"."""
    family, _, metric = tag.partition("_Precision/")
    if family in ("DetectionBoxes", "DetectionMasks"):
        return metric + (" of masks" if family == "DetectionMasks" else "")
    if family == "Keypoints":
        metric, _, name = metric.partition(" ByCategory/")
        return f"{metric} of keypoints: {name}"
    if tag.startswith(_LVIS):
        return f"{tag.partition('_')[2]} of masks (LVIS)"
    return tag.replace("_", " ").replace("/", ": ")


def _is_mean(tag: str) -> bool:
    if tag == _LVIS:
        return True
    if "_Precision/mAP" not in tag or "(" in tag or "@." in tag:
        return False
    return tag.startswith(_KEYPOINTS) or not any(part in tag for part in _ALL_NUMBERS)


def _compared(tag: str) -> str:
    if tag.startswith(_KEYPOINTS):
        return tag
    return "masks" if tag.startswith(_OF_MASKS) else "boxes"
