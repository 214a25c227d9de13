"""Checkpoint indices written byte by byte, so that each part of them can be wrong."""

from __future__ import annotations

import struct

from cfgtool.crc32c import masked_crc32c

MAGIC = bytes.fromhex("57fb808b247547db")
HEADER = b"\x08\x01"  # num_shards: 1


def varint(number: int) -> bytes:
    """A number of any size as it is on the wire."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def number_field(field: int, value: int) -> bytes:
    """A varint field of a message; negative numbers have ten bytes."""
    return varint(field << 3) + varint(value % (1 << 64))


def bytes_field(field: int, value: bytes) -> bytes:
    """A field of bytes, or a message in a message."""
    return varint(field << 3 | 2) + varint(len(value)) + value


def shape(*sizes: int) -> bytes:
    """A TensorShapeProto."""
    return b"".join(bytes_field(2, number_field(1, size)) for size in sizes)


def entry(
    sizes: tuple[int, ...] = (2,), dtype: int = 1, size: int | None = None, shard: int = 0, offset: int = 0
) -> bytes:
    """A BundleEntryProto of float32, unless said otherwise."""
    if size is None:
        size = 4
        for length in sizes:
            size *= length
    return (
        number_field(1, dtype)
        + bytes_field(2, shape(*sizes))
        + number_field(3, shard)
        + number_field(4, offset)
        + number_field(5, size)
    )


def block(rows: list[tuple[bytes, bytes]]) -> bytes:
    """A block whose keys leave out what they share with the key before."""
    out, last = b"", b""
    for key, value in rows:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return out + struct.pack("<II", 0, 1)


def stored(content: bytes, kind: int = 0) -> bytes:
    """A block with its compression and checksum."""
    body = content + bytes([kind])
    return body + struct.pack("<I", masked_crc32c(body))


def table(*blocks: bytes, handles: list[bytes] | None = None, footer: bytes | None = None) -> bytes:
    """A file of blocks that `stored` made; `handles` and `footer` may lie about where they are."""
    data, rows = b"", []
    for number, content in enumerate(blocks):
        handle = varint(len(data)) + varint(len(content) - 5)
        rows.append((bytes([number]), handles[number] if handles else handle))
        data += content
    index = stored(block(rows))
    meta = varint(len(data)) + varint(8)
    data += stored(block([]))
    handle = varint(len(data)) + varint(len(index) - 5)
    data += index
    return data + (footer if footer is not None else (meta + handle).ljust(40, b"\0") + MAGIC)


def compress(content: bytes) -> bytes:
    """Snappy: a copy wherever four bytes were there before, at most 64 at a time, and literals between."""
    out, literal, position = varint(len(content)), b"", 0
    seen: dict[bytes, int] = {}
    while position < len(content):
        start = seen.get(content[position : position + 4])
        size = 0
        if start is not None and position + 4 <= len(content):
            while (
                size < 64
                and position + size < len(content)
                and content[start + size] == content[position + size]
            ):
                size += 1
        seen[content[position : position + 4]] = position
        if size >= 4:
            assert start is not None
            out += _literal(literal) + bytes([(size - 1) << 2 | 2]) + struct.pack("<H", position - start)
            literal, position = b"", position + size
        else:
            literal, position = literal + content[position : position + 1], position + 1
    return out + _literal(literal)


def _literal(content: bytes) -> bytes:
    if not content:
        return b""
    if len(content) <= 60:
        return bytes([(len(content) - 1) << 2]) + content
    return bytes([61 << 2]) + struct.pack("<H", len(content) - 1) + content


def index(rows: dict[bytes, bytes], snappy: bool = False, header: bytes = HEADER) -> bytes:
    """A whole index with these entries."""
    content = block([(b"", header), *sorted(rows.items())])
    return table(stored(compress(content), 1) if snappy else stored(content))


def graph(tensors: dict[str, bytes], read: bool = True) -> bytes:
    """A GraphDef of constants with these TensorProtos; `read` by identities as variables are."""
    nodes = b""
    for name, tensor in tensors.items():
        value = bytes_field(1, b"value") + bytes_field(2, bytes_field(8, tensor))
        head = bytes_field(1, name.encode()) + bytes_field(2, b"Const")
        nodes += bytes_field(1, head + bytes_field(5, value))
        if read:
            reader = bytes_field(1, f"{name}/read".encode()) + bytes_field(2, b"Identity")
            nodes += bytes_field(1, reader + bytes_field(3, name.encode()))
    return nodes


def single_file(tensors: dict[str, bytes], listed: bytes) -> bytes:
    """A checkpoint in one file: the list of its tensors, and SavedTensorSlices by encoded key."""
    rows = {b"": bytes_field(1, listed)} | {key.encode("latin-1"): value for key, value in tensors.items()}
    return table(*(stored(block([row])) for row in sorted(rows.items())))
