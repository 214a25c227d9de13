"""What scalars mean: strings to bytes, numbers to numbers, as protobuf's Python text format reads them."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.textproto.tree import Document, Scalar

# Compiled where it is needed: most configs have no escapes, and start-up time counts.
_ESCAPE = r"\\(?:x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}\n]*\}|[\s\S])"
_SIMPLE = {
    "a": b"\a",
    "b": b"\b",
    "f": b"\f",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "\\": b"\\",
    "'": b"'",
    '"': b'"',
}


class Escape:
    """One escape of a string literal, such as the `\\t` of `"C:\\temp"`.

    `value` is what it decodes to, None where protobuf refuses it; `known` is False where protobuf keeps the
    backslash (`\\d`), `control` is True where a control character comes out.
    """

    __slots__ = ("end", "known", "start", "text", "value")

    def __init__(self, start: int, text: str, value: bytes | None, known: bool) -> None:
        self.start = start
        self.end = start + len(text)
        self.text = text
        self.value = value
        self.known = known

    @property
    def control(self) -> bool:
        """Whether the escape decodes to a control character (below 0x20, or 0x7f)."""
        return (
            self.value is not None and len(self.value) == 1 and (self.value < b" " or self.value == b"\x7f")
        )


def _decode_escape(escape: str) -> tuple[bytes | None, bool]:
    """Bytes of one escape (None: refused), and whether it is an escape at all (else the backslash stays)."""
    head = escape[1]
    if head in _SIMPLE:
        return _SIMPLE[head], True
    if head in "01234567":
        octal = int(escape[1:], 8)
        return (bytes((octal,)) if octal < 256 else None), True
    if head == "x":
        return (bytes((int(escape[2:], 16),)) if len(escape) > 2 else None), True
    if head in "uU":
        return _encode(int(escape[2:], 16) if len(escape) > 2 else -1), True
    if head == "N":
        return _named_character(escape[3:-1]), True
    return escape.encode("utf-8", "surrogateescape"), False


def _encode(code_point: int) -> bytes | None:
    """UTF-8 of a code point; None for what is none, surrogates included."""
    if not 0 <= code_point < 0x110000 or 0xD800 <= code_point < 0xE000:
        return None
    return chr(code_point).encode()


def _named_character(name: str) -> bytes | None:
    """The byte of `\\N{name}`: protobuf's Python parser knows these escapes up to code point 255."""
    import unicodedata

    try:
        character = unicodedata.lookup(name)
    except KeyError:
        return None
    return bytes((ord(character),)) if len(character) == 1 and ord(character) < 256 else None


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the contents of the literals that a string scalar consists of."""
    from cfgtool.textproto.lexer import QUOTE, STRING, TOKEN, broken_string_end

    position = start
    while position < end and (match := TOKEN.match(text, position)):
        if match.lastindex == STRING:
            literal_start, position = match.span(STRING)
            yield literal_start + 1, position - 1
        elif match.lastindex == QUOTE:
            literal_start = match.start(QUOTE)
            position, closed = broken_string_end(text, literal_start)
            yield literal_start + 1, position - closed
        else:
            return


def string_value(document: Document, scalar: Scalar) -> bytes:
    """The bytes of a string scalar, adjacent parts joined.

    Escapes that protobuf refuses (a "bad-escape" problem exists) are kept as written; so are bytes that are
    not UTF-8. Raises ValueError if the scalar is not a string.
    """
    if scalar.kind != "string":
        raise ValueError(f"not a string: {document.text[scalar.start : scalar.end]!r}")
    text = document.text
    quote = text[scalar.start]
    content = text[scalar.start + 1 : scalar.end - 1]
    # The common case: one literal without escapes.
    plain = quote in "\"'" and "\\" not in content and '"' not in content and "'" not in content
    if plain and text[scalar.end - 1] == quote and scalar.end > scalar.start + 1:
        return _bytes(content)
    pieces: list[bytes] = []
    for start, end in _parts(text, scalar.start, scalar.end):
        position = start
        for match in re.compile(_ESCAPE).finditer(text, start, end):
            pieces.append(_bytes(text[position : match.start()]))
            value, _ = _decode_escape(match.group())
            pieces.append(_bytes(match.group()) if value is None else value)
            position = match.end()
        pieces.append(_bytes(text[position:end]))
    return b"".join(pieces)


def _bytes(text: str) -> bytes:
    """UTF-8 with undecodable bytes restored; other lone surrogates (never from a file) become `?`."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def string_escapes(document: Document, scalar: Scalar) -> list[Escape]:
    """The escapes of a string scalar with their spans, in order: what the backslashes of a path turn into."""
    text = document.text
    if scalar.kind != "string" or "\\" not in text[scalar.start : scalar.end]:
        return []
    return list(escapes_of(text, scalar.start, scalar.end))


def escapes_of(text: str, start: int, end: int) -> Iterator[Escape]:
    """The escapes of the string literals in the span `start` to `end`."""
    for part_start, part_end in _parts(text, start, end):
        for match in re.compile(_ESCAPE).finditer(text, part_start, part_end):
            value, known = _decode_escape(match.group())
            yield Escape(match.start(), match.group(), value, known)


def parse_int(text: str) -> int:
    """The integer of a number token: decimal, `0x` hex, `0` or `0o` octal, `0b` binary. Range is the
    schema's affair.

    Raises ValueError for anything else, `1.0` and `1e3` included.
    """
    digits = text[1:] if text.startswith("-") else text
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        return int(text, 8)
    return int(text, 0)


def parse_float(text: str) -> float:
    """The number of a number token or of `inf`, `infinity`, `nan` in any case, with an optional `f` at the
    end.

    The value is a double; rounding to float32 is the schema's affair. Raises ValueError for what protobuf
    refuses, such as hex, and digits after a leading zero (`010`).
    """
    digits = text[1:] if text.startswith("-") else text
    if digits[:1] == "0" and digits[1:2].isdigit() and digits[1:2].isascii():
        raise ValueError(f"invalid octal float: {text!r}")
    try:
        return float(text)
    except ValueError:
        pass
    lowered = text.lower()
    if lowered in ("inff", "-inff"):
        return float(lowered[:-1])
    return float(lowered.rstrip("f"))


def is_number(text: str) -> bool:
    """Whether protobuf can read a token that starts like a number, as an integer or as a float."""
    for read in (parse_int, parse_float):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False
