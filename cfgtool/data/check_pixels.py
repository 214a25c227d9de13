"""The checks of the pictures of one example that decode them, through Pillow."""

from __future__ import annotations

from cfgtool.data import keys, objects
from cfgtool.data.image_ends import cut_off, orientation
from cfgtool.data.images import image_header
from cfgtool.data.importing.pixels import broken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfgtool.data.example import Values

    Flaw = tuple[str, str, str]


def pixel_flaws(features: Mapping[str, Values]) -> Iterator[Flaw]:
    """What keeps the image, or a mask, from being decoded, or makes it another one than viewers show."""
    encoded = objects.first_bytes(features, keys.IMAGE)
    if encoded is None:
        return
    try:
        header = image_header(encoded)
    except ValueError:
        return  # told by the check of its header
    if reason := cut_off(encoded) or broken(encoded):
        yield "image-damaged", "error", f"{keys.IMAGE!r} {reason}"
    if (value := orientation(encoded)) != 1:
        message = f"viewers turn the image (EXIF orientation {value}), training does not: do the boxes fit?"
        yield "image-turned", "warning", message
    if header.bits > 8:
        yield "image-deep", "warning", f"the image has {header.bits} bits a value; training takes the upper 8"
    for number, mask in enumerate(features.get(keys.MASK, ())):
        if not isinstance(mask, bytes):
            return
        if reason := _mask_flaw(mask, header.width, header.height):
            yield "mask-damaged", "error", f"mask {number} {reason}"
            return


def _mask_flaw(mask: bytes, width: int, height: int) -> str:
    try:
        header = image_header(mask)
    except ValueError as error:
        return str(error)
    if (header.width, header.height) != (width, height):
        return f"has {header.width} x {header.height} pixels, the image {width} x {height}"
    return broken(mask)
