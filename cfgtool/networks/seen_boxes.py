"""Boxes of a data set as a configured network sees them, and how well its anchors fit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.networks.image_size import resized, static_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cfgtool.networks.anchor_shapes import Size
    from cfgtool.schema import Config

JUDGED = 250
"""Boxes looked at: a share of them is good to a few per cent, and comparing each with 50 anchors takes 5 ms."""
FIRST_STAGE = 0.5
"""Positives of the first stage overlap by 0.7; the usual scales miss that often, but not by far."""


class SeenBox(NamedTuple):
    """A box in pixels of the network's input, and the (height, width) of that input with its padding."""

    height: float
    width: float
    canvas: tuple[int, int]


def seen_boxes(
    sizes: Sequence[tuple[float, float, int, int]], resizer: Config, most: int = JUDGED
) -> list[SeenBox]:
    """Boxes, evenly thinned to about `most`, as the resizer leaves them; augmentation is not considered.

    `sizes` are (height, width) of a box and (height, width) of its image, in pixels.
    """
    every = -(-len(sizes) // most) or 1
    fixed = static_size(resizer)
    seen: dict[tuple[int, int], tuple[int, int]] = {}
    boxes = []
    for height, width, image_height, image_width in sizes[::every]:
        stored = image_height, image_width
        if stored not in seen:
            seen[stored] = resized(resizer, *stored) if min(stored) > 0 else (0, 0)
        new = seen[stored]
        if min(new) > 0:
            scaled = height * new[0] / image_height, width * new[1] / image_width
            boxes.append(SeenBox(*scaled, fixed or new))
    return boxes


def detector_of(root: Config) -> Config | None:
    """The message of the detector that the model chooses, if it is one that resizes images."""
    model = root.message("model")
    kind = model.which("model")
    return model.message(kind) if kind in ("ssd", "faster_rcnn", "center_net") else None


def generator_of(detector: Config) -> Config | None:
    """The `AnchorGenerator` of a detector; None for one without anchors."""
    field = {"Ssd": "anchor_generator", "FasterRcnn": "first_stage_anchor_generator"}.get(detector.type.name)
    return None if field is None else detector.message(field)


def positive_overlap(detector: Config) -> float | None:
    """The overlap that makes an anchor a positive; None where another matcher, or the best anchor alone, decides."""
    if detector.type.name != "Ssd":
        return FIRST_STAGE
    matcher = detector.message("matcher")
    argmax = matcher.message("argmax_matcher")
    if matcher.which("matcher_oneof") == "bipartite_matcher" or argmax.flag("ignore_thresholds"):
        return None
    return argmax.number("matched_threshold")


def best_overlap(box: SeenBox, anchors: Iterable[Size]) -> float:
    """The largest overlap (intersection over union) of a box with an anchor of the same centre."""
    height, width = box.height, box.width
    area, best = height * width, 0.0
    for anchor_height, anchor_width in anchors:
        common = min(height, anchor_height) * min(width, anchor_width)
        best = max(best, common / (area + anchor_height * anchor_width - common))
    return best


def middle(values: list[float]) -> float:
    """The median, of an even number the upper one; 0 of none."""
    return sorted(values)[len(values) // 2] if values else 0.0
