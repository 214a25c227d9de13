"""The checks of one decoded example."""

from __future__ import annotations

from cfgtool.data import keys, objects
from cfgtool.data.check_boxes import box_flaws
from cfgtool.data.check_loaded import loaded_flaws
from cfgtool.data.check_objects import class_flaws, keypoint_flaws, length_flaws, mask_flaws
from cfgtool.data.expected import Expected
from cfgtool.data.images import image_header, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfgtool.data.example import Values
    from cfgtool.data.images import ImageHeader

    Flaw = tuple[str, str, str]
    Features = Mapping[str, Values]

_TYPE_NAMES = {bytes: "bytes", int: "int64", float: "float"}
_NOTHING = Expected()


def check_example(features: Features, expected: Expected = _NOTHING) -> Iterator[Flaw]:
    """(code, severity, message) of each flaw of one example."""
    # Values of the wrong type would only cause follow-up messages below.
    wrong = list(_wrong_types(features))
    yield from wrong
    if wrong:
        return
    yield from _image_flaws(features)
    lengths = list(length_flaws(features))
    yield from lengths
    boxes = objects.boxes(features)
    height, width = objects.integers(features, keys.HEIGHT), objects.integers(features, keys.WIDTH)
    yield from box_flaws(boxes, height[0] * width[0] if height and width else 0)
    if not lengths:
        yield from class_flaws(features, expected)
        yield from mask_flaws(features, expected.loaded.masks, len(boxes))
        keypoints = 0 if expected.loaded.labelled else expected.loaded.keypoints
        yield from keypoint_flaws(features, keypoints, len(boxes))
    yield from loaded_flaws(features, expected.loaded, len(boxes))
    if expected.max_boxes is not None and len(boxes) > expected.max_boxes:
        message = (
            f"{len(boxes)} boxes, but max_number_of_boxes is '{expected.max_boxes}': the rest is cut off"
        )
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
            yield "minor-key-missing", "warning", f"{key!r} is missing"
    try:
        header = image_header(encoded)
    except ValueError as error:
        yield "image-not-decodable", "error", f"{keys.IMAGE!r} {error}"
        return
    if (reason := too_large(header.width, header.height)) is not None:
        yield "image-not-decodable", "error", f"{keys.IMAGE!r} {reason}"
    yield from _channel_flaws(header)
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


def _channel_flaws(header: ImageHeader) -> Iterator[Flaw]:
    """Images are decoded to three channels; what that does to others depends on their format."""
    if header.channels == 3:
        return
    what = f"the {header.format} image has {header.channels} channel{'s' * (header.channels > 1)}"
    if header.format == "bmp":
        yield "image-not-decodable", "error", f"{what}, and only 3 can be decoded"
    elif header.channels < 3:
        yield "image-grey", "info", f"{what}: it is decoded as grey in 3"
    else:
        kind = "the CMYK colours are converted" if header.format == "jpeg" else "the transparency is dropped"
        yield "image-channels", "warning", f"{what}, and 3 are decoded: {kind}"
