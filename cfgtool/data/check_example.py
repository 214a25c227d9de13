"""The checks of one decoded example."""

from __future__ import annotations

import math

from cfgtool.data import keys, objects
from cfgtool.data.images import image_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from cfgtool.data.example import Values
    from cfgtool.data.objects import Box

    Flaw = tuple[str, str, str]
    Features = Mapping[str, Values]

_TOLERANCE = 1e-5
_ASSERTED_MAXIMUM = 1.1
"""Beyond this the OD API's conversion between box coordinates stops with an assertion."""
_PIXELS_FROM = 2.0
_TYPE_NAMES = {bytes: "bytes", int: "int64", float: "float"}


def check_example(
    features: Features,
    lookup: Mapping[str, int] | None = None,
    ids: AbstractSet[int] | None = None,
    num_classes: int | None = None,
    max_boxes: int | None = None,
) -> Iterator[Flaw]:
    """(code, severity, message) of each flaw of one example.

    `lookup` (class text to id) and `ids` come from the label map; what is None is not compared.
    """
    # Values of the wrong type would only cause follow-up messages below.
    wrong = list(_wrong_types(features))
    yield from wrong
    if wrong:
        return
    yield from _image_flaws(features)
    lengths = list(_length_flaws(features))
    yield from lengths
    boxes = objects.boxes(features)
    yield from _box_flaws(
        boxes, objects.integers(features, keys.HEIGHT), objects.integers(features, keys.WIDTH)
    )
    if not lengths:
        yield from _class_flaws(features, lookup, ids, num_classes)
    if max_boxes is not None and len(boxes) > max_boxes:
        message = f"{len(boxes)} boxes, but max_number_of_boxes is '{max_boxes}': the rest is cut off"
        yield "too-many-boxes", "warning", message


def _wrong_types(features: Features) -> Iterator[Flaw]:
    for key, wanted in keys.TYPES.items():
        values = features.get(key)
        if values and not isinstance(values[0], wanted):
            stored = _TYPE_NAMES[type(values[0])]
            yield "key-wrong-type", "error", f"{key!r} is stored as {stored}, not as {_TYPE_NAMES[wanted]}"


def _image_flaws(features: Features) -> Iterator[Flaw]:
    encoded = objects.first_bytes(features, keys.IMAGE)
    if encoded is None:
        yield "missing-key", "error", f"{keys.IMAGE!r} is missing: there is no image"
        return
    for key in (keys.HEIGHT, keys.WIDTH, keys.SOURCE_ID, keys.FORMAT):
        if not features.get(key):
            yield "missing-key", "warning", f"{key!r} is missing"
    try:
        header = image_header(encoded)
    except ValueError as error:
        yield "image-not-decodable", "error", f"{keys.IMAGE!r} {error}"
        return
    name = (objects.first_bytes(features, keys.FORMAT) or b"").decode("latin-1").lower()
    if name and name.replace("jpg", "jpeg") != header.format:
        yield "image-format-differs", "info", f"{keys.FORMAT!r} says {name!r}, the image is {header.format}"
    said = (*objects.integers(features, keys.WIDTH)[:1], *objects.integers(features, keys.HEIGHT)[:1])
    if len(said) == 2 and said != (header.width, header.height):
        swapped = said == (header.height, header.width)
        reason = ": width and height are swapped (EXIF rotation?)" if swapped else ""
        message = (
            f"width x height is {said[0]}x{said[1]}, the image is {header.width}x{header.height}{reason}"
        )
        yield "image-size-differs", "warning", message


