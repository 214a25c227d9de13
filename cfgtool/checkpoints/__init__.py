"""Checkpoint files, read without TensorFlow."""

from __future__ import annotations

from cfgtool.checkpoints.bundle import Checkpoint, Entry, read_checkpoint
from cfgtool.checkpoints.locate import resolve_checkpoint

__all__ = ["Checkpoint", "Entry", "open_checkpoint", "read_checkpoint", "resolve_checkpoint"]


def open_checkpoint(path: str) -> Checkpoint:
    """The checkpoint that `path` means, in any of the spellings that `resolve_checkpoint` understands.

    Raises UserError if there is none, or if its index cannot be read.
    """
    prefix, notes = resolve_checkpoint(path)
    return read_checkpoint(prefix, notes)
