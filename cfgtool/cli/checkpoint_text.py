"""Checkpoints as text: the tree of their tensors, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.matching.report import checkpoint_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.checkpoints.verify import Verification

_MOST_DAMAGES = 200
"""Longer lists are cut; the JSON form has everything."""


def listing_lines(checkpoint: Checkpoint, *, all_entries: bool, flat: bool) -> Iterator[str]:
    """A checkpoint as `ls` shows it: what it is, its tensors, and how many values they have."""
    yield checkpoint_line(checkpoint)
    for note in checkpoint.notes:
        yield f"note: {printable(note)}"
    entries = list(checkpoint.entries.values()) if all_entries else checkpoint.tensors()
    yield ""
    if flat:
        yield from table([(entry.key, shape_of(entry), entry.dtype) for entry in entries], "<<<")
    elif entries:
        yield from tree(entries)
    yield ""
    tensors = checkpoint.tensors()
    yield f"{len(tensors)} tensors, {sum(entry.elements for entry in tensors):,} values"
    hidden = len(checkpoint.entries) - len(tensors)
    if hidden:
        more = "" if all_entries else " (--all lists them)"
        yield f"{hidden} bookkeeping entries: optimizer, averages, counters{more}"


def tree(entries: Iterable[Entry]) -> Iterator[str]:
    """Entries by module; siblings of the same shapes are one line, and the number of values is that of all of them."""
    from cfgtool.checkpoints.folding import fold

    rows = [("", "shape", "type", "values")]
    tensors = ((entry.key, f"{shape_of(entry)} {entry.dtype}", entry.elements) for entry in entries)
    for line in fold(tensors, sum):
        shape, _, dtype = (line.kind or "").partition(" ")
        rows.append((f"{'  ' * line.depth}{line.label}", shape, dtype, f"{line.amount:,}"))
    return table(rows, "<<<>")


def table(rows: Sequence[tuple[str, ...]], alignment: str) -> Iterator[str]:
    """Rows in columns, each aligned to the left or the right."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max((len(row[column]) for row in shown), default=0) for column in range(len(alignment))]
    for row in shown:
        cells = zip(row, alignment, widths, strict=True)
        yield "  ".join(f"{cell:{side}{width}}" for cell, side, width in cells).rstrip()


def shape_of(entry: Entry) -> str:
    """A shape as text: `3x3x32`."""
    return "x".join(map(str, entry.shape)) or "scalar"


def verification_lines(prefix: str, found: Verification) -> Iterator[str]:
    """What `verify` found, a line per damage."""
    checkpoint = found.checkpoint
    yield printable(prefix) if checkpoint is None else checkpoint_line(checkpoint)
    for damage in found.damages[:_MOST_DAMAGES]:
        name = f"{damage.tensor}: " if damage.tensor is not None else ""
        yield printable(f"{damage.file}: byte {damage.offset}: {name}{damage.what}")
    if len(found.damages) > _MOST_DAMAGES:
        yield f"... and {len(found.damages) - _MOST_DAMAGES} more (--format json lists all)"
    if found.damages:
        tensors = len({damage.tensor for damage in found.damages} - {None})
        yield f"damaged: {len(found.damages)} findings, {tensors} tensors"
    elif checkpoint is not None:
        what = f"{len(checkpoint.entries)} entries, {found.size:,} bytes"
        if checkpoint.in_graph:
            yield f"whole: {what}; a graph has no checksums, only sizes were compared"
        else:
            yield f"whole: {what}, every checksum is right"


def verification_json(prefix: str, found: Verification) -> dict[str, object]:
    """What `verify` found, for programs."""
    checkpoint = found.checkpoint
    return {
        "path": prefix,
        "container": None if checkpoint is None else checkpoint.container,
        "entries": None if checkpoint is None else len(checkpoint.entries),
        "bytes": found.size,
        "checksums": checkpoint is None or not checkpoint.in_graph,
        "whole": not found.damages,
        "damages": [damage._asdict() for damage in found.damages],
    }
