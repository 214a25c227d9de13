"""Reading MATLAB's files of level 5, as far as tables of numbers and cells of such tables go.

Source: MathWorks, "MAT-File Format", chapter 1: a header of 128 bytes, then elements of a type, a size and data,
aligned to 8 bytes; elements may be compressed, and those of at most 4 bytes lie in their tag.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cfgtool.errors import UserError

Table = npt.NDArray[np.generic]

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_CELLS = 1
_DTYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}


def read_mat(path: str) -> dict[str, Table | list[Table]]:
    """The variables of a file: arrays, and lists of the arrays in cells; others are left out.

    Raises UserError if the file cannot be read or is not of this format.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", path=path) from None
    order = {b"IM": "<", b"MI": ">"}.get(content[126:_HEADER])
    if order is None:
        raise UserError("is not a MATLAB file of level 5", path=path)
    found: dict[str, Table | list[Table]] = {}
    try:
        for type_, data in _elements(content[_HEADER:], order):
            if type_ == _COMPRESSED:
                type_, data = next(_elements(zlib.decompress(data), order))
            if type_ == _MATRIX:
                name, value = _matrix(data, order)
                if value is not None:
                    found[name] = value
    except (struct.error, zlib.error, KeyError, ValueError, StopIteration):
        raise UserError("is a damaged MATLAB file", path=path) from None
    return found


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """(type, data) of the elements that follow one another."""
    place = 0
    while place < len(data):
        type_, size = struct.unpack_from(f"{order}II", data, place)
        if type_ >> 16:
            yield type_ & 0xFFFF, data[place + 4 : place + 4 + (type_ >> 16)]
            place += 8
            continue
        if place + 8 + size > len(data):
            raise ValueError("an element ends beyond the file")
        yield type_, data[place + 8 : place + 8 + size]
        place += 8 + size + (0 if type_ == _COMPRESSED else -size % 8)


def _matrix(data: bytes, order: str) -> tuple[str, Table | list[Table] | None]:
    """Name and value of a matrix; None for a value of another kind."""
    parts = list(_elements(data, order))
    (flags,) = struct.unpack_from(f"{order}I", parts[0][1])
    shape = _numbers(*parts[1], order).tolist()
    name = parts[2][1].decode("latin-1")
    if flags & 0xFF == _CELLS:
        cells = [_matrix(cell, order)[1] for type_, cell in parts[3:] if type_ == _MATRIX]
        return name, [cell for cell in cells if cell is not None and not isinstance(cell, list)]
    if len(parts) != 4 or parts[3][0] not in _DTYPES:
        return name, None
    return name, _numbers(*parts[3], order).reshape(shape, order="F")


def _numbers(type_: int, data: bytes, order: str) -> Table:
    return np.frombuffer(data, np.dtype(order + _DTYPES[type_]))
