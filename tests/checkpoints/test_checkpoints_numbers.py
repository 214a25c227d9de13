"""What is said of many numbers."""

from __future__ import annotations

import random
import struct
from math import isnan

import pytest

from cfgtool.checkpoints.cutting import cut
from cfgtool.checkpoints.numbers import CHUNK, numbers, statistics
from cfgtool.errors import UserError


def _raw(*values: float, code: str = "d") -> memoryview:
    return memoryview(struct.pack(f"<{len(values)}{code}", *values))


def test_statistics_over_chunks() -> None:
    dice = random.Random(0)
    values = [dice.gauss(3, 2) for _ in range(2 * CHUNK + 7)]
    found = statistics(_raw(*values, float("nan"), float("inf"), 0.0), "float64", bins=10)
    assert found is not None
    assert (found.finite, found.zeros, found.not_finite) == (len(values) + 1, 1, 2)
    assert (found.low, found.high) == (min(*values, 0.0), max(values))
    assert (found.mean, found.deviation) == (pytest.approx(3, abs=0.02), pytest.approx(2, abs=0.02))
    assert sum(found.histogram) == found.finite
    assert max(found.histogram) in found.histogram[3:7]


@pytest.mark.parametrize("values", [(5.0,), (1e308, -1e308), (5e-324, 0.0), (-0.0, 0.0), (2.0**62, 1.0)])
def test_statistics_of_extremes(values: tuple[float, ...]) -> None:
    found = statistics(_raw(*values), "float64")
    assert found is not None
    assert (found.low, found.high) == (min(values), max(values))
    assert sum(found.histogram) == len(values)
    assert isnan(found.deviation) == (found.high / 2 - found.low / 2 > 1e150)


def test_statistics_of_nothing() -> None:
    assert statistics(_raw(), "float64") is None
    assert statistics(_raw(float("nan")), "float64") is None


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, 1e30])
def test_bfloat16_is_the_upper_half_of_float32(value: float) -> None:
    raw = memoryview(struct.pack("<f", value))[2:]
    (found,) = numbers(raw, "bfloat16")
    assert found == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize(
    "index", ["0", "-1", ":", "1:", ":, 2", "::-1, 1:3", "0, :, 1", "1, 2, 3", "[0, 1]", "9:"]
)
def test_parts_are_those_of_numpy(index: str) -> None:
    np = pytest.importorskip("numpy")
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    raw, shape = cut(memoryview(array.tobytes()), array.shape, 2, index)
    expected = eval(f"array[{index.strip('[]')}]", {"array": array})
    assert shape == expected.shape
    assert bytes(raw) == expected.tobytes()


def test_there_is_no_part_of_a_scalar() -> None:
    with pytest.raises(UserError, match="has 1 axes, the tensor 0"):
        cut(memoryview(b"\0\0"), (), 2, "0")
