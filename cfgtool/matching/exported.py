"""SavedModels that the OD API exports in TF2: their variables under the paths that a checkpoint has them under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.checkpoints.names import VALUE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.networks.variables import Variable


def as_trained(checkpoint: Checkpoint, variables: Iterable[Variable]) -> Checkpoint:
    """`checkpoint` itself, or for a SavedModel of objects one whose entries of `variables` have the keys of training.

    The exporter holds the model as `_model`, and a SavedModel stores a layer's variables under their numbers. Its
    object graph leads to them.
    """
    if checkpoint.container != "saved_model" or checkpoint.format != "tf2-object":
        return checkpoint
    from cfgtool.checkpoints import Checkpoint as Renamed

    found: dict[str, Entry] = {}
    taken = set()
    for variable in variables:
        key = variable.tf2_key
        entry = checkpoint.find(f"_{key}") if key else None
        if key is not None and entry is not None:
            found[key] = _called(entry, f"{key}{VALUE_SUFFIX}")
            taken.add(entry.key)
    if not found:
        return checkpoint
    rest = {key: entry for key, entry in checkpoint.entries.items() if key not in taken}
    renamed = Renamed(
        checkpoint.path,
        checkpoint.format,
        {**found, **rest},
        checkpoint.shards,
        checkpoint.parts,
        checkpoint.notes,
        checkpoint.container,
    )
    renamed.path_error = checkpoint.path_error
    return renamed


def _called(entry: Entry, name: str) -> Entry:
    """The same value under another name."""
    from cfgtool.checkpoints import Entry as Called

    called = Called(name, entry.dtype, entry.shape, entry.shard, entry.offset, entry.size, entry.crc)
    called.slices = entry.slices
    return called
