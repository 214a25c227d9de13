"""`cfgtool checkpoint`: what is in a checkpoint, without TensorFlow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.checkpoint_convert import convert
from cfgtool.cli.output import write_result
from cfgtool.cli.pipeline import check_format

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(
    add_completion=False, help="Look into a checkpoint without TensorFlow.", no_args_is_help=True
)

app.command()(convert)

FORMATS = ("text", "json")

Prefix = Annotated[
    str,
    typer.Argument(
        metavar="PREFIX",
        help="What comes before .index, a V1 file, a folder, a SavedModel or a frozen graph.",
    ),
]
Format = Annotated[str, typer.Option("--format", help="text or json.")]


@app.command("ls")
def list_entries(
    prefix: Prefix,
    format: Format = "text",
    all_entries: Annotated[
        bool, typer.Option("--all", help="In text, the bookkeeping of the run that wrote it too.")
    ] = False,
    flat: Annotated[
        bool, typer.Option("--flat", help="In text, a line per tensor instead of a tree.")
    ] = False,
) -> int:
    """List the tensors of a checkpoint: names, shapes and element types."""
    check_format(format, FORMATS)
    from cfgtool.checkpoints import open_checkpoint

    checkpoint = open_checkpoint(prefix)
    if format == "json":
        from cfgtool.cli.checkpoint_listing import listing_json

        sys.stdout.write(listing_json(checkpoint))
    else:
        from cfgtool.cli.checkpoint_text import listing_lines

        _print(listing_lines(checkpoint, all_entries=all_entries, flat=flat))
    return 0


@app.command()
def show(
    prefix: Prefix,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of one tensor, as ls has it.")],
    format: Format = "text",
    part: Annotated[
        str, typer.Option("--slice", metavar="INDEX", help='A part of it, such as "0, :, 2:5".')
    ] = "",
    all_values: Annotated[
        bool, typer.Option("--all-values", help="Every value, not only the first.")
    ] = False,
) -> int:
    """Show the values of one tensor: their range, mean, distribution, and the first of them."""
    check_format(format, FORMATS)
    from cfgtool.checkpoints import open_checkpoint
    from cfgtool.cli.checkpoint_values import fact_lines, facts_of, find_entry

    checkpoint = open_checkpoint(prefix)
    facts = facts_of(checkpoint, find_entry(checkpoint, name), part, all_values=all_values)
    if format == "json":
        _print_json(facts)
    else:
        _print(fact_lines(facts))
    return 0


@app.command()
def verify(prefix: Prefix, format: Format = "text") -> int:
    """Compare every checksum of a checkpoint, and look whether everything that it lists is there."""
    check_format(format, FORMATS)
    from cfgtool.checkpoints import resolve_checkpoint
    from cfgtool.checkpoints.verify import verify as check
    from cfgtool.cli.checkpoint_text import verification_json, verification_lines
    from cfgtool.cli.progress import byte_progress

    location = resolve_checkpoint(prefix)
    found = check(location, byte_progress("checking"))
    if format == "json":
        _print_json(verification_json(location.prefix, found))
    else:
        _print(verification_lines(location.prefix, found))
    return 1 if found.damages else 0


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A checkpoint, as ls takes it.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, help="Differences up to this one count as none.")
    ] = 0.0,
    all_entries: Annotated[
        bool, typer.Option("--all", help="Compare the bookkeeping of the runs that wrote them too.")
    ] = False,
    flat: Annotated[
        bool, typer.Option("--flat", help="In text, a line per tensor instead of trees.")
    ] = False,
    format: Format = "text",
) -> int:
    """Compare two checkpoints: names, shapes, element types and values."""
    check_format(format, FORMATS)
    from cfgtool.checkpoints import open_checkpoint
    from cfgtool.checkpoints.compare import compare
    from cfgtool.cli.checkpoint_diff import comparison_json, comparison_lines
    from cfgtool.cli.progress import byte_progress

    checkpoints = open_checkpoint(first), open_checkpoint(second)
    progress = byte_progress("comparing")
    found = compare(*checkpoints, tolerance=tolerance, everything=all_entries, progress=progress)
    if format == "json":
        _print_json(comparison_json(*checkpoints, found))
    else:
        _print(comparison_lines(*checkpoints, found, flat=flat))
    return 0 if found.same else 1


def _print_json(value: object) -> None:
    import json

    _print([json.dumps(value, indent=2)])


def _print(lines: Iterable[str]) -> None:
    write_result("".join(f"{line}\n" for line in lines), None)
