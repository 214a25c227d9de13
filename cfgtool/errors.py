"""The one exception that means "the user can mend this": printed as one message, never as a traceback."""

from __future__ import annotations


class UserError(Exception):
    """A mistake in what the user gave: a file, a value, a command line.

    `message` is one sentence, lower case, without a full stop, with the offending value quoted; `hint` says the way
    out. `path`, `line` and `column` (1-based) say where, as far as known.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        place = self.path or ""
        if place and self.line is not None:
            place += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}; {self.hint}" if self.hint else text
