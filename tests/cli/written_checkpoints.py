"""Checkpoints for tests, written without TensorFlow: an uncompressed table, one data file."""

from __future__ import annotations

import struct
from pathlib import Path

from cfgtool.crc32c import masked_crc32c

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_CODES = {"float32": (1, 4), "int64": (9, 8), "string": (7, 0), "float16": (19, 2), "bfloat16": (14, 2)}
_BLOCK = 200  # entries


def write_checkpoint(
    prefix: Path,
    shapes: dict[str, tuple[int, ...]],
    *,
    object_based: bool = True,
    values: dict[str, tuple[str, bytes]] | None = None,
) -> str:
    """Write `prefix`.index with float32 entries of these shapes, and vectors of `values` (element type, bytes).

    Object-based ones get the suffix of their keys, a save counter and an object graph. Only `values` get a
    data file. Returns the prefix.
    """
    prefix.parent.mkdir(parents=True, exist_ok=True)
    suffix = SUFFIX if object_based else ""
    rows = {f"{name}{suffix}".encode(): _entry("float32", shape, 0, 0) for name, shape in shapes.items()}
    if object_based:
        rows[f"save_counter{suffix}".encode()] = _entry("int64", (), 0, 0)
        rows[GRAPH.encode()] = _entry("string", (), 0, 0)
    data = b""
    for name, (dtype, content) in (values or {}).items():
        length = len(content) // _CODES[dtype][1]
        rows[f"{name}{suffix}".encode()] = _entry(dtype, (length,), len(data), masked_crc32c(content))
        data += content
    Path(f"{prefix}.index").write_bytes(_table({b"": b"\x08\x01", **rows}))
    if values is not None:
        Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    return str(prefix)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _entry(dtype: str, shape: tuple[int, ...], offset: int, crc: int) -> bytes:
    """A BundleEntryProto."""
    code, width = _CODES[dtype]
    dims = b"".join(b"\x12" + _varint(len(dim)) + dim for dim in (b"\x08" + _varint(size) for size in shape))
    size = width
    for length in shape:
        size *= length
    return (
        b"\x08" + _varint(code) + b"\x12" + _varint(len(dims)) + dims + b"\x20" + _varint(offset)
        + b"\x28" + _varint(size) + b"\x35" + struct.pack("<I", crc)
    )  # fmt: skip


def _table(rows: dict[bytes, bytes]) -> bytes:
    """A sorted string table."""
    out = bytearray()
    index: dict[bytes, bytes] = {}
    keys = sorted(rows)
    for start in range(0, len(keys), _BLOCK):
        part = keys[start : start + _BLOCK]
        index[part[-1]] = _append(out, {key: rows[key] for key in part})
    meta = _append(out, {})
    footer = meta + _append(out, index)
    return bytes(out) + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def _append(out: bytearray, rows: dict[bytes, bytes]) -> bytes:
    """Append a block with its trailer; returns its handle."""
    block = b"".join(
        b"\0" + _varint(len(key)) + _varint(len(value)) + key + value for key, value in rows.items()
    )
    block += struct.pack("<II", 0, 1)
    handle = _varint(len(out)) + _varint(len(block))
    out += block + b"\0" + struct.pack("<I", masked_crc32c(block + b"\0"))
    return handle
