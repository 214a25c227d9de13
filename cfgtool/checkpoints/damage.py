"""What is wrong with a checkpoint file, and where."""

from __future__ import annotations


class DamageError(Exception):
    """Bytes that cannot be what they should be: `what` is wrong at byte `offset` of the file or block.

    Raised by the readers below `open_checkpoint`, which turns it into a UserError with the path.
    """

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"byte {offset}: {what}")
        self.offset = offset
        self.what = what
