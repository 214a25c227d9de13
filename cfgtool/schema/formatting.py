"""`format_text`: canonical layout, and numbers without the digits that single precision adds.

`0.8999999761581421` is what 0.9 becomes when a program reads it into a float field and prints it as a double: where
fewer digits give the same float, they are written. Zeros behind the last digit go too, but for one behind the point.
Only numbers with a point or an exponent are touched, and an exponent stays one.
"""

from __future__ import annotations

import re

from cfgtool.schema.model import root_of
from cfgtool.schema.reader import read_config
from cfgtool.schema.scalars import read_double, read_float
from cfgtool.schema.soundness import sound_document
from cfgtool.textproto import Scalar
from cfgtool.textproto.formatting import format_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cfgtool.textproto import Document

_DECIMAL = re.compile(r"(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?[fF]?", re.ASCII)
_INFINITY = float("inf")
_MOST_DIGITS = {"float": 9, "double": 17}
"""Kind of field -> the number of digits with which every value can be told from its neighbours."""


def format_text(text: str) -> str:
    """The canonical form of a config or label map; formatting that again changes nothing.

    The result has the same values and comments. Raises UserError at the line and column of the first syntax mistake.
    """
    document = sound_document(text)
    return format_document(document, shorter_numbers(document))


def shorter_numbers(document: Document) -> dict[int, str]:
    """Offset -> shorter spelling of the numbers in float and double fields that have one of the same value."""
    found: dict[int, str] = {}
    for _, entry in read_config(document, root_of(document)).walk():
        if entry.type.kind in _MOST_DIGITS and isinstance(entry.node, Scalar):
            raw = document.text[entry.node.start : entry.node.end]
            short = shorter(raw, entry.type.kind)
            if short != raw:
                found[entry.node.start] = short
    return found


def shorter(raw: str, kind: str) -> str:
    """The shortest spelling of the number `raw` for a field of `kind` "float" or "double", in its notation.

    `raw` itself where it is no decimal with a point or exponent, or has no digit too many.
    """
    match = _DECIMAL.fullmatch(raw)
    if match is None or (match[3] is None and match[4] is None):
        return raw
    whole, fraction = match[2], match[3] or ""
    read: Callable[[str], float | None] = read_float if kind == "float" else read_double
    value = read(raw)
    if value is None or value in (_INFINITY, -_INFINITY):
        return raw
    digits, exponent = _fewest_digits(value, read, _MOST_DIGITS[kind])
    needless_zeros = len(fraction) > 1 and fraction.endswith("0")
    if len(digits) >= len((whole + fraction).strip("0")) and not needless_zeros:
        return raw
    short = _spelled(digits, exponent, match[4] is not None)
    short = match[1] + (short if whole else short.removeprefix("0"))
    # Spelling out a large number could make it longer.
    return short if len(short) < len(raw) and read(short) == value else raw


def _fewest_digits(value: float, read: Callable[[str], float | None], most: int) -> tuple[str, int]:
    """The fewest digits that `read` takes for the magnitude of `value`, and the power of ten of the first."""
    for count in range(1, most + 1):
        rounded = f"{abs(value):.{count - 1}e}"
        if read(rounded) == abs(value):
            break
    mantissa, exponent = rounded.split("e")
    return mantissa.replace(".", ""), int(exponent)


def _spelled(digits: str, exponent: int, scientific: bool) -> str:
    """The number `digits` x 10^`exponent`, with the point behind the first digit, written out."""
    if scientific:
        fraction = digits[1:].rstrip("0")
        return f"{digits[0]}{'.' + fraction if fraction else ''}e{exponent}"
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :] or '0'}"
