"""What a schema error is, and the table of all of them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.textproto import Edit

SLUGS: dict[str, str] = {
    "unknown-field": "a field that the message does not have",
    "field-name-case": "a field name in the wrong case or with wrong separators",
    "unknown-extension": "an extension or Any field, whose schema is not known here",
    "wrong-type": "a value of a kind that the field does not take",
    "unknown-enum-value": "a name or number that the enum does not have",
    "quoted-enum": "an enum value in quotes",
    "quoted-number": "a number in quotes",
    "quoted-bool": "a boolean in quotes",
    "unquoted-string": "a string without quotes",
    "number-out-of-range": "a number that its type cannot hold",
    "duplicate-scalar": "a field for one value is given several times in a block; the last wins silently",
    "duplicate-message": "a block that may stand once is given several times; they are merged silently",
    "oneof-conflict": "several members of one oneof in one block; all but the last are dropped silently",
    "placeholder-path": "a path that still has to be filled in",
    "control-character": "single backslashes of a path that turn into control characters",
    "string-not-utf8": "escapes in a string that decode to bytes which are not UTF-8",
    "enum-number": "an enum value given by its number",
}
"""Slug of a schema problem -> what the config has."""

SEVERITIES: dict[str, str] = {
    "duplicate-scalar": "warning",
    "duplicate-message": "warning",
    "enum-number": "info",
}
"""Slug -> severity where it is not "error"."""


PLACEHOLDERS = ("PATH_TO", "path/to/", "YOUR_", "your_bucket", "<PATH", "<path", "PATH_HERE", "path_to_")
"""Parts of the paths in sample configs that their users are to replace."""


class SchemaProblem:
    """One schema error: a slug of `SLUGS`, a message, its span, the path of the field it is about.

    `fix` is a title and the edits that mend this one problem; `fix_safe` tells whether the config means the
    same afterwards (or what it could only have meant). `related` is the span of another place that the
    message names.
    """

    __slots__ = ("code", "end", "fix", "fix_safe", "message", "path", "related", "start")

    def __init__(self, code: str, message: str, start: int, end: int, path: str) -> None:
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.path = path
        self.fix: tuple[str, list[Edit]] | None = None
        self.fix_safe = False
        self.related: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"SchemaProblem({self.code!r}, {self.message!r}, {self.start}, {self.end})"
