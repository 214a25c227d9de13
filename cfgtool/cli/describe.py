"""`cfgtool describe`: the configured network as a tree of modules with what each costs, without building it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cfgtool.cli.pipeline import check_format, check_generation, read_pipeline
from cfgtool.errors import UserError

app = typer.Typer(add_completion=False)

_LONGEST_EDGE = 1 << 15
"""Longer ones are slips of the keyboard."""


@app.command()
def describe(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A pipeline.config, or - for stdin.")],
    format: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    depth: Annotated[
        int | None, typer.Option("--depth", min=1, help="Levels of modules (default: 2; in JSON all).")
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="HxW", help="Size of an image (default: the config's).")
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, help="Images in a training step (default: the config's).")
    ] = None,
    generation: Annotated[
        str, typer.Option("--generation", help="auto, tf1 or tf2: whose form of the network.")
    ] = "auto",
) -> None:
    """Describe the configured network: its modules and what they cost, feature maps, anchors, memory."""
    check_format(format, ("text", "json"))
    whose = check_generation(generation)
    edges = None if size is None else _size(size)
    from cfgtool.cli.output import write
    from cfgtool.data.keypoints import beside, keypoint_counts
    from cfgtool.networks.summary import Summary, summary_as_json, summary_as_text

    root = read_pipeline(config, ("model", "train_config"))
    summary = Summary(root, whose, edges, batch, keypoint_counts(root, beside(config)))
    if format == "json":
        import json

        print(json.dumps(summary_as_json(summary, depth), indent=2))
    else:
        write("".join(f"{line}\n" for line in summary_as_text(summary, depth or 2)), sys.stdout)


def _size(text: str) -> tuple[int, int]:
    """Height and width of `320x640`, or of `320` for a square."""
    words = text.lower().split("x")
    if len(words) > 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise UserError(f"--size {text!r} is no size", hint="write height x width, such as 320x640")
    edges = [int(word[:9]) for word in words]
    if not all(0 < edge <= _LONGEST_EDGE for edge in edges):
        raise UserError(f"--size {text!r} has an edge that is not from 1 to {_LONGEST_EDGE}")
    return edges[0], edges[-1]
