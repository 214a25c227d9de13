"""Sizes and formats of images from their headers."""

from __future__ import annotations

import struct

import pytest

from cfgtool.data.images import image_header

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 30, 20, 8, 6, 0, 0, 0)
GIF = b"GIF89a" + struct.pack("<HH", 30, 20)
BMP = b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 30, -20, 1, 24)
SOF = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, 20, 30, 3)
JPEG = b"\xff\xd8\xff\xe0\0\x10" + b"JFIF\0" + bytes(9) + b"\xff\xff\xc4\0\x04ab" + SOF


@pytest.mark.parametrize(
    ("data", "kind", "channels"),
    [(PNG, "png", 4), (GIF, "gif", 3), (BMP, "bmp", 3), (JPEG, "jpeg", 3)],
)
def test_headers(data: bytes, kind: str, channels: int) -> None:
    header = image_header(data)
    assert (header.format, header.width, header.height, header.channels) == (kind, 30, 20, channels)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (PNG[:20], "cut off"),
        (JPEG[:22], "cut off"),
        (b"\xff\xd8\xff\xda", "no frame header"),
        (b"\xff\xd8\0\0", "marker is missing"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic", "HEIF"),
        (b"II*\0", "TIFF"),
        (b"<svg/>", "SVG"),
        (b"plain text", "not JPEG, PNG, GIF or BMP"),
    ],
)
def test_what_cannot_be_decoded(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        image_header(data)


@pytest.mark.parametrize("length", range(len(JPEG)))
def test_no_prefix_of_a_jpeg_escapes(length: int) -> None:
    with pytest.raises(ValueError):
        image_header(JPEG[: length if length < len(JPEG) - 2 else 4])
