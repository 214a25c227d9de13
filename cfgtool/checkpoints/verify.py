"""A whole checkpoint checked: every checksum, every range, and that everything listed is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.checkpoints.checkpoint import Checkpoint, read_checkpoint
from cfgtool.checkpoints.damage import DamageError
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.checkpoints.locate import Location

Progress = Callable[[int, int], None]


class Damage(NamedTuple):
    """`what` is wrong at byte `offset` of `file`; `tensor` is None where it is about no tensor, or about all."""

    tensor: str | None
    file: str
    offset: int
    what: str


class Verification(NamedTuple):
    """`checkpoint` is None if its index cannot be read; `size` counts the bytes of values that were looked at."""

    checkpoint: Checkpoint | None
    size: int
    damages: list[Damage]


def verify(location: Location, progress: Progress | None = None) -> Verification:
    """Check the checkpoint at a resolved place, reporting (bytes done, bytes in all) to `progress`.

    Raises UserError for files that are not there or cannot be opened; what is wrong inside of them is a damage.
    """
    try:
        checkpoint = read_checkpoint(location.prefix, location.notes)
    except UserError as error:
        cause = error.__cause__
        if not isinstance(cause, DamageError):
            raise
        what = cause.what if " is damaged at byte " in error.message else error.message
        return Verification(None, 0, [Damage(None, error.path or location.prefix, cause.offset, what)])
    if checkpoint.shards:
        from cfgtool.checkpoints.verify_bundle import bundle_damages as damages
    elif checkpoint.container == "v1":
        from cfgtool.checkpoints.verify_files import single_file_damages as damages
    else:
        from cfgtool.checkpoints.verify_files import graph_damages as damages
    counted = _Counter(progress)
    found = list(damages(checkpoint, counted))
    return Verification(checkpoint, counted.done, found)


class _Counter:
    """Adds up what was done, and tells it on."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.done = 0

    def __call__(self, size: int, total: int) -> None:
        self.done += size
        if self._progress is not None:
            self._progress(self.done, total)
