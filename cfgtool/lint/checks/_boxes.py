"""What two rules about the sizes of boxes share: the boxes of a sample at the size the network sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lint.checks._images import resized, static_size

if TYPE_CHECKING:
    from cfgtool.lint.records import RecordSample
    from cfgtool.schema import Config

JUDGED = 250
"""Boxes looked at: a share of them is good to a few per cent, and comparing each with 50 anchors takes 5 ms."""


class Box(NamedTuple):
    """A box in pixels of the network's input, and the (height, width) of that input with its padding."""

    height: float
    width: float
    canvas: tuple[int, int]


def seen_boxes(sample: RecordSample, resizer: Config) -> list[Box]:
    """Boxes of the sample, evenly thinned, as the resizer leaves them; augmentation is not considered."""
    sizes = sample.stats.kept.sizes
    every = -(-len(sizes) // JUDGED) or 1
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
            boxes.append(Box(*scaled, fixed or new))
    return boxes


def detector_of(root: Config) -> Config | None:
    """The message of the detector that the model chooses, if it is one that resizes images."""
    model = root.message("model")
    kind = model.which("model")
    return model.message(kind) if kind in ("ssd", "faster_rcnn", "center_net") else None


def middle(values: list[float]) -> float:
    """The median, of an even number the upper one; 0 of none."""
    return sorted(values)[len(values) // 2] if values else 0.0
