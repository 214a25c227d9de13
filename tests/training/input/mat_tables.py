"""A table of mirror images as the DensePose project's file has it, made up: v becomes 1 - v / 2, u becomes u / 2."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

PARTS, SIDE = 24, 256


def other_side(surface: Any) -> Any:
    """The mirror image of v, u [..., 2] by the made-up table, to its 256 steps."""
    v, u = np.moveaxis(np.minimum(np.asarray(surface, np.float32) * SIDE, SIDE - 1).astype(int), -1, 0)
    return np.stack([255 - v // 2, u // 2], axis=-1) / 255.0


def write(path: Path, *, parts: int = PARTS, side: int = SIDE, compressed: bool = True) -> Path:
    """A MATLAB file with `U_transforms` and `V_transforms`: cells of uint8 tables, rows by v and columns by u."""
    v, u = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    content = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    for name, table in (("U_transforms", u // 2), ("V_transforms", 255 - v // 2)):
        cells = b"".join(
            _matrix(9, table.shape, "", _element(2, table.astype(np.uint8).tobytes("F")))
            for _ in range(parts)
        )
        variable = _matrix(1, (1, parts), name, cells)
        if compressed:
            packed = zlib.compress(variable)
            variable = struct.pack("<II", 15, len(packed)) + packed
        content += variable
    path.write_bytes(content)
    return path


def _matrix(kind: int, shape: tuple[int, ...], name: str, values: bytes) -> bytes:
    """A matrix of the class `kind`: 1 of cells, 9 of uint8."""
    flags = _element(6, struct.pack("<II", kind, 0))
    sides = _element(5, struct.pack(f"<{len(shape)}i", *shape))
    return _element(14, flags + sides + _element(1, name.encode()) + values)


def _element(type_: int, data: bytes) -> bytes:
    if 0 < len(data) <= 4:
        return struct.pack("<HH", type_, len(data)) + data.ljust(4, b"\0")
    return struct.pack("<II", type_, len(data)) + data + b"\0" * (-len(data) % 8)
