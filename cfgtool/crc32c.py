"""CRC-32C (Castagnoli), the checksum of TFRecords and checkpoints: plain Python, or google-crc32c where installed.

A message is one large integer. Its first part is folded onto the rest, which leaves the remainder as it is, until few
bytes are left for a table (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", 2009). Each
fold uses a multiple of the polynomial that has few terms, so that three or five shifts and exclusive-ors of whole
integers do. Polynomial and bit order: RFC 3720, appendix B.4. The first bit of a message is the lowest of the integer
and stands for the highest power.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

POLYNOMIAL = 0x82F63B78  # bit i stands for x**(31 - i)
_MASK_DELTA = 0xA282EAD8
_CHUNK = 63_600  # bytes; one fold at the first step, and all integers stay in the processor's cache
_LARGE = 1 << 20  # bytes from which on looking for google-crc32c pays

FOLDS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (262144, (15108, 10429, 0)),
    (139319, (9601, 9024, 0)),
    (74019, (8976, 6922, 0)),
    (39342, (3683, 804, 0)),
    (22542, (1724, 1457, 0)),
    (12446, (1005, 474, 0)),
    (6423, (237, 230, 194, 82, 0)),
    (3338, (377, 270, 259, 102, 0)),
    (1865, (397, 330, 213, 121, 0)),
    (1143, (229, 138, 126, 89, 0)),
    (795, (151, 144, 115, 38, 0)),
    (563, (109, 58, 53, 31, 0)),
)
"""(a, (b, c, ...)): x**a is x**b + x**c + ... modulo the polynomial. Found by search; a test multiplies them out."""

_table: list[int] = []


def _byte_table() -> list[int]:
    if not _table:
        for value in range(256):
            register = value
            for _ in range(8):
                register = register >> 1 ^ (POLYNOMIAL if register & 1 else 0)
            _table.append(register)
    return _table


def _remainder(message: int, bits: int) -> int:
    """`message` of that many bits (a multiple of 8, at least 32) modulo the polynomial."""
    for power, terms in FOLDS:
        while bits > power:
            size = min(bits - power, power - terms[0])
            head = message & ((1 << size) - 1)
            message >>= size
            for term in terms:
                message ^= head << (power - term - size)
            bits -= size
    message <<= -bits % 8
    table = _byte_table()
    for _ in range((bits + 7) // 8 - 4):
        message = message >> 8 ^ table[message & 0xFF]
    return message


def crc32c(data: bytes | memoryview) -> int:
    """The CRC-32C of `data`, 0..2**32-1: about 500 MB/s, with google-crc32c several GB/s."""
    extend = _installed() if len(data) >= _LARGE else None
    if extend is None:
        return _plain(data)
    crc = 0
    for start in range(0, len(data), _LARGE):  # it takes nothing but bytes
        crc = extend(crc, bytes(data[start : start + _LARGE]))
    return crc


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum as both formats store it: rotated right by 15 bits, plus a constant."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def _plain(data: bytes | memoryview) -> int:
    register = 0xFFFFFFFF
    for start in range(0, len(data), _CHUNK):
        part = data[start : start + _CHUNK]
        register = _remainder(int.from_bytes(part, "little") ^ register, 8 * len(part) + 32)
    return register ^ 0xFFFFFFFF


def _installed() -> Callable[[int, bytes], int] | None:
    """The function of google-crc32c that goes on from a checksum; None where it is not installed."""
    try:
        from google_crc32c import extend
    except ImportError:
        return None
    return extend  # type: ignore[no-any-return]
