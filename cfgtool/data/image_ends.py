"""Whether an encoded image is whole, and how its EXIF data turn it; nothing is decoded.

Sources: ITU-T T.81 annex B (JPEG), RFC 2083 (PNG), the GIF89a specification, BITMAPFILEHEADER, and Exif 2.3, 4.6.4.
"""

from __future__ import annotations

import struct

_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112


def cut_off(data: bytes) -> str:
    """Why an image with a sound header cannot be whole; "" if its end is there.

    For JPEG that is an end marker after the first scan, for PNG a chain of chunks up to IEND, for GIF the trailer, for
    BMP the size in its header. Damage between is not seen.
    """
    try:
        if data[:2] == b"\xff\xd8":
            scan = _jpeg_segment(data, 0xDA)
            if scan is None or data.rfind(b"\xff\xd9", scan) < 0:
                return "has no end marker: the JPEG image is cut off"
        elif data[:4] == b"\x89PNG":
            return _png_end(data)
        elif data[:3] == b"GIF" and not data.rstrip(b"\0").endswith(b";"):
            return "has no trailer: the GIF image is cut off"
        elif data[:2] == b"BM" and len(data) < struct.unpack_from("<I", data, 2)[0]:
            return "is shorter than its header says: the BMP image is cut off"
    except (struct.error, IndexError):
        return "is cut off"
    return ""


def orientation(data: bytes) -> int:
    """The EXIF orientation of a JPEG image, 1 to 8; 1, as stored, where it says none."""
    try:
        at = _jpeg_segment(data, 0xE1) if data[:2] == b"\xff\xd8" else None
        while at is not None:
            length = int(struct.unpack_from(">H", data, at)[0])
            if data[at + 2 : at + 8] == _EXIF:
                return _exif_orientation(data[at + 8 : at + length])
            at = _jpeg_segment(data, 0xE1, at + length)
    except (struct.error, IndexError):
        pass
    return 1


def _jpeg_segment(data: bytes, wanted: int, at: int = 2) -> int | None:
    """Where the length of the first segment with that marker stands, from the marker at `at` on; None if a scan or the
    end comes before. Raises IndexError or struct.error where the data end.
    """
    while True:
        while data[at] != 0xFF:
            at += 1
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == wanted:
            return at
        if marker in (0xD9, 0xDA):
            return None
        if marker != 0x01 and not 0xD0 <= marker <= 0xD7:
            at += int(struct.unpack_from(">H", data, at)[0])


def _png_end(data: bytes) -> str:
    at, pixels = 8, False
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        pixels = pixels or kind == b"IDAT"
        at += 12 + length
        if kind == b"IEND" and at <= len(data):
            return "" if pixels else "has no pixels"
    return "does not end in IEND: the PNG image is cut off"


def _exif_orientation(tiff: bytes) -> int:
    """The orientation in the first directory of a TIFF structure."""
    order = "<" if tiff[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
        if tag == _ORIENTATION and kind == 3:
            (value,) = struct.unpack_from(f"{order}H", tiff, entry + 8)
            return value if 1 <= value <= 8 else 1
    return 1
