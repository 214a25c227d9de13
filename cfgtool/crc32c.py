"""CRC-32C (Castagnoli), the checksum of TFRecords and checkpoints, in plain Python at about 100 MB/s.

A message is one large integer. Its first part is folded onto the rest with a factor that leaves the remainder
as it is, which takes a few shifts and exclusive-ors of whole integers, until few bytes are left for a table
(Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", 2009). Polynomial and bit
order: RFC 3720, appendix B.4. The first bit of a message is the lowest of the integer and stands for the
highest power.
"""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78  # bit i stands for x**(31 - i)
_MASK_DELTA = 0xA282EAD8
_CHUNK = 1 << 16
_SHORT = 512  # bits that the table finishes

_table: list[int] = []
_powers: list[int] = [1 << 30]  # x**(2**i) modulo the polynomial, x itself first


def _times(a: int, b: int) -> int:
    """The product of two remainders, modulo the polynomial."""
    product = 0
    for bit in range(31, -1, -1):  # from x**0 on; `a` is multiplied by x at each step
        if b >> bit & 1:
            product ^= a
        a = a >> 1 ^ (_POLYNOMIAL if a & 1 else 0)
    return product


def _power(exponent: int) -> int:
    """x**(2**exponent) modulo the polynomial."""
    while len(_powers) <= exponent:
        _powers.append(_times(_powers[-1], _powers[-1]))
    return _powers[exponent]


def _byte_table() -> list[int]:
    if not _table:
        for value in range(256):
            register = value
            for _ in range(8):
                register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
            _table.append(register)
    return _table


def _remainder(message: int, bits: int) -> int:
    """`message` of that many bits (a multiple of 8, at least 32) modulo the polynomial."""
    while bits > _SHORT:
        exponent = (bits - 1).bit_length() - 1
        keep = 1 << exponent
        head_bits = bits - keep
        head = message & ((1 << head_bits) - 1)
        factor = _power(exponent)
        product = 0
        while factor:
            low = factor & -factor
            product ^= head << low.bit_length() - 1
            factor ^= low
        bits = max(keep, head_bits + 32)
        message = (message >> head_bits) << (bits - keep) ^ product << (bits - head_bits - 31)
    table = _byte_table()
    for _ in range(bits // 8 - 4):
        message = message >> 8 ^ table[message & 0xFF]
    return message


def crc32c(data: bytes | memoryview) -> int:
    """The CRC-32C of `data`, 0..2**32-1."""
    register = 0xFFFFFFFF
    for start in range(0, len(data), _CHUNK):
        part = data[start : start + _CHUNK]
        register = _remainder(int.from_bytes(part, "little") ^ register, 8 * len(part) + 32)
    return register ^ 0xFFFFFFFF


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum as both formats store it: rotated right by 15 bits, plus a constant."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