def _length_flaws(features: Features) -> Iterator[Flaw]:
    """Lists that must have one value per object and do not."""
    counts = {key: len(features.get(key, ())) for key in keys.BOX}
    count = max(counts.values())
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{key.rpartition('/')[2]} {number}" for key, number in counts.items())
        yield "box-lists-differ", "error", f"the box lists differ in length: {shown}"
    labels, names = (len(features.get(key, ())) for key in (keys.LABEL, keys.TEXT))
    if count and not labels and not names:
        yield "missing-key", "error", f"{count} boxes, but neither {keys.LABEL!r} nor {keys.TEXT!r}"
    for key, number in ((keys.LABEL, labels), (keys.TEXT, names)):
        if number and number != count:
            yield "class-list-differs", "error", f"{key!r} has {number} values for {count} boxes"
    for key in keys.PER_OBJECT_OPTIONAL:
        number = len(features.get(key, ()))
        if number not in (0, count):
            yield "object-list-differs", "error", f"{key!r} has {number} values for {count} boxes"


def _box_flaws(boxes: list[Box], height: list[int], width: list[int]) -> Iterator[Flaw]:
    """One flaw of each kind, naming the first box that has it."""
    area = height[0] * width[0] if height and width else 0
    found: dict[str, tuple[int, Flaw]] = {}
    for number, box in enumerate(boxes):
        flaw = _box_flaw(box, area)
        if flaw is not None:
            count = found.get(flaw[0], (0, flaw))[0]
            code, severity, message = flaw
            first = (code, severity, f"box {number} {_shown(box)} {message}")
            found[code] = (count + 1, found[code][1] if count else first)
    for count, (code, severity, message) in found.values():
        more = f" (and {count - 1} more of this record)" if count > 1 else ""
        yield code, severity, message + more


def _box_flaw(box: Box, image_area: int) -> Flaw | None:
    ymin, xmin, ymax, xmax = box
    if not all(math.isfinite(value) for value in box):
        return "box-not-finite", "error", "has a coordinate that is not a number"
    if max(box) > _PIXELS_FROM:
        return "box-in-pixels", "error", "looks like pixels; coordinates are fractions of the image sides"
    if ymin > ymax or xmin > xmax:
        return "box-inverted", "error", "has its minimum above its maximum"
    if max(box) > _ASSERTED_MAXIMUM or min(box) < 1 - _ASSERTED_MAXIMUM:
        return "box-outside", "error", "lies outside the image: was it divided by the wrong width or height?"
    if max(box) > 1 + _TOLERANCE or min(box) < -_TOLERANCE:
        return "box-over-edge", "warning", "crosses the edge of the image"
    if ymin == ymax or xmin == xmax:
        return "box-without-area", "warning", "has no area: training drops it"
    if image_area and (ymax - ymin) * (xmax - xmin) * image_area < 1:
        return "box-below-a-pixel", "warning", "is smaller than one pixel"
    return None


def _shown(box: Box) -> str:
    return "[" + ", ".join(f"{value:.6g}" for value in box) + "]"


def _class_flaws(
    features: Features,
    lookup: Mapping[str, int] | None,
    ids: AbstractSet[int] | None,
    num_classes: int | None,
) -> Iterator[Flaw]:
    labels = objects.integers(features, keys.LABEL)
    names = objects.texts(features, keys.TEXT)
    for label in dict.fromkeys(labels):
        if label < 1:
            yield "class-id-below-one", "error", f"class id '{label}' is not allowed, ids start at 1"
        elif num_classes is not None and label > num_classes:
            message = f"class id '{label}' is above num_classes '{num_classes}': it would train as nothing"
            yield "class-id-above-num-classes", "error", message
        elif ids is not None and label not in ids:
            yield "class-id-unknown", "error", f"class id '{label}' is not in the label map"
    if lookup is None:
        return
    for name in dict.fromkeys(names):
        if name not in lookup:
            message = f"class {name!r} is not in the label map: training drops its boxes{_near(name, lookup)}"
            yield "class-text-unknown", "error", message
    for name, label in dict.fromkeys(zip(names, labels, strict=False)):
        if name in lookup and lookup[name] != label:
            message = f"class {name!r} has id '{label}' here and '{lookup[name]}' in the label map"
            yield "class-text-and-id-differ", "error", message


def _near(name: str, lookup: Mapping[str, int]) -> str:
    folded = name.strip().casefold()
    same = next((known for known in lookup if known.strip().casefold() == folded), None)
    return f"; the label map spells it {same!r}" if same is not None else ""
