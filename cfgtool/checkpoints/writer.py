"""Writing checkpoints in the V2 format without TensorFlow.

A bundle is an index, a table of `BundleEntryProto` under the names of the tensors, and a data file with their values
one behind the other (tensorflow/core/protobuf/tensor_bundle.proto, whose field numbers are named below).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import BinaryIO, NamedTuple

from cfgtool.checkpoints.encode import bytes_field, fixed32_field, number_field
from cfgtool.checkpoints.entry import DTYPES, NO_NUMBERS, WIDTHS
from cfgtool.checkpoints.strings import checked_bytes
from cfgtool.checkpoints.table_writer import write_table
from cfgtool.crc32c import masked_crc32c
from cfgtool.errors import UserError
from cfgtool.files import atomic_write, refuse_remote, sync_folder

_CODES = {name: code for code, (name, _) in DTYPES.items()}
_HEADER = number_field(1, 1) + bytes_field(3, number_field(1, 1))  # num_shards, version.producer
_STATE = "checkpoint"


class Tensor(NamedTuple):
    """What is to be written: `raw` gives the value when its turn comes, as `Values.raw` does."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    raw: Callable[[], bytes | memoryview]


class Written(NamedTuple):
    """The files of a new checkpoint, and the bytes of its values; `state_file` is None if it is left as it was."""

    index_file: str
    data_file: str
    state_file: str | None
    value_bytes: int


def check_prefix(prefix: str, *, force: bool = False) -> None:
    """Raise UserError where no checkpoint could be written, or where one is and `force` is not given."""
    refuse_remote(prefix, "a checkpoint that is written")
    folder, name = os.path.split(prefix)
    if not name or os.path.isdir(prefix):
        hint = f"add a name, such as {os.path.join(prefix, 'ckpt-1')!r}"
        raise UserError("is a folder, not the prefix of a checkpoint", path=prefix, hint=hint)
    if name.endswith(".index") or ".data-" in name:
        hint = "a checkpoint is named by what its files have in common, before '.index'"
        raise UserError("is the name of a file, not the prefix of a checkpoint", path=prefix, hint=hint)
    if folder and os.path.exists(folder) and not os.path.isdir(folder):
        raise UserError("is a file, not a folder", path=folder, hint="choose another prefix")
    # Data without an index may be all that is left of one, and a V1 checkpoint would be hidden by the new one.
    for path in (f"{prefix}.index", _data_file(prefix), prefix):
        if os.path.lexists(path) and not force:
            raise UserError("exists already", path=path, hint="give --force to replace it")


def write_bundle(prefix: str, tensors: Sequence[Tensor], *, force: bool = False) -> Written:
    """Write the files of a checkpoint, and the state file of its folder if it has none (or with `force`).

    Values are asked for one at a time and in the order of their names. Whenever this is cut short there is no
    checkpoint called `prefix`, or the whole one: both files are written under other names, and the index gets its own
    one last. With `force` an old checkpoint is gone from the moment on at which the new one is complete on disk. Raises
    UserError as `check_prefix` does, and for what the system refuses; ValueError for two tensors of one name, or for a
    value that has not the size of its shape.
    """
    check_prefix(prefix, force=force)
    index, data = f"{prefix}.index", _data_file(prefix)
    folder = os.path.dirname(prefix)
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
        with _temporary(index) as new_index, _temporary(data) as new_data:
            rows, size = _write_values(new_data, tensors)
            with _created(new_index) as file:
                write_table(file, rows)
            if os.path.lexists(index):
                # With the old index beside the new data a reader would find a checkpoint that is neither.
                os.unlink(index)
                sync_folder(folder)
            os.replace(new_data, data)
            sync_folder(folder)
            os.replace(new_index, index)
            sync_folder(folder)
    except OSError as error:
        path = error.filename or prefix
        raise UserError(f"cannot be written: {error.strerror or error}", path=str(path)) from None
    _remove_other_shards(prefix, data)
    return Written(index, data, _write_state(prefix, force=force), size)


def _data_file(prefix: str) -> str:
    return f"{prefix}.data-00000-of-00001"


def _write_values(path: str, tensors: Sequence[Tensor]) -> tuple[list[tuple[bytes, bytes]], int]:
    """Write the data file; the rows of the index in order, and the bytes of all values."""
    rows = [(b"", _HEADER)]
    offset = 0
    with _created(path) as file:
        for tensor in sorted(tensors, key=_key):
            raw = tensor.raw()
            width, elements = WIDTHS[tensor.dtype], prod(tensor.shape)
            if tensor.dtype not in NO_NUMBERS and len(raw) != width * elements:
                what = f"{len(raw)} bytes for {tensor.dtype} of shape {list(tensor.shape)}"
                raise ValueError(f"{tensor.name!r} has {what}")
            checked = checked_bytes(raw, elements) if tensor.dtype == "string" else raw
            rows.append((_key(tensor), _entry(tensor, offset, len(raw), masked_crc32c(checked))))
            file.write(raw)
            offset += len(raw)
    return rows, offset


def _key(tensor: Tensor) -> bytes:
    return tensor.name.encode("utf-8", "surrogateescape")


def _entry(tensor: Tensor, offset: int, size: int, crc: int) -> bytes:
    """A `BundleEntryProto`."""
    dims = b"".join(bytes_field(2, number_field(1, length)) for length in tensor.shape)
    return (
        number_field(1, _CODES[tensor.dtype])
        + bytes_field(2, dims)  # shape
        + number_field(4, offset)
        + number_field(5, size)
        + fixed32_field(6, crc)
    )


@contextlib.contextmanager
def _temporary(path: str) -> Iterator[str]:
    """A name beside `path` for what will be called so; what is left under it at the end is deleted."""
    name = f"{path}.{os.getpid()}.tmp"
    try:
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


@contextlib.contextmanager
def _created(path: str) -> Iterator[BinaryIO]:
    """A new file, on disk when it is closed."""
    with open(path, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _remove_other_shards(prefix: str, data: str) -> None:
    """Delete the data files of an old checkpoint in several parts, which nothing points to any more."""
    folder, name = os.path.split(prefix)
    for other in os.listdir(folder or "."):
        path = os.path.join(folder, other)
        number, _, count = other.removeprefix(f"{name}.data-").partition("-of-")
        shard = other.startswith(f"{name}.data-") and number.isdecimal() and count.isdecimal()
        if shard and path != data:
            with contextlib.suppress(OSError):
                os.unlink(path)


def _write_state(prefix: str, *, force: bool) -> str | None:
    """Write the state file of the folder, which names its newest checkpoint; returns its path, None if it stays."""
    folder, name = os.path.split(prefix)
    path = os.path.join(folder, _STATE)
    if os.path.lexists(path) and not force:
        return None
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    text = f"model_checkpoint_path: {quoted}\nall_model_checkpoint_paths: {quoted}\n"
    atomic_write(path, text.encode("utf-8", "surrogateescape"))
    return path
