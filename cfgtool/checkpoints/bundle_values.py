"""Values of bundles: slices of their data files, and partitioned variables put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import WIDTHS
from cfgtool.checkpoints.mapping import mapped
from cfgtool.checkpoints.strings import checked_bytes
from cfgtool.crc32c import masked_crc32c

if TYPE_CHECKING:
    from cfgtool.checkpoints.checkpoint import Checkpoint
    from cfgtool.checkpoints.entry import Entry

_MISSING = "data file of the checkpoint is missing"
_HINT = "names and shapes are in the index, values only there"


class BundleSource:
    """The values of a bundle. Data files are mapped when first needed; `check` compares checksums."""

    def __init__(self, checkpoint: Checkpoint, *, check: bool) -> None:
        self._checkpoint = checkpoint
        self._check = check
        self._files: dict[int, memoryview] = {}
        self._remote: dict[str, BinaryIO] = {}

    def raw(self, entry: Entry) -> memoryview:
        """The bytes of a value: see `Values.raw`. Raises DamageError, UserError if a data file is missing."""
        if not entry.slices:
            return self.stored(entry, repr(entry.name))
        from cfgtool.checkpoints.partition import assemble

        try:
            parts = self.parts(entry)
            raws = [self.stored(part, f"a part of {entry.name!r}") for part in parts]
            return assemble(entry, WIDTHS[entry.dtype], raws)
        except DamageError as error:
            raise DamageError(
                error.offset, error.what, error.path or f"{self._checkpoint.path}.index"
            ) from None

    def parts(self, entry: Entry) -> list[Entry]:
        """The entries of the parts of a partitioned variable. Raises DamageError if one is not there or differs."""
        from cfgtool.checkpoints.ordered_code import slice_key
        from cfgtool.checkpoints.partition import part_shape

        found = []
        for part in entry.slices:
            stored = self._checkpoint.parts.get(slice_key(entry.name.encode(), part))
            if stored is None:
                raise DamageError(0, f"{entry.name!r} has no part {list(part)}")
            if (stored.dtype, stored.shape) != (entry.dtype, part_shape(part, entry.shape)):
                message = f"the part {list(part)} of {entry.name!r} has {stored.dtype} of shape {list(stored.shape)}"
                raise DamageError(0, message)
            found.append(stored)
        return found

    def stored(self, entry: Entry, what: str) -> memoryview:
        """The bytes that one entry of the index says; `what` is its name in messages."""
        path = self._checkpoint.data_file(entry.shard)
        view = self._part(entry)
        if len(view) != entry.size:
            raise DamageError(
                entry.offset, f"it ends before byte {entry.offset + entry.size}, where {what} ends", path
            )
        if self._check and not _matches(entry, view):
            raise DamageError(entry.offset, f"the checksum of {what} does not match", path)
        return view

    def _part(self, entry: Entry) -> memoryview:
        path = self._checkpoint.data_file(entry.shard)
        if "://" not in path:
            return self.file(entry.shard)[entry.offset : entry.offset + entry.size]
        from cfgtool import remote

        if path not in self._remote:
            self._remote[path] = remote.open_file(path)
        self._remote[path].seek(entry.offset)
        return memoryview(self._remote[path].read(entry.size))

    def file(self, shard: int) -> memoryview:
        """The content of a data file. Raises UserError if it cannot be read."""
        if shard not in self._files:
            self._files[shard] = mapped(self._checkpoint.data_file(shard), _MISSING, _HINT)
        return self._files[shard]


def _matches(entry: Entry, view: memoryview) -> bool:
    """True if the checksum of a value is right."""
    checked: bytes | memoryview = view
    if entry.dtype == "string":
        if entry.elements > len(view):
            return False
        try:
            checked = checked_bytes(view, entry.elements)
        except DamageError:  # the lengths are cut off
            return False
    return masked_crc32c(checked) == entry.crc
