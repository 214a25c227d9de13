"""One detection example as plain values: what the checks and the statistics look at."""

from __future__ import annotations

from cfgtool.data import keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfgtool.data.example import Values

Box = tuple[float, float, float, float]
"""`(ymin, xmin, ymax, xmax)`, fractions of the image sides."""


def numbers(features: Mapping[str, Values], key: str) -> list[float]:
    """The numbers of a float or integer feature; empty if it is absent or holds bytes."""
    return [float(value) for value in features.get(key, ()) if isinstance(value, (int, float))]


def integers(features: Mapping[str, Values], key: str) -> list[int]:
    """The values of an integer feature; empty if it is absent or of another type."""
    return [value for value in features.get(key, ()) if isinstance(value, int)]


def first_bytes(features: Mapping[str, Values], key: str) -> bytes | None:
    """The first value of a bytes feature, None if there is none."""
    return next((value for value in features.get(key, ()) if isinstance(value, bytes)), None)


def texts(features: Mapping[str, Values], key: str) -> list[str]:
    """The values of a bytes feature as text; undecodable bytes become replacement characters."""
    return [value.decode("utf-8", "replace") for value in features.get(key, ()) if isinstance(value, bytes)]


def boxes(features: Mapping[str, Values]) -> list[Box]:
    """The boxes of an example; as many as the shortest of the four lists has."""
    return list(zip(*(numbers(features, key) for key in keys.BOX), strict=False))


def object_count(features: Mapping[str, Values]) -> int:
    """How many objects the example has: the length of its longest per-object list."""
    return max(len(features.get(key, ())) for key in (*keys.BOX, keys.LABEL, keys.TEXT))
