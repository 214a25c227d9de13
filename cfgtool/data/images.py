"""The size and format of an image from its first bytes; nothing is decoded.

Sources: ITU-T T.81 annex B (JPEG markers), RFC 2083 (PNG), the GIF89a specification, and Microsoft's
BITMAPINFOHEADER.
"""

from __future__ import annotations

import os
import struct

MAX_PIXELS = 1 << 27
"""Pictures with more pixels are not decoded: in three colours they take 0.4 GB each, and several are decoded at once."""
LIMIT = "CFGTOOL_MAX_PIXELS"
"""The environment variable that says another limit."""


class ImageHeader:
    """What an image header says: `format` (jpeg, png, gif or bmp), width and height in pixels, channels, and the bits
    of a value.
    """

    __slots__ = ("bits", "channels", "format", "height", "width")

    def __init__(
        self,
        format: str,  # noqa: A002
        width: int,
        height: int,
        channels: int,
        bits: int = 8,
    ) -> None:
        self.format = format
        self.width = width
        self.height = height
        self.channels = channels
        self.bits = bits


def max_pixels() -> int:
    """How many pixels a picture may have: `MAX_PIXELS`, or what the environment says."""
    said = os.environ.get(LIMIT, "")
    return int(said[:12]) if said.isascii() and said.isdigit() else MAX_PIXELS


def too_large(width: int, height: int) -> str | None:
    """What to say of a picture of this size that is not decoded; None for any other."""
    limit = max_pixels()
    if width * height <= limit:
        return None
    return (
        f"is {width}x{height}, more than the {limit:,} pixels that are decoded ({LIMIT} says another limit)"
    )


_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_FOREIGN = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\x01\0", "ICO"),
    (b"%PDF", "PDF"),
    (b"<", "SVG, XML or HTML"),
)


def image_header(data: bytes) -> ImageHeader:
    """The header of an encoded image. Raises ValueError, saying why, if training cannot decode it."""
    if not data:
        raise ValueError("is empty")
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
            return ImageHeader("png", width, height, _PNG_CHANNELS.get(colour, 3), bits)
        if data[:6] in (b"GIF87a", b"GIF89a"):
            width, height = struct.unpack_from("<HH", data, 6)
            return ImageHeader("gif", width, height, 3)
        if data[:2] == b"BM":
            width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
            return ImageHeader("bmp", width, abs(height), 1 if bits == 8 else bits // 8)
    except (struct.error, IndexError):
        raise ValueError("is cut off inside its header") from None
    raise ValueError(_foreign(data))


def _jpeg(data: bytes) -> ImageHeader:
    """Walk the marker segments up to the frame header."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("is a damaged JPEG image: a marker is missing")
        while data[at] == 0xFF:  # any number of fill bytes may precede a marker code
            at += 1
        marker = data[at]
        at += 1
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue
        if marker in (0xD9, 0xDA):
            raise ValueError("is a damaged JPEG image: no frame header before the scan")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            _, bits, height, width, channels = struct.unpack_from(">HBHHB", data, at)
            return ImageHeader("jpeg", width, height, channels, bits)
        at += int(struct.unpack_from(">H", data, at)[0])


def _foreign(data: bytes) -> str:
    name = next((name for magic, name in _FOREIGN if data.startswith(magic)), "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        name = "WebP"
    elif data[4:8] == b"ftyp":
        name = "HEIF, AVIF or a video"
    return f"is {name}, not JPEG, PNG, GIF or BMP" if name else "is not JPEG, PNG, GIF or BMP"
