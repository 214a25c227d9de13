"""`cfgtool new`: a config for a network and a data set."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.pipeline import check_format
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.creating.create import Created

app = typer.Typer(add_completion=False)

_GIB = 1 << 30

Like = Annotated[str | None, typer.Option("--like", metavar="NETWORK", help="Which network; see --list.")]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="DIR", help="Folder with train*.record, val*.record, label map."),
]
Train = Annotated[list[str], typer.Option("--train", metavar="PATTERN", help="Records to train on.")]
Val = Annotated[list[str], typer.Option("--val", metavar="PATTERN", help="Records to evaluate on.")]
LabelMapPath = Annotated[str | None, typer.Option("--label-map", metavar="PATH", help="The label map.")]
Output = Annotated[
    str, typer.Option("-o", "--output", metavar="PATH", help="Where the config goes; - for standard output.")
]
Size = Annotated[
    str | None, typer.Option("--size", metavar="HxW", help="Size of the network's input (default: decided).")
]
BatchSize = Annotated[int | None, typer.Option("--batch-size", min=1, help="Images in a step.")]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Steps of the training.")]
Epochs = Annotated[
    float | None,
    typer.Option("--epochs", min=0.01, help="How often every example is seen, in place of --steps."),
]
Memory = Annotated[
    float | None,
    typer.Option(
        "--memory", min=0.1, metavar="GIB", help="Memory that a step has to fit (default: this machine's)."
    ),
]
Checkpoint = Annotated[
    str | None, typer.Option("--checkpoint", metavar="PATH", help="Checkpoint to start from; it is matched.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would be decided, and write nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Let -o replace an existing file.")]
List = Annotated[bool, typer.Option("--list", help="Show the networks and what they cost, and stop.")]
Format = Annotated[str, typer.Option("--format", help="text or json: how decisions, or the list, are told.")]


@app.command()
def new(
    like: Like = None,
    data: Data = None,
    output: Output = "pipeline.config",
    size: Size = None,
    batch_size: BatchSize = None,
    steps: Steps = None,
    epochs: Epochs = None,
    memory: Memory = None,
    checkpoint: Checkpoint = None,
    train: Train = [],  # noqa: B006 - typer copies it
    val: Val = [],  # noqa: B006
    label_map: LabelMapPath = None,
    dry_run: DryRun = False,
    force: Force = False,
    list_: List = False,
    format: Format = "text",
) -> None:
    """Write a config that trains a network on your data, and say what was decided and why.

    Classes, paths and annotations come from the data; the batch from the memory; rates and steps from the batch.
    """
    check_format(format, ("text", "json"))
    if list_:
        _list(format)
        return
    if like is None:
        raise UserError("no network is named", hint="give --like NETWORK; --list shows all")
    if steps is not None and epochs is not None:
        raise UserError("--steps and --epochs both say how long to train", hint="give one of them")
    if output == "-" and format == "json":
        raise UserError("--format json and -o - both want standard output", hint="write the config to a file")
    from cfgtool.cli.output import refuse_to_replace, write, write_result
    from cfgtool.creating.create import create
    from cfgtool.creating.found import find_places, look_at
    from cfgtool.creating.options import Options
    from cfgtool.creating.recipes import find_recipe

    find_recipe(like)  # a slip of the keyboard should not be learnt after the data was read
    edges = None if size is None else _size(size)
    if output != "-" and not dry_run:
        refuse_to_replace(output, force)
    options = Options(
        like,
        output,
        edges,
        batch_size,
        steps,
        epochs,
        None if memory is None else int(memory * _GIB),
        checkpoint,
    )
    created = create(options, look_at(find_places(data, train, val, label_map)))
    if not dry_run:
        write_result(created.text, None if output == "-" else output)
    if format == "json":
        import json

        print(json.dumps(_as_json(created, output), indent=2))
    else:
        told = "".join(f"{line}\n" for line in _as_text(created, output, dry_run))
        write(told, sys.stderr if output == "-" and not dry_run else sys.stdout)


def _list(format_: str) -> None:
    from cfgtool.creating.listing import as_json, as_text, rows

    found = rows()
    if format_ == "json":
        import json

        print(json.dumps(as_json(found), indent=2))
    else:
        print("\n".join(as_text(found)))


def _size(text: str) -> tuple[int, int]:
    """Height and width of `320x640`, or of `320` for a square."""
    words = text.lower().split("x")
    if len(words) > 2 or not all(word.isascii() and word.isdigit() and len(word) < 6 for word in words):
        raise UserError(f"--size {text!r} is no size", hint="write height x width, such as 320x640")
    return int(words[0]), int(words[-1])


def _as_text(created: Created, output: str, dry_run: bool) -> Iterator[str]:
    """What was decided, a line and a reason each; then notes, findings and the next step."""
    import textwrap

    width = max(len(choice.name) for choice in created.choices)
    for choice in created.choices:
        yield f"{choice.name:<{width}}  {choice.value}"
        indent = " " * (width + 4)
        yield from textwrap.wrap(
            choice.why, 100, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )
    for note in created.notes:
        yield f"note: {note}"
    for finding in created.findings:
        line, column = created.document.position(finding.start)
        yield f"{output}:{line}:{column}: {finding.code} {finding.message}"
    if dry_run:
        yield "wrote nothing: --dry-run"
    elif output != "-":
        yield f"wrote {output}; next: cfgtool train {output} --model-dir run --dry-run"


def _as_json(created: Created, output: str) -> dict[str, object]:
    return {
        "path": output,
        "network": created.recipe.name,
        "choices": [choice._asdict() for choice in created.choices],
        "notes": created.notes,
        "findings": [
            {"code": finding.code, "severity": finding.severity, "message": finding.message}
            for finding in created.findings
        ],
    }
