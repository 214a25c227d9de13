"""Carrying out a conversion: a new checkpoint with the values of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.checkpoints.object_graph_writer import object_based
from cfgtool.checkpoints.values import Values
from cfgtool.checkpoints.writer import Tensor, check_prefix, write_bundle
from cfgtool.errors import UserError
from cfgtool.matching.conversion import STEP

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.checkpoints.writer import Written
    from cfgtool.matching.conversion import Conversion


def check_target(checkpoint: Checkpoint, prefix: str, *, force: bool) -> None:
    """Raise UserError where the new checkpoint cannot be written: see `check_prefix`."""
    import os

    if os.path.realpath(prefix) == os.path.realpath(checkpoint.path):
        raise UserError("is the checkpoint that is read", path=prefix, hint="choose another name for -o")
    check_prefix(prefix, force=force)


def write_conversion(conversion: Conversion, prefix: str, *, force: bool) -> Written:
    """Write the new checkpoint, comparing the checksum of every value that is read.

    One for TF2 is object-based: `tf.train.Checkpoint(model=..., step=...)` restores it. Raises UserError if a
    value cannot be read, or the files not be written.
    """
    network, checkpoint = conversion.network, conversion.checkpoint
    check_target(checkpoint, prefix, force=force)
    with Values(checkpoint, check=True) as values:
        named = [
            (_tensor(values, copy.key, copy.entry), copy.variable.keras_name or copy.variable.name)
            for copy in conversion.copies
        ]
        if conversion.step is not None:
            key = STEP[network.generation]
            named.append((_tensor(values, key, conversion.step), key))
        if network.generation == "tf2":
            tensors = object_based(named, save_counter=_number(prefix))
        else:
            tensors = [tensor for tensor, _ in named]
        return write_bundle(prefix, tensors, force=force)


def copy_checkpoint(checkpoint: Checkpoint, prefix: str, *, force: bool) -> Written:
    """Write every tensor of a checkpoint under its own name into one of the V2 format.

    That is what a frozen graph, a SavedModel and a checkpoint in one file need to be restored from.
    """
    check_target(checkpoint, prefix, force=force)
    with Values(checkpoint, check=True) as values:
        tensors = [_tensor(values, entry.name, entry) for entry in checkpoint.entries.values()]
        return write_bundle(prefix, tensors, force=force)


def _tensor(values: Values, name: str, entry: Entry) -> Tensor:
    return Tensor(name, entry.dtype, entry.shape, lambda: values.raw(entry))


def _number(prefix: str) -> int:
    """The number of the new checkpoint, from which the next one is counted: that of its prefix, or 1."""
    digits = prefix.rpartition("-")[2]
    return int(digits) if digits.isdecimal() and len(digits) < 19 else 1
