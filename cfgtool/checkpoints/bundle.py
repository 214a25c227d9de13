"""Index files of V2 checkpoints ("tensor bundles"): a table of entries under the names of the tensors.

The messages are those of tensorflow/core/protobuf/tensor_bundle.proto; their field numbers are named below.
"""

from __future__ import annotations

from math import prod

from cfgtool.checkpoints.damage import DamageError, UnreadableError
from cfgtool.checkpoints.entry import DTYPES, Entry
from cfgtool.checkpoints.shapes import MAX_PARTS, Type, read_slice, read_type
from cfgtool.checkpoints.table import read_table
from cfgtool.checkpoints.wire import bytes_of, fields, number_of

_SLICE_MARK = b"\0"  # the values of a partitioned variable have encoded keys that start like this
_MAX_SHARDS = 1 << 16
_MAX_ENTRIES = 1 << 20
_MAX_NAMES = 1 << 27  # bytes of all names: prefix compression makes long ones cheap in the file


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
                continue
            part = key.startswith(_SLICE_MARK)
            name = "" if part else key.decode("utf-8", "backslashreplace")
            entry = _read_entry(name, value, known)
            if entry.shard >= bundle.shards:
                raise DamageError(0, f"data shard {entry.shard} of {bundle.shards}")
            if part:
                bundle.parts[key] = entry
            else:
                bundle.entries[name] = entry
        except UnreadableError:
            raise
        except DamageError as error:
            raise DamageError(data.find(key) if key else 0, f"entry {key[:80]!r}: {error.what}") from None
    if bundle is None:
        raise DamageError(0, "the table has no header")
    return bundle


def _read_header(key: bytes, value: bytes | memoryview) -> int:
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
        raise UnreadableError(
            0, "it was written on a big-endian machine, with the bytes of numbers in the other order"
        )
    if not 0 < shards <= _MAX_SHARDS:
        raise DamageError(0, f"{shards} data shards")
    return shards


_VARINTS = {0x08: 1, 0x18: 3, 0x20: 4, 0x28: 5}  # keys of the number fields: dtype, shard_id, offset, size
_SHAPE, _CRC = 0x12, 0x35


def _plain_fields(value: bytes | memoryview) -> tuple[list[int], bytes, bytes | memoryview]:
    """The fields of a `BundleEntryProto` as far as they are written in the usual way: numbers by field, the
    shape, and what is left to be read with more care.

    Indexes have thousands of entries; this takes a third of the time of the general reader.
    """
    numbers = [0, 0, 0, 0, 0, 0, 0]
    shape = b""
    position, end = 0, len(value)
    try:
        while position < end:
            key, byte = value[position], value[position + 1]
            after = position + 2
            if key in _VARINTS:
                number, shift = byte & 0x7F, 7
                while byte >= 0x80:
                    byte = value[after]
                    number |= (byte & 0x7F) << shift
                    after, shift = after + 1, shift + 7
                if shift > 56:
                    break
                numbers[_VARINTS[key]] = number
            elif key == _SHAPE and byte < 0x80 and after + byte <= end:
                shape = bytes(value[after : after + byte])
                after += byte
            elif key == _CRC and position + 5 <= end:
                numbers[6] = int.from_bytes(value[position + 1 : position + 5], "little")
                after = position + 5
            else:
                break
            position = after
    except IndexError:
        pass  # cut off
    return numbers, shape, value[position:]


def _read_entry(name: str, value: bytes | memoryview, known: dict[tuple[int, bytes], Type]) -> Entry:
    """One `BundleEntryProto`; `known` caches what is the same in many entries: element type and shape."""
    numbers, shape_bytes, rest = _plain_fields(value)
    slices = []
    for number, content in fields(rest):
        if number == 2:  # shape
            shape_bytes = bytes_of(content)
        elif number == 7:  # slices
            slices.append(read_slice(bytes_of(content)))
            if len(slices) > MAX_PARTS:
                raise DamageError(0, f"more than {MAX_PARTS} parts of one tensor")
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
