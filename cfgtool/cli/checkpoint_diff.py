"""What `cfgtool checkpoint diff` found, as text and as JSON."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING

from cfgtool.cli.checkpoint_text import shape_of, table, tree
from cfgtool.matching.report import checkpoint_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.checkpoints.compare import Comparison


def comparison_lines(
    first: Checkpoint, second: Checkpoint, found: Comparison, *, flat: bool
) -> Iterator[str]:
    """Both checkpoints, then what only one has, what has other shapes, what has other values, and the counts."""
    for letter, checkpoint in (("A", first), ("B", second)):
        yield f"{letter}: {checkpoint_line(checkpoint)}"
        for note in checkpoint.notes:
            yield f"   note: {printable(note)}"
    if first.format != second.format:
        yield "note: one has names of TF1, the other paths of objects: they share no names"
    for title, entries in (("only in A", found.only_first), ("only in B", found.only_second)):
        if entries:
            yield from ("", f"{title}: {len(entries)}")
            rows = [(entry.key, shape_of(entry), entry.dtype) for entry in entries]
            yield from _indented(table(rows, "<<<") if flat else tree(entries))
    if found.others:
        yield from ("", f"other shape or type: {len(found.others)}")
        rows = [
            (entry.key, f"{shape_of(entry)} {entry.dtype}", f"{shape_of(other)} {other.dtype}")
            for entry, other in found.others
        ]
        yield from _indented(table([("", "in A", "in B"), *rows], "<<<"))
    if found.differing:
        yield from ("", f"other values: {len(found.differing)}")
        yield from _indented(_differences(found, flat))
    yield ""
    yield _counts(found)


def _differences(found: Comparison, flat: bool) -> Iterator[str]:
    """By tensor or module: how many elements differ, and by how much at most."""
    tensors = [
        (item.entry.key, shape_of(item.entry), (item.elements, item.absolute, item.relative))
        for item in found.differing
    ]
    rows = [("", "shape", "elements", "max abs", "max rel")]
    if flat:
        rows += [(key, shape, *_measures(*measure)) for key, shape, measure in tensors]
    else:
        from cfgtool.checkpoints.folding import fold

        for line in fold(tensors, _largest):
            rows.append((f"{'  ' * line.depth}{line.label}", line.kind or "", *_measures(*line.amount)))
    return table(rows, "<<>>>")


def _largest(measures: list[tuple[int, float, float]]) -> tuple[int, float, float]:
    """All elements, and the largest differences; NaN if one is."""
    elements, absolute, relative = zip(*measures, strict=True)
    return sum(elements), *(nan if any(map(isnan, gaps)) else max(gaps) for gaps in (absolute, relative))


def _measures(elements: int, absolute: float, relative: float) -> tuple[str, str, str]:
    if isnan(absolute):
        return f"{elements:,}", "not finite", ""
    return f"{elements:,}", f"{absolute:.3g}", f"{relative:.3g}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _counts(found: Comparison) -> str:
    counts = (
        (len(found.equal), "equal"),
        (len(found.differing), "with other values"),
        (len(found.others), "of other shape or type"),
        (len(found.only_first), "only in A"),
        (len(found.only_second), "only in B"),
    )
    return "tensors: " + ", ".join(f"{count} {what}" for count, what in counts if count or what == "equal")


def comparison_json(first: Checkpoint, second: Checkpoint, found: Comparison) -> dict[str, object]:
    """What differs, for programs; differences that are not finite are null."""
    return {
        "a": _identity(first),
        "b": _identity(second),
        "same": found.same,
        "only_in_a": [_tensor(entry) for entry in found.only_first],
        "only_in_b": [_tensor(entry) for entry in found.only_second],
        "other_shape_or_type": [
            {"key": entry.key, "a": _type(entry), "b": _type(other)} for entry, other in found.others
        ],
        "other_values": [
            {
                "key": item.entry.key,
                "elements": item.elements,
                "max_abs": None if isnan(item.absolute) else item.absolute,
                "max_rel": None if isnan(item.relative) else item.relative,
            }
            for item in found.differing
        ],
        "equal": [entry.key for entry in found.equal],
    }


def _identity(checkpoint: Checkpoint) -> dict[str, object]:
    return {"path": checkpoint.path, "container": checkpoint.container, "format": checkpoint.format}


def _tensor(entry: Entry) -> dict[str, object]:
    return {"key": entry.key, **_type(entry)}


def _type(entry: Entry) -> dict[str, object]:
    return {"dtype": entry.dtype, "shape": list(entry.shape)}
