"""What is wrong with a checkpoint file, and where."""

from __future__ import annotations


class DamageError(Exception):
    """Bytes that cannot be what they should be: `what` is wrong at byte `offset` of the file or block.

    Raised by the readers below `open_checkpoint` and `Values`, which turn it into a UserError. `path` is the file where
    the reader has several to choose from.
    """

    def __init__(self, offset: int, what: str, path: str | None = None) -> None:
        super().__init__(f"byte {offset}: {what}")
        self.offset = offset
        self.what = what
        self.path = path


class UnreadableError(DamageError):
    """Bytes that are as they should be, but of a kind that is not read here."""
