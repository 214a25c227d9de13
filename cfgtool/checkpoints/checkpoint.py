"""A checkpoint as its index describes it: names, shapes, element types, and where the values lie."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.checkpoints.bundle import read_index
from cfgtool.checkpoints.damage import DamageError, UnreadableError
from cfgtool.checkpoints.entry import Entry
from cfgtool.checkpoints.kinds import SAVED_MODEL, is_graph_file, is_in_saved_model, is_single_file
from cfgtool.checkpoints.names import OBJECT_GRAPH, VALUE_SUFFIX
from cfgtool.errors import UserError
from cfgtool.files import is_file

if TYPE_CHECKING:
    from cfgtool.checkpoints.graph import ObjectGraph

_MAX_INDEX_BYTES = 1 << 28


class Checkpoint:
    """`path` is the prefix of the files, `entries` every tensor by its key, in the order of the file.

    `container` is the kind of its files: "bundle" (the V2 format: an index and data files), "v1" (one file),
    "saved_model" (the bundle of a SavedModel, or the constants of its graph), "frozen_graph".
    `format` is "tf2-object" (written by tf.train.Checkpoint: keys are paths of objects) or "tf1-name"
    (written by a Saver: keys are names of graph variables). `step` is the number that the prefix ends in
    (TF1: the training step, TF2: the number of the checkpoint), None without one. `notes` say what was made
    of the path that was asked for, and `path_error` is the exception (its type, its text) that the OD API
    raises for that spelling, None if it takes it. `shards` counts the data files of a bundle, 0 where everything is in
    the one file `path`; `parts` are the slices of partitioned variables by their encoded keys.
    """

    __slots__ = (
        "_graph",
        "_graph_wanted",
        "container",
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
        container: str = "bundle",
    ) -> None:
        self.path = path
        self.container = container
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
        """The name of a data file; without any, that of the one file."""
        if not self.shards:
            return self.path
        return f"{self.path}.data-{shard:05d}-of-{self.shards:05d}"

    def missing_data(self) -> list[str]:
        """The data files that are not there."""
        names = [self.data_file(shard) for shard in range(self.shards)]
        return [name for name in names if not is_file(name)]

    @property
    def has_data(self) -> bool:
        """True if all files are there; names and shapes need the index alone."""
        return not self.missing_data()

    @property
    def in_graph(self) -> bool:
        """True if the values are constants of a graph, which no reader of checkpoints in TensorFlow takes."""
        return not self.shards and self.container != "v1"


def read_checkpoint(prefix: str, notes: tuple[str, ...] = ()) -> Checkpoint:
    """The checkpoint with the files `prefix`.index and `prefix`.data-*, of which only the index is read.

    Without an index, `prefix` may be the one file of a V1 checkpoint or of a frozen graph. Raises UserError, with the
    path and the offset in bytes, if that file is not whole.
    """
    path = f"{prefix}.index"
    if not is_file(path):
        if is_single_file(prefix):
            return _single_file(prefix, notes)
        if is_graph_file(prefix):
            return _graph(prefix, notes)
    data = _read_file(path)
    try:
        bundle = read_index(data)
    except DamageError as error:
        raise _explain(path, data, error) from error
    entries: dict[str, Entry] = {}
    for entry in bundle.entries.values():
        entries[entry.key if entry.key not in entries else entry.name] = entry
    format_ = "tf2-object" if OBJECT_GRAPH in entries else "tf1-name"
    container = "saved_model" if is_in_saved_model(prefix) else "bundle"
    return Checkpoint(prefix, format_, entries, bundle.shards, bundle.parts, notes, container)


def _single_file(path: str, notes: tuple[str, ...]) -> Checkpoint:
    from cfgtool.checkpoints.single_file import read_single_file

    try:
        entries = read_single_file(path)
    except DamageError as error:
        raise _damaged("checkpoint", path, error) from error
    return Checkpoint(path, "tf1-name", entries, 0, None, notes, "v1")


def _graph(path: str, notes: tuple[str, ...]) -> Checkpoint:
    from cfgtool.checkpoints.frozen_graph import read_graph_file

    try:
        entries, marked = read_graph_file(path)
    except DamageError as error:
        raise _damaged("graph", path, error) from error
    container = "saved_model" if os.path.basename(path) == SAVED_MODEL else "frozen_graph"
    if not marked:
        notes += ("no constant of the graph is read like a variable: all with numbers are listed",)
    return Checkpoint(path, "tf1-name", entries, 0, None, notes, container)


def _read_file(path: str) -> bytes:
    if "://" in path:
        from cfgtool import remote

        return remote.read(path, _MAX_INDEX_BYTES)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > _MAX_INDEX_BYTES:
                raise UserError(f"{size >> 20} MiB are too many for a checkpoint index", path=path)
            return file.read(size)  # reading claims as much memory as it may read
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
    return _damaged("checkpoint index", path, error)


def _damaged(what: str, path: str, error: DamageError) -> UserError:
    if isinstance(error, UnreadableError):
        return UserError(f"{what} cannot be read: {error.what}", path=path)
    message = f"{what} is damaged at byte {error.offset}: {error.what}"
    return UserError(message, path=path, hint="copy or download the checkpoint again")


def _step(prefix: str) -> int | None:
    digits = prefix.rpartition("-")[2]
    return int(digits) if digits.isdecimal() and len(digits) < 19 else None
