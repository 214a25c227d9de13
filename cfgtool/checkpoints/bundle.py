"""Index files of V2 checkpoints ("tensor bundles"): a table of entries under the names of the tensors.

The messages are those of tensorflow/core/protobuf/tensor_bundle.proto; their field numbers are named below.
"""

from __future__ import annotations

from math import prod

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import DTYPES, Entry
from cfgtool.checkpoints.table import read_table
from cfgtool.checkpoints.wire import bytes_of, fields, number_of, signed

_SLICE_MARK = b"\0"  # the values of a partitioned variable have encoded keys that start like this
_MAX_ELEMENTS = 1 << 62
_MAX_SHARDS = 1 << 16
_MAX_RANK = 254  # TensorFlow's own bound
_MAX_ENTRIES = 1 << 20
_MAX_NAMES = 1 << 27  # bytes of all names: prefix compression makes long ones cheap in the file

Type = tuple[str, tuple[int, ...]]
"""Element type and shape."""


class Bundle:
    """An index: the number of data files, the entries by name, the parts of partitioned variables by key."""

    __slots__ = ("entries", "parts", "shards")

    def __init__(self, shards: int) -> None:
        self.shards = shards
        self.entries: dict[str, Entry] = {}
        self.parts: dict[bytes, Entry] = {}


def read_index(data: bytes) -> Bundle:
    """The entries of an index file. Raises DamageError."""
    bundle: Bundle | None = None
    known: dict[tuple[int, bytes], Type] = {}
    names = 0
    for count, (key, value) in enumerate(read_table(data)):
        names += len(key)
        if count > _MAX_ENTRIES or names > _MAX_NAMES:
            raise DamageError(0, f"more than {count - 1} entries, with {names} bytes of names")
        try:
            if bundle is None:
                bundle = Bundle(_read_header(key, value))
            elif key.startswith(_SLICE_MARK):
                bundle.parts[key] = _read_entry("", value, known)
            else:
                name = key.decode("utf-8", "backslashreplace")
                entry = _read_entry(name, value, known)
                if entry.shard >= bundle.shards:
                    raise DamageError(0, f"data shard {entry.shard} of {bundle.shards}")
                bundle.entries[name] = entry
        except DamageError as error:
            raise DamageError(data.find(key) if key else 0, f"entry {key[:80]!r}: {error.what}") from None
    if bundle is None:
        raise DamageError(0, "the table has no header")
    return bundle


def _read_header(key: bytes, value: bytes) -> int:
    """The number of data shards. Raises DamageError for what this reader would misread."""
    if key:
        raise DamageError(
            0, "stands where the header must be: a checkpoint in the V1 format, or no checkpoint"
        )
    shards, big_endian = 1, 0
    for number, content in fields(value):
        if number == 1:  # num_shards
            shards = number_of(content)
        elif number == 2:  # endianness
            big_endian = number_of(content)
    if big_endian:
        raise DamageError(0, "written on a big-endian machine")
    if not 0 < shards <= _MAX_SHARDS:
        raise DamageError(0, f"{shards} data shards")
    return shards


def _read_entry(name: str, value: bytes, known: dict[tuple[int, bytes], Type]) -> Entry:
    """One `BundleEntryProto`; `known` caches what is the same in many entries: element type and shape."""
    numbers = [0, 0, 0, 0, 0, 0, 0]
    shape_bytes = b""
    slices = []
    for number, content in fields(value):
        if number == 2:  # shape
            shape_bytes = bytes_of(content)
        elif number == 7:  # slices
            slices.append(read_slice(bytes_of(content)))
        elif number < 7:
            numbers[number] = number_of(content)
    _, code, _, shard, offset, size, crc = numbers
    key = code, shape_bytes
    if key not in known:
        known[key] = read_type(code, shape_bytes)
    dtype, shape = known[key]
    if offset >= 1 << 62 or size >= 1 << 62:
        raise DamageError(0, f"a value of {size} bytes at {offset}")
    entry = Entry(name, dtype, shape, shard, offset, size, crc)
    if slices:
        entry.slices = tuple(slices)
    else:
        width = DTYPES[code][1]
        if width and size != width * prod(shape):
            raise DamageError(0, f"{size} bytes for {dtype} of shape {list(shape)}")
    return entry


def read_type(code: int, shape: bytes) -> Type:
    """Element type and shape, from its number and a `TensorShapeProto`."""
    if code not in DTYPES:
        raise DamageError(0, f"unknown element type {code}")
    sizes = []
    for number, content in fields(shape):
        if number != 2:  # dim
            raise DamageError(0, "shape of unknown rank")
        size = 0
        for part, value in fields(bytes_of(content)):
            if part == 1:  # size
                size = signed(number_of(value))
        if size < 0:
            raise DamageError(0, f"negative size {size}")
        sizes.append(size)
    if len(sizes) > _MAX_RANK:
        raise DamageError(0, f"shape of {len(sizes)} dimensions")
    if prod(sizes) > _MAX_ELEMENTS:
        raise DamageError(0, f"shape {sizes} is out of all bounds")
    return DTYPES[code][0], tuple(sizes)


def read_slice(data: bytes) -> tuple[tuple[int, int], ...]:
    """(start, length) per axis of a `TensorSliceProto`; length -1 for a whole axis."""
    extents = []
    for number, content in fields(data):
        if number == 1:  # extent
            start, length = 0, -1
            for part, value in fields(bytes_of(content)):
                if part == 1:
                    start = signed(number_of(value))
                elif part == 2:
                    length = signed(number_of(value))
            extents.append((start, length))
    return tuple(extents)
