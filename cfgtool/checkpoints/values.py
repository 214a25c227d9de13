"""Values of tensors, read from the files when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import NO_NUMBERS
from cfgtool.checkpoints.wire import varint
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from typing import Any, Protocol

    from cfgtool.checkpoints.checkpoint import Checkpoint
    from cfgtool.checkpoints.entry import Entry

    class Source(Protocol):
        """What the values of a kind of file come from."""

        def raw(self, entry: Entry) -> memoryview:
            """The bytes of a value. Raises DamageError, UserError if a file cannot be opened."""


class Values:
    """The values of one checkpoint, whatever files it has. They are mapped when first needed, until `close`.

    `check` compares the checksum of every value that is read, at about 500 MB/s; frozen graphs have none.
    """

    def __init__(self, checkpoint: Checkpoint, *, check: bool = False) -> None:
        self._checkpoint = checkpoint
        self._check = check
        self._source: Source | None = None

    def __enter__(self) -> Values:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the files; views that were handed out stay valid."""
        self._source = None

    def raw(self, entry: Entry) -> memoryview:
        """The bytes of a value: its elements in row-major order, little-endian; partitioned variables as one.

        Strings are their lengths (varints), a masked CRC-32C of the lengths (4 bytes each), and the strings in a row.
        Raises UserError if the file is missing or too short, or if it is not as it must be where the value lies.
        """
        try:
            if self._source is None:
                self._source = open_source(self._checkpoint, check=self._check)
            return self._source.raw(entry)
        except DamageError as error:
            raise UserError(
                f"is damaged at byte {error.offset}: {error.what}",
                path=error.path or self._checkpoint.path,
                hint="copy or download the checkpoint again",
            ) from None

    def array(self, entry: Entry) -> Any:
        """The value as a NumPy array of the entry's shape, read-only and without a copy (bfloat16 as uint16).

        Raises UserError as `raw` does, and for strings, resources and variants.
        """
        import numpy as np

        if entry.dtype in NO_NUMBERS:
            raise UserError(
                f"{entry.name!r} holds {entry.dtype} values, not numbers", path=self._checkpoint.path
            )
        dtype = "uint16" if entry.dtype == "bfloat16" else entry.dtype
        return np.frombuffer(self.raw(entry), np.dtype(dtype).newbyteorder("<")).reshape(entry.shape)

    def strings(self, entry: Entry) -> list[bytes]:
        """The value of an entry of strings, in row-major order. Raises UserError as `raw` does."""
        raw = bytes(self.raw(entry))
        try:
            return split_strings(raw, entry.elements)
        except DamageError as error:
            raise UserError(f"{entry.name!r}: {error.what}", path=self._checkpoint.path) from None


def split_strings(raw: bytes, count: int) -> list[bytes]:
    """The strings in a value of strings. Raises DamageError if its lengths are not those of its bytes."""
    if count > len(raw):
        raise DamageError(0, f"{len(raw)} bytes for {count} strings")
    lengths = []
    position = 0
    for _ in range(count):
        length, position = varint(raw, position)
        lengths.append(length)
    position += 4  # the checksum of the lengths
    if position + sum(lengths) != len(raw):
        raise DamageError(0, "its strings have another length than they say")
    texts = []
    for length in lengths:
        texts.append(raw[position : position + length])
        position += length
    return texts


def open_source(checkpoint: Checkpoint, *, check: bool) -> Source:
    """The source of a checkpoint's values. Raises DamageError or UserError if its file is none."""
    if checkpoint.shards:
        from cfgtool.checkpoints.bundle_values import BundleSource

        return BundleSource(checkpoint, check=check)
    if checkpoint.container == "v1":
        from cfgtool.checkpoints.single_file import SingleFileSource

        return SingleFileSource(checkpoint.path, check=check)
    from cfgtool.checkpoints.frozen_graph import GraphSource

    return GraphSource(checkpoint.path)
