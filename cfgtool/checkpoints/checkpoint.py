"""A checkpoint as its index describes it: names, shapes, element types, and where the values lie."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.checkpoints.bundle import read_index
from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import Entry
from cfgtool.checkpoints.names import OBJECT_GRAPH, VALUE_SUFFIX
from cfgtool.checkpoints.single_file import is_single_file, read_single_file
from cfgtool.checkpoints.table import MAGIC
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.checkpoints.graph import ObjectGraph

_MAX_INDEX_BYTES = 1 << 28


class Checkpoint:
    """`path` is the prefix of the files, `entries` every tensor by its key, in the order of the file.

    `format` is "tf2-object" (written by tf.train.Checkpoint: keys are paths of objects) or "tf1-name"
    (written by a Saver: keys are names of graph variables). `step` is the number that the prefix ends in
    (TF1: the training step, TF2: the number of the checkpoint), None without one. `notes` say what was made
    of the path that was asked for, and `path_error` is the exception (its type, its text) that the OD API
    raises for that spelling, None if it takes it. `shards` counts the data files, 0 for a checkpoint in one
    file; `parts` are the slices of partitioned variables by their encoded keys.
    """

    __slots__ = (
        "_graph",
        "_graph_wanted",
        "entries",
        "format",
        "notes",
        "parts",
        "path",
        "path_error",
        "shards",
        "step",
    )

    def __init__(
        self,
        path: str,
        format_: str,
        entries: dict[str, Entry],
        shards: int = 1,
        parts: dict[bytes, Entry] | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.format = format_
        self.entries = entries
        self.shards = shards
        self.parts = parts or {}
        self.notes = notes
        self.path_error: tuple[str, str] | None = None
        self.step = _step(path)
        self._graph: ObjectGraph | None = None
        self._graph_wanted = format_ == "tf2-object"

    def find(self, key: str) -> Entry | None:
        """The entry of that key, or of the same variable under another path of the object graph.

        The graph is looked at only where the key is not there and the data file is.
        """
        entry = self.entries.get(key)
        if entry is not None:
            return entry
        from cfgtool.checkpoints.graph import read_graph

        try:
            if self._graph_wanted:
                self._graph_wanted = False
                self._graph = read_graph(self) if self.has_data else None
            name = None if self._graph is None else self._graph.name(key)
        except (DamageError, UserError) as error:
            self._graph = None
            self.notes += (f"its object graph cannot be read: {error}",)
            return None
        return None if name is None else self.entries.get(name.removesuffix(VALUE_SUFFIX))

    def tensors(self) -> list[Entry]:
        """The entries that are no bookkeeping: what can be a variable of a network."""
        return [entry for entry in self.entries.values() if not entry.bookkeeping]

    def data_file(self, shard: int) -> str:
        """The name of a data file."""
        return f"{self.path}.data-{shard:05d}-of-{self.shards:05d}"

    def missing_data(self) -> list[str]:
        """The data files that are not there."""
        names = [self.data_file(shard) for shard in range(self.shards)]
        return [name for name in names if not os.path.isfile(name)]

    @property
    def has_data(self) -> bool:
        """True if values can be read (of the V1 format they cannot); names and shapes need the index alone."""
        return self.shards > 0 and all(os.path.isfile(self.data_file(shard)) for shard in range(self.shards))


def read_checkpoint(prefix: str, notes: tuple[str, ...] = ()) -> Checkpoint:
    """The checkpoint with the files `prefix`.index and `prefix`.data-*, of which only the index is read.

    Without an index, `prefix` itself may be a checkpoint of the V1 format. Raises UserError, with the path
    and the offset in bytes, if the index is not whole.
    """
    path = f"{prefix}.index"
    if not os.path.isfile(path) and is_single_file(prefix):
        try:
            return Checkpoint(prefix, "tf1-name", read_single_file(prefix), shards=0, notes=notes)
        except DamageError as error:
            raise _explain(prefix, MAGIC, error) from None
    data = _read_file(path)
    try:
        bundle = read_index(data)
    except DamageError as error:
        raise _explain(path, data, error) from None
    entries: dict[str, Entry] = {}
    for entry in bundle.entries.values():
        entries[entry.key if entry.key not in entries else entry.name] = entry
    format_ = "tf2-object" if OBJECT_GRAPH in entries else "tf1-name"
    return Checkpoint(prefix, format_, entries, bundle.shards, bundle.parts, notes)


def _read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > _MAX_INDEX_BYTES:
                raise UserError(f"{size >> 20} MiB are too many for a checkpoint index", path=path)
            return file.read(_MAX_INDEX_BYTES)
    except FileNotFoundError:
        raise UserError("no such checkpoint index", path=path) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", path=path) from None


def _explain(path: str, data: bytes, error: DamageError) -> UserError:
    """What the user should know about an index that cannot be read."""
    if data.startswith(b"version https://git-lfs"):
        return UserError("is a Git LFS pointer, not the index itself", path=path, hint="run `git lfs pull`")
    if not data:
        return UserError("checkpoint index is empty", path=path, hint="copy or download the checkpoint again")
    message = f"checkpoint index is damaged at byte {error.offset}: {error.what}"
    return UserError(message, path=path, hint="copy or download the checkpoint again")


def _step(prefix: str) -> int | None:
    digits = prefix.rpartition("-")[2]
    return int(digits) if digits.isdecimal() and len(digits) < 19 else None
