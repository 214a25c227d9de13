"""The values of one tensor, as `cfgtool checkpoint show` tells them."""

from __future__ import annotations

import sys
from math import isfinite
from typing import TYPE_CHECKING

from cfgtool.checkpoints.entry import NO_NUMBERS, WIDTHS
from cfgtool.checkpoints.numbers import chunks, numbers, statistics
from cfgtool.errors import UserError
from cfgtool.matching.report import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.checkpoints import Checkpoint, Entry

_FIRST = 8
_BARS = "▁▂▃▄▅▆▇█"


def find_entry(checkpoint: Checkpoint, name: str) -> Entry:
    """The entry called `name`, with or without the suffix of object-based checkpoints. Raises UserError."""
    entry = checkpoint.entries.get(name)
    if entry is not None:
        return entry
    for entry in checkpoint.entries.values():
        if entry.name == name:
            return entry
    ends = [key for key in checkpoint.entries if key.endswith(f"/{name}")]
    if len(ends) == 1:
        return checkpoint.entries[ends[0]]
    import difflib

    near = ends[:3] or difflib.get_close_matches(name, checkpoint.entries, 3, 0.5)
    hint = f"did you mean {' or '.join(repr(key) for key in near)}?" if near else "see cfgtool checkpoint ls"
    raise UserError(f"no tensor {name!r}", path=checkpoint.path, hint=hint)


def facts_of(checkpoint: Checkpoint, entry: Entry, part: str, *, all_values: bool) -> dict[str, object]:
    """What `show` says of a tensor, or of a part of it; its values are read and their checksum is compared.

    Raises UserError if they cannot be read, or if there is no such part.
    """
    from cfgtool.checkpoints.values import Values

    facts: dict[str, object] = {
        "name": entry.name,
        "shape": list(entry.shape),
        "dtype": entry.dtype,
        "elements": entry.elements,
    }
    with Values(checkpoint, check=True) as values:
        if entry.dtype in NO_NUMBERS:
            if part:
                raise UserError(f"{entry.name!r} holds {entry.dtype} values, of which no part is cut out")
            facts["bytes"] = len(values.raw(entry))
            if entry.dtype == "string" and not entry.bookkeeping:
                texts = values.strings(entry)[: None if all_values else _FIRST]
                facts["values" if all_values else "first"] = [repr(text)[2:-1] for text in texts]
            return facts
        raw = values.raw(entry)
    shape = entry.shape
    if part:
        from cfgtool.checkpoints.cutting import cut

        raw, shape = cut(raw, entry.shape, WIDTHS[entry.dtype], part)
        facts["slice"] = {"index": part, "shape": list(shape)}
    return facts | _numbers(raw, entry.dtype, all_values)


def _numbers(raw: memoryview, dtype: str, all_values: bool) -> dict[str, object]:
    """Statistics of the finite values, how many are not finite, and the first ones or all."""
    found = statistics(raw, dtype)
    facts: dict[str, object] = {}
    if found is not None:
        facts = {"min": found.low, "max": found.high, "mean": found.mean, "std": found.deviation}
        facts |= {"zeros": found.zeros, "histogram": found.histogram}
    finite = 0 if found is None else found.finite
    complex_ = 2 if dtype.startswith("complex") else 1
    count = len(raw) // WIDTHS[dtype] * complex_
    if finite < count:
        facts["not finite"] = count - finite
    if all_values:
        facts["values"] = [_json(value) for chunk in chunks(raw, dtype) for value in chunk]
    else:
        first = numbers(raw[: _FIRST * WIDTHS[dtype]], dtype)[:_FIRST]
        facts["first"] = [_json(value) for value in first]
    return facts


def _json(value: float) -> float | str:
    return value if isfinite(value) else str(value)


def fact_lines(facts: dict[str, object]) -> Iterator[str]:
    """The facts, a line each; all values follow, a line for each row of the last axis."""
    for key, value in facts.items():
        if key == "values":
            continue
        if key == "histogram":
            yield f"{'':<9}  {_bars(value)}"
        elif isinstance(value, dict):  # the slice
            yield f"{key:<9}  [{value['index']}] of shape {value['shape']}"
        else:
            yield f"{key:<9}  {_shown(value)}"
    if "values" in facts:
        yield ""
        yield from _rows(facts)


def _rows(facts: dict[str, object]) -> Iterator[str]:
    values = facts["values"]
    assert isinstance(values, list)
    cut = facts.get("slice")
    shape = cut["shape"] if isinstance(cut, dict) else facts["shape"]
    assert isinstance(shape, list)
    width = (shape[-1] if shape else 1) * (2 if str(facts["dtype"]).startswith("complex") else 1)
    for start in range(0, len(values), width or 1):
        yield " ".join(_shown(value) for value in values[start : start + width])


def _bars(counts: object) -> str:
    """Counts as a line of bars, or as numbers where the terminal has no such characters."""
    assert isinstance(counts, list)
    most = max(counts)
    try:
        _BARS.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return " ".join(map(str, counts))
    # One value among millions still gets the lowest bar; only where none is, there is a blank.
    return "".join(_BARS[(count * len(_BARS) - 1) // most] if count else " " for count in counts)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return printable(str(value))
