"""What a data set holds, in numbers."""

from __future__ import annotations

import zlib

from cfgtool.data import keys, objects
from cfgtool.data.images import image_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfgtool.data.example import Values

KEPT_BOXES = 4096
"""More sizes of boxes than this say nothing that these do not."""

SMALL, MEDIUM = 32**2, 96**2
"""COCO's size classes: areas in square pixels below SMALL are small, below MEDIUM medium, else large."""


SHAPES = (0.0, 0.25, 0.5, 0.8, 1.25, 2.0, 4.0)
"""Where the classes of width / height begin."""


class KeptBoxes:
    """Sizes of boxes, evenly thinned to `KEPT_BOXES`: (height, width) of a box, (height, width) of its image, in
    pixels.
    """

    def __init__(self) -> None:
        self.sizes: list[tuple[float, float, int, int]] = []
        self._every = 1
        self._seen = 0

    def add(self, height: float, width: float, image_height: int, image_width: int) -> None:
        """Keep one of every few boxes."""
        self._seen += 1
        if self._seen % self._every:
            return
        self.sizes.append((height, width, image_height, image_width))
        if len(self.sizes) == 2 * KEPT_BOXES:
            self._thin()

    def merge(self, other: KeptBoxes) -> None:
        """Take the boxes of another part in, as evenly thinned."""
        while self._every < other._every:
            self._thin()
        self.sizes += other.sizes[self._every // other._every - 1 :: self._every // other._every]
        self._seen += other._seen
        while len(self.sizes) >= 2 * KEPT_BOXES:
            self._thin()

    def _thin(self) -> None:
        self.sizes = self.sizes[1::2]
        self._every *= 2


_SUMS = ("records", "bytes", "boxes", "without_boxes", "difficult", "crowd", "undecodable")
_MOST = ("max_boxes", "max_of_class")
_COUNTS = ("labels", "texts", "images_with", "per_image", "shapes", "formats", "sizes")


class Stats:
    """Counts over the records of a data set. Sizes are of the stored images, in pixels.

    `max_of_class` is the largest number of boxes of one class in one image, `kept` sizes of boxes with an area,
    `images` a number for each encoded image: equal for equal images. `images_with` counts the images that have a
    class, by id and by text; `per_image` the images by their number of boxes, `shapes` the boxes by width / height
    (the lower ends of `SHAPES`), `sizes` the boxes by area in the stored image.
    """

    def __init__(self) -> None:
        self.files = 0
        self.records = 0
        self.bytes = 0
        self.boxes = 0
        self.without_boxes = 0
        self.max_boxes = 0
        self.max_of_class = 0
        self.kept = KeptBoxes()
        self.images: set[int] = set()
        self.difficult = 0
        self.crowd = 0
        self.undecodable = 0
        self.labels: dict[int, int] = {}
        self.texts: dict[str, int] = {}
        self.images_with: dict[int | str, int] = {}
        self.per_image: dict[int, int] = {}
        self.shapes: dict[float, int] = {}
        self.formats: dict[str, int] = {}
        self.sizes: dict[str, int] = {"small": 0, "medium": 0, "large": 0}
        self.widths: list[int] = []
        self.heights: list[int] = []

    def add(self, features: Mapping[str, Values], size: int) -> None:
        """Count one example of `size` bytes."""
        self.records += 1
        self.bytes += size
        boxes = objects.boxes(features)
        self.boxes += len(boxes)
        self.per_image[len(boxes)] = self.per_image.get(len(boxes), 0) + 1
        self.max_boxes = max(self.max_boxes, len(boxes))
        self.without_boxes += not boxes
        self.difficult += sum(1 for value in objects.integers(features, keys.DIFFICULT) if value)
        self.crowd += sum(1 for value in objects.integers(features, keys.CROWD) if value)
        self._count_classes(objects.integers(features, keys.LABEL), objects.texts(features, keys.TEXT))
        self._count_image(objects.first_bytes(features, keys.IMAGE) or b"", boxes)

    def _count_classes(self, labels: list[int], texts: list[str]) -> None:
        for label in labels:
            self.labels[label] = self.labels.get(label, 0) + 1
        for text in texts:
            self.texts[text] = self.texts.get(text, 0) + 1
        names: set[int | str] = {*labels, *texts}
        for name in names:
            self.images_with[name] = self.images_with.get(name, 0) + 1
        objects_of: list[int] | list[str] = labels or texts
        if len(objects_of) > self.max_of_class:
            most = max(objects_of.count(name) for name in set(objects_of))  # type: ignore[arg-type]
            self.max_of_class = max(self.max_of_class, most)

    def _count_image(self, encoded: bytes, boxes: list[objects.Box]) -> None:
        try:
            header = image_header(encoded)
        except ValueError:
            self.undecodable += 1
            return
        # Not `hash`, which differs from process to process.
        self.images.add(zlib.crc32(encoded) << 32 | len(encoded))
        self.formats[header.format] = self.formats.get(header.format, 0) + 1
        self.widths.append(header.width)
        self.heights.append(header.height)
        for ymin, xmin, ymax, xmax in boxes:
            height, width = (ymax - ymin) * header.height, (xmax - xmin) * header.width
            area = height * width
            name = "small" if area < SMALL else "medium" if area < MEDIUM else "large"
            self.sizes[name] += 1
            if height > 0 and width > 0:
                shape = max((low for low in SHAPES if low <= width / height), default=0.0)
                self.shapes[shape] = self.shapes.get(shape, 0) + 1
                self.kept.add(height, width, header.height, header.width)

    def merge(self, other: Stats) -> None:
        """Add what another part of the data set holds; merged in the order of the parts, the sum is always the same."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _MOST:
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        for name in _COUNTS:
            mine = getattr(self, name)
            for key, count in getattr(other, name).items():
                mine[key] = mine.get(key, 0) + count
        self.kept.merge(other.kept)
        self.images |= other.images
        self.widths += other.widths
        self.heights += other.heights

    def has_class(self, id: int, *names: str) -> bool:  # noqa: A002
        """Whether a box has this class id or one of these class texts."""
        return id in self.labels or any(name in self.texts for name in names if name)

    def as_dict(self) -> dict[str, object]:
        """The fields of the JSON output."""
        return {
            "files": self.files,
            "records": self.records,
            "bytes": self.bytes,
            "boxes": self.boxes,
            "boxes_per_image": round(self.boxes / self.records, 3) if self.records else 0.0,
            "max_boxes_per_image": self.max_boxes,
            "images_without_boxes": self.without_boxes,
            "difficult": self.difficult,
            "crowd": self.crowd,
            "undecodable_images": self.undecodable,
            "formats": self.formats,
            "width": _spread(self.widths),
            "height": _spread(self.heights),
            "box_sizes": self.sizes,
            "boxes_per_image_counts": {str(count): self.per_image[count] for count in sorted(self.per_image)},
            "box_shapes": {shape_name(low): self.shapes.get(low, 0) for low in SHAPES},
            "boxes_by_class_id": {str(label): self.labels[label] for label in sorted(self.labels)},
            "boxes_by_class_text": {text: self.texts[text] for text in sorted(self.texts)},
        }


def shape_name(low: float) -> str:
    """The class of width / height that begins there, in words."""
    place = SHAPES.index(low)
    end = f"{SHAPES[place + 1]:g}" if place + 1 < len(SHAPES) else ""
    return f"{low:g} to {end}" if end else f"{low:g} and more"


def _spread(values: list[int]) -> dict[str, int] | None:
    if not values:
        return None
    ordered = sorted(values)
    return {"min": ordered[0], "median": ordered[len(ordered) // 2], "max": ordered[-1]}
