"""Checkpoint files, read without TensorFlow: names, shapes and types from the index, values on demand."""

from __future__ import annotations

from cfgtool.checkpoints.checkpoint import Checkpoint, read_checkpoint
from cfgtool.checkpoints.entry import Entry
from cfgtool.checkpoints.locate import resolve_checkpoint

__all__ = ["Checkpoint", "Entry", "open_checkpoint", "read_checkpoint", "resolve_checkpoint"]


def open_checkpoint(path: str) -> Checkpoint:
    """The checkpoint that `path` means, in any of the spellings that `resolve_checkpoint` understands.

    Raises UserError if there is none, or if its index cannot be read.
    """
    location = resolve_checkpoint(path)
    checkpoint = read_checkpoint(location.prefix, location.notes)
    checkpoint.path_error = location.error
    return checkpoint
