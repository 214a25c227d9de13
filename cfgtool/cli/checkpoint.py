"""`cfgtool checkpoint`: what is in a checkpoint, without TensorFlow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.checkpoint_convert import convert
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.checkpoints import Checkpoint, Entry

app = typer.Typer(
    add_completion=False, help="Look into a checkpoint without TensorFlow.", no_args_is_help=True
)

app.command()(convert)

FORMATS = ("text", "json")

Prefix = Annotated[
    str, typer.Argument(metavar="PREFIX", help="What comes before .index; a folder works too.")
]
Format = Annotated[str, typer.Option("--format", help="text or json.")]


@app.command("ls")
def list_entries(
    prefix: Prefix,
    format: Format = "text",
    all_entries: Annotated[
        bool, typer.Option("--all", help="In text, the bookkeeping of the run that wrote it too.")
    ] = False,
) -> int:
    """List the tensors of a checkpoint: names, shapes and element types."""
    _check_format(format)
    from cfgtool.checkpoints import open_checkpoint

    checkpoint = open_checkpoint(prefix)
    if format == "json":
        _print_json(_listing(checkpoint))
    else:
        _print(_lines(checkpoint, all_entries))
    return 0


@app.command()
def show(
    prefix: Prefix,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of one tensor, as ls has it.")],
    format: Format = "text",
) -> int:
    """Show the values of one tensor: their range, mean and the first of them."""
    _check_format(format)
    from cfgtool.checkpoints import open_checkpoint

    checkpoint = open_checkpoint(prefix)
    entry = _find(checkpoint, name)
    facts = _facts(checkpoint, entry)
    if format == "json":
        _print_json(facts)
    else:
        _print(f"{key:<9}  {_shown(value)}" for key, value in facts.items())
    return 0


def _check_format(name: str) -> None:
    if name not in FORMATS:
        raise UserError(f"no format {name!r}", hint=f"formats are {', '.join(FORMATS)}")


def _listing(checkpoint: Checkpoint) -> dict[str, object]:
    """The contract of `checkpoint ls --format json`: every entry, under its name in the file."""
    return {
        "path": checkpoint.path,
        "format": checkpoint.format,
        "step": checkpoint.step,
        "has_data": checkpoint.has_data,
        "entries": [
            {"name": entry.name, "dtype": entry.dtype, "shape": list(entry.shape)}
            for entry in checkpoint.entries.values()
        ],
        "notes": list(checkpoint.notes),
    }


def _lines(checkpoint: Checkpoint, all_entries: bool) -> Iterator[str]:
    from cfgtool.matching.report import checkpoint_line, printable

    yield checkpoint_line(checkpoint)
    for note in checkpoint.notes:
        yield f"note: {printable(note)}"
    entries = list(checkpoint.entries.values()) if all_entries else checkpoint.tensors()
    rows = [(printable(entry.key), _shape(entry), entry.dtype) for entry in entries]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    yield ""
    for key, shape, dtype in rows:
        yield f"{key:<{widths[0]}}  {shape:<{widths[1]}}  {dtype}"
    yield ""
    tensors = checkpoint.tensors()
    yield f"{len(tensors)} tensors, {sum(entry.elements for entry in tensors):,} values"
    hidden = len(checkpoint.entries) - len(tensors)
    if hidden:
        more = "" if all_entries else " (--all lists them)"
        yield f"{hidden} bookkeeping entries: optimizer, averages, counters{more}"


def _shape(entry: Entry) -> str:
    return "x".join(map(str, entry.shape)) or "scalar"


def _find(checkpoint: Checkpoint, name: str) -> Entry:
    """The entry called `name`, with or without the suffix of object-based checkpoints."""
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


def _facts(checkpoint: Checkpoint, entry: Entry) -> dict[str, object]:
    """What `show` says of one tensor; its values are read and their checksum is compared."""
    from cfgtool.checkpoints.values import Values

    facts: dict[str, object] = {
        "name": entry.name,
        "shape": list(entry.shape),
        "dtype": entry.dtype,
        "elements": entry.elements,
    }
    with Values(checkpoint, check=True) as values:
        raw = values.raw(entry)
        if entry.dtype in ("string", "resource", "variant"):
            facts["bytes"] = len(raw)
        else:
            facts |= _statistics(raw, entry.dtype)
    return facts


_FIRST = 8
_ARRAY_CODES = {
    "float32": "f",
    "float64": "d",
    "int8": "b",
    "uint8": "B",
    "bool": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "complex64": "f",
    "complex128": "d",
}


def _statistics(raw: memoryview, dtype: str) -> dict[str, object]:
    """Range and mean of the finite values, how many are not finite, and the first ones.

    A complex number counts as two values, its real and its imaginary part.
    """
    from math import fsum, isfinite

    numbers = _numbers(raw, dtype)
    finite = [number for number in numbers if isfinite(number)]
    facts: dict[str, object] = {}
    if finite:
        facts = {"min": min(finite), "max": max(finite), "mean": fsum(finite) / len(finite)}
    if len(finite) < len(numbers):
        facts["not finite"] = len(numbers) - len(finite)
    facts["first"] = [number if isfinite(number) else str(number) for number in numbers[:_FIRST]]
    return facts


def _numbers(raw: memoryview, dtype: str) -> list[float]:
    """The values of little-endian bytes."""
    import struct
    from array import array

    if dtype == "float16":
        return list(struct.unpack(f"<{len(raw) // 2}e", raw))
    if dtype == "bfloat16":  # the upper half of a float32
        halves = array("H", bytes(raw))
        numbers: array[float] = array("f", b"".join(half.to_bytes(4, "big")[2:] + b"\0\0" for half in halves))
        numbers.byteswap()
        return list(numbers)
    values = array(_ARRAY_CODES[dtype], bytes(raw))
    if sys.byteorder == "big":
        values.byteswap()
    return list(values)


def _shown(value: object) -> str:
    from cfgtool.matching.report import printable

    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return printable(str(value))


def _print_json(value: object) -> None:
    import json

    _print([json.dumps(value, indent=2)])


def _print(lines: Iterable[str]) -> None:
    """Print names that may hold characters which the terminal does not have."""
    encoding = sys.stdout.encoding or "utf-8"
    text = "".join(f"{line}\n" for line in lines)
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
