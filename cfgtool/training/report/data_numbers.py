"""The numbers of a data set for people: shares, and what a configured network makes of its boxes. No TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.data.stats import KEPT_BOXES, MEDIUM, SMALL
from cfgtool.errors import UserError
from cfgtool.networks.anchor_shapes import anchor_sizes
from cfgtool.networks.image_size import static_size
from cfgtool.networks.seen_boxes import best_overlap, detector_of, generator_of, positive_overlap, seen_boxes

if TYPE_CHECKING:
    from cfgtool.data.label_map import LabelMap
    from cfgtool.data.stats import Stats
    from cfgtool.networks.seen_boxes import SeenBox
    from cfgtool.schema import Config


def data_numbers(
    name: str, stats: Stats, label_map: LabelMap | None, reader: Config | None
) -> dict[str, Any]:
    """The fields of the JSON output: those of `Stats.as_dict`, `classes`, and with a config's `reader` also `seen` and
    `anchors`, which are null where the config does not say enough.

    `classes`: each with `id`, `name`, `objects`, `images` and its `share` of all objects.
    """
    found: dict[str, Any] = {"source": name, **stats.as_dict(), "classes": _classes(stats, label_map)}
    if label_map is not None:
        titles = label_map.titles()
        found["boxes_by_class"] = {
            titles.get(label, str(label)): stats.labels[label] for label in sorted(stats.labels)
        }
    if reader is not None:
        detector = detector_of(reader.root)
        boxes = (
            []
            if detector is None
            else seen_boxes(stats.kept.sizes, detector.message("image_resizer"), KEPT_BOXES)
        )
        found["seen"] = _seen(detector, boxes)
        found["anchors"] = _anchors(detector, boxes)
    return found


def _classes(stats: Stats, label_map: LabelMap | None) -> list[dict[str, Any]]:
    """The classes of the label map and of the records, the most frequent first."""
    titles = label_map.titles() if label_map is not None else {}
    rows: list[tuple[int | None, str, int, int]]
    if stats.labels:
        rows = [
            (
                label,
                titles.get(label, f"id {label}"),
                stats.labels.get(label, 0),
                stats.images_with.get(label, 0),
            )
            for label in {**titles, **stats.labels}
        ]
    else:
        ids = label_map.lookup() if label_map is not None else {}
        rows = [
            (ids.get(text), text, count, stats.images_with.get(text, 0))
            for text, count in stats.texts.items()
        ]
        present = {row[0] for row in rows}
        rows += [(label, title, 0, 0) for label, title in titles.items() if label not in present]
    total = sum(row[2] for row in rows)
    return [
        {
            "id": label,
            "name": title,
            "objects": count,
            "images": images,
            "share": round(count / total, 4) if total else 0.0,
        }
        for label, title, count, images in sorted(rows, key=lambda row: (-row[2], row[1]))
    ]


def _seen(detector: Config | None, boxes: list[SeenBox]) -> dict[str, Any] | None:
    """Boxes by area at the size that the resizer leaves them, by COCO's classes."""
    if detector is None:
        return None
    counts = {"small": 0, "medium": 0, "large": 0}
    for box in boxes:
        area = box.height * box.width
        counts["small" if area < SMALL else "medium" if area < MEDIUM else "large"] += 1
    size = static_size(detector.message("image_resizer"))
    return {"input": list(size) if size is not None else None, "boxes": len(boxes), "box_sizes": counts}


def _anchors(detector: Config | None, boxes: list[SeenBox]) -> dict[str, Any] | None:
    """How many boxes an anchor of the same centre overlaps by what the matcher wants."""
    generator = generator_of(detector) if detector is not None else None
    if detector is None or generator is None:
        return None
    threshold = positive_overlap(detector)
    try:
        sizes = {
            shape: [size for level in anchor_sizes(generator, shape) for size in level]
            for shape in {box.canvas for box in boxes}
        }
    except UserError:
        return None  # a generator that cannot work is the linter's matter
    if threshold is None or not boxes or not all(sizes.values()):
        return None
    reached = {"small": [0, 0], "medium": [0, 0], "large": [0, 0]}
    for box in boxes:
        area = box.height * box.width
        count = reached["small" if area < SMALL else "medium" if area < MEDIUM else "large"]
        count[1] += 1
        count[0] += best_overlap(box, sizes[box.canvas]) >= threshold
    good = sum(count[0] for count in reached.values())
    return {
        "threshold": round(threshold, 4),
        "boxes": len(boxes),
        "reached": good,
        "share": round(good / len(boxes), 4),
        "reached_by_size": {
            name: {"boxes": count[1], "reached": count[0]} for name, count in reached.items()
        },
    }
