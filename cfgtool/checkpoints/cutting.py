"""Parts of a tensor's bytes by an index as NumPy writes it, without NumPy."""

from __future__ import annotations

from itertools import product
from math import prod

from cfgtool.errors import UserError


def cut(
    raw: memoryview, shape: tuple[int, ...], width: int, index: str
) -> tuple[memoryview, tuple[int, ...]]:
    """The bytes and the shape of the part that `index` means: numbers, `:`, `a:b` and `a:b:c`, one per axis.

    `raw` has elements of `width` bytes in row-major order. A number drops its axis; axes left out are whole. Raises
    UserError if there is no such part.
    """
    words = [word.strip() for word in index.strip().strip("[]").split(",")]
    if len(words) > len(shape):
        raise UserError(f"slice {index!r} has {len(words)} axes, the tensor {len(shape)}")
    places = [_places(word, size) for word, size in zip(words, shape, strict=False)]
    kept = [len(found) for found, word in zip(places, words, strict=True) if ":" in word]
    rest = shape[len(words) :]
    run = width * prod(rest)
    strides = [run * prod(shape[axis + 1 : len(words)]) for axis in range(len(words))]
    out = bytearray()
    for where in product(*places):
        start = sum(place * stride for place, stride in zip(where, strides, strict=True))
        out += raw[start : start + run]
    return memoryview(bytes(out)), (*kept, *rest)


def _places(word: str, size: int) -> range:
    """The places of an axis that one word of an index means."""
    try:
        numbers = [int(part) if part.strip() else None for part in word.split(":")]
        if ":" in word:
            return range(size)[slice(*numbers)]
        number = numbers[0]
        if number is not None and -size <= number < size:
            return range(number % size, number % size + 1)
    except (TypeError, ValueError):
        pass
    hint = 'write numbers or ranges, such as "0, :, 2:5"'
    raise UserError(f"slice {word!r} of an axis of {size} means nothing", hint=hint)
