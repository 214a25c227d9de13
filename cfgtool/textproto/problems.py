"""The slugs of `Problem.code`: one table of what can be wrong with the text itself."""

from __future__ import annotations

CODES: dict[str, str] = {
    "bad-escape": "an escape in a string that cannot be decoded, such as `\\x` without hex digits",
    "bad-name": "a name in brackets that is neither `[pkg.extension]` nor `[host/pkg.Type]`",
    "bad-number": "a number that cannot be read, such as `08`, `1.2.3` or `- 1`",
    "byte-order-mark": "a byte order mark at the start; protobuf refuses the file",
    "equals-sign": "`=` where `:` belongs",
    "extra-closing-brace": "a `}` or `>` that closes nothing",
    "invalid-utf8": "bytes that are not UTF-8",
    "mismatched-delimiter": "a block opened with `{` and closed with `>`, or the other way round",
    "missing-colon": "no `:` between a name and its scalar value",
    "missing-comma": "no `,` between two items of a list",
    "missing-name": "a block without a name",
    "missing-opening-brace": "a name and an indented body, but no `{` between them",
    "missing-value": "a name without a value",
    "nested-list": "a list in a list",
    "smart-quote": "a string in typographic quotes",
    "stray-separator": "a `,` or `;` that follows no field or no item",
    "trailing-comma": "a `,` before the `]` of a list",
    "unclosed-block": "a block without its closing delimiter",
    "unclosed-list": "a list without its `]`",
    "unexpected-text": "text where a field, or the end of a block, should stand",
    "unexpected-value": "a scalar or a list after `[host/pkg.Type]`, which takes a block",
    "unquoted-value": "a value that is neither a string in quotes, a number, nor an identifier",
    "unterminated-string": "a string without its closing quote on its line",
}
"""Slug -> what the text has. Every slug that `parse` reports is here."""
