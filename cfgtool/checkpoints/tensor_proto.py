"""Values inside messages (`TensorProto`): those of checkpoints in one file, and of constants in graphs.

tensorflow/core/framework/tensor.proto; the field numbers are named below.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import WIDTHS
from cfgtool.checkpoints.shapes import read_type
from cfgtool.checkpoints.strings import join_strings
from cfgtool.checkpoints.wire import bytes_of, fields, number_of, varint, view_of

if TYPE_CHECKING:
    from cfgtool.checkpoints.shapes import Type

_CONTENT = 4  # tensor_content
_STRINGS = 8  # string_val
_FIXED = {"float32": (5, 4), "float64": (6, 8), "complex64": (9, 4), "complex128": (12, 8)}
_VARINTS = {
    **dict.fromkeys(("int32", "int16", "int8", "uint8", "uint16"), 7),
    **dict.fromkeys(("float16", "bfloat16"), 13),
    "int64": 10,
    "bool": 11,
    "uint32": 16,
    "uint64": 17,
}
"""The field that has the numbers of each element type: packed (field, bytes of one), or varints."""

MAX_FILLED = 1 << 28
"""So many bytes at most are made of fewer: one number may stand for a whole constant."""


def tensor_type(message: bytes | memoryview) -> Type:
    """Element type and shape of a `TensorProto`. Raises DamageError."""
    code, shape = 0, b""
    for number, value in fields(message):
        if number == 1:  # dtype
            code = number_of(value)
        elif number == 2:  # tensor_shape
            shape = bytes_of(value)
    return read_type(code, shape)


def tensor_bytes(
    message: bytes | memoryview, dtype: str, shape: tuple[int, ...], *, fill: bool = False
) -> memoryview:
    """The elements of a `TensorProto` in row-major order, little-endian; a slice of `message` where they lie so.

    Strings come as a bundle stores them: see `Values.raw`. With `fill`, the last of too few elements stands for the
    rest, as in graphs. Raises DamageError if the elements are not as many as the shape wants.
    """
    if dtype == "string":
        return _strings(message, prod(shape))
    raw = _numbers(message, dtype, shape, fill)
    width, size = WIDTHS[dtype], WIDTHS[dtype] * prod(shape)
    if len(raw) == size:
        return raw
    if size > MAX_FILLED:
        raise DamageError(0, f"{len(raw)} bytes of values stand for {size}")
    last = bytes(raw[-width:]) or bytes(width)
    return memoryview(bytes(raw) + last * ((size - len(raw)) // width))


def check_tensor(message: bytes | memoryview, dtype: str, shape: tuple[int, ...]) -> None:
    """Raise DamageError where `tensor_bytes` with `fill` would, without making values of fewer."""
    if dtype == "string":
        _strings(message, prod(shape))
    else:
        _numbers(message, dtype, shape, fill=True)


def _numbers(message: bytes | memoryview, dtype: str, shape: tuple[int, ...], fill: bool) -> memoryview:
    """The numbers that the message has: as many as the shape wants, or fewer if they may stand for more."""
    if dtype not in _FIXED and dtype not in _VARINTS:
        raise DamageError(0, f"values of the type {dtype} are no numbers")
    width = WIDTHS[dtype]
    raw = _content(message, dtype, width)
    size = width * prod(shape)
    if len(raw) != size and (len(raw) > size or not fill or len(raw) % width):
        raise DamageError(0, f"{len(raw)} bytes of values for {dtype} of shape {list(shape)}")
    return raw


def _content(message: bytes | memoryview, dtype: str, width: int) -> memoryview:
    """All elements that the message has, whichever field they are in."""
    wanted, size = _FIXED.get(dtype) or (_VARINTS[dtype], 0)
    parts: list[bytes | memoryview] = []
    for number, value in fields(message):
        if number == _CONTENT:
            content = view_of(value)
            if len(content):
                return memoryview(content)
        elif number == wanted and size:
            parts.append(value.to_bytes(size, "little") if isinstance(value, int) else value)
        elif number == wanted:
            parts.append(_narrowed(value, width))
    return memoryview(parts[0] if len(parts) == 1 else b"".join(parts))


def _narrowed(value: int | bytes | memoryview, width: int) -> bytes:
    """Varints, one or a packed row of them, as numbers of `width` bytes each."""
    mask = (1 << 8 * width) - 1
    if isinstance(value, int):
        return (value & mask).to_bytes(width, "little")
    out = bytearray()
    position = 0
    while position < len(value):
        number, position = varint(value, position)
        out += (number & mask).to_bytes(width, "little")
    return bytes(out)


def _strings(message: bytes | memoryview, elements: int) -> memoryview:
    texts = [view_of(value) for number, value in fields(message) if number == _STRINGS]
    if len(texts) != elements:
        raise DamageError(0, f"{len(texts)} strings where {elements} must be")
    return memoryview(join_strings(texts))
