"""What can be wrong with data: one flaw with its place."""

from __future__ import annotations


class Problem:
    """One flaw of a label map, a record file or a record.

    `code` is a short slug, `severity` error, warning or info, `message` one sentence in lower case. In a text
    file `line` and `column` (1-based) and the character `offset` say where; in a TFRecord file `record` (from
    0; None where the records before were not read) and the byte `offset` of its frame do.
    """

    __slots__ = ("code", "column", "line", "message", "offset", "path", "record", "severity")

    def __init__(
        self,
        code: str,
        severity: str,
        message: str,
        path: str,
        *,
        line: int | None = None,
        column: int | None = None,
        record: int | None = None,
        offset: int | None = None,
    ) -> None:
        self.code = code
        self.severity = severity
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.record = record
        self.offset = offset

    @property
    def place(self) -> str:
        """Where in a TFRecord file; empty for a problem of the file as a whole."""
        if self.record is not None:
            return f"record {self.record} (byte {self.offset})"
        return "" if self.offset is None else f"byte {self.offset}"

    def __str__(self) -> str:
        place = self.path
        if self.line is not None:
            place += f":{self.line}:{self.column}"
        elif self.place:
            place += f":{self.place}"
        return f"{place}: {self.severity}: {self.message} [{self.code}]"

    def __repr__(self) -> str:
        return f"Problem({str(self)!r})"

    def as_dict(self) -> dict[str, object]:
        """The fields of the JSON output; the ones that do not apply are null."""
        return {
            "file": self.path,
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "record": self.record,
            "offset": self.offset,
            "line": self.line,
            "column": self.column,
        }
