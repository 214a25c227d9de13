"""Files as somebody would make them who means harm."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import write_records

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
"""A name that would run in a page that does not escape it."""
STEERING = "\x1b[2J\x1b]0;title\x07\r\x9b31m\u202e"
"""Clears a screen, renames a window, goes back to the start of the line, turns the direction of text."""


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, rows: int = 1) -> bytes:
    """A PNG that says this size and has `rows` rows."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = zlib.compress((b"\0" + bytes(3 * min(width, 100))) * rows)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """A JPEG that says this size, cut off behind its header."""
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes((1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0))
    scan = bytes((3, 1, 0, 2, 0, 3, 0, 0, 63, 0))
    parts = ((0xC0, frame), (0xDA, scan))
    segments = b"".join(struct.pack(">BBH", 0xFF, code, len(data) + 2) + data for code, data in parts)
    return b"\xff\xd8" + segments + bytes(64) + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    """A GIF that says this size, and has a picture of it with one pixel."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    picture = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return screen + picture + b";"


def record(path: Path, image: bytes, **more: object) -> Path:
    """A record file with one example of that picture."""
    features = {
        "image/encoded": [image],
        "image/height": [64],
        "image/width": [64],
        "image/source_id": ["1"],
        "image/format": ["png"],
        "image/object/bbox/ymin": [0.1],
        "image/object/bbox/xmin": [0.1],
        "image/object/bbox/ymax": [0.5],
        "image/object/bbox/xmax": [0.5],
        "image/object/class/label": [1],
        "image/object/class/text": ["a"],
        **more,
    }
    write_records(str(path), [encode_example(features)])  # type: ignore[arg-type]
    return path
