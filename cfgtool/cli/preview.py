"""`cfgtool preview`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cfgtool.errors import UserError

_MOST = 16
app = typer.Typer(add_completion=False)


@app.command()
def preview(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="The pipeline.config to train from.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .png to write.")],
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, max=64, help="Examples to draw (default: one batch, at most 16)."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="That of the run: the same examples, augmented alike.")
    ] = 0,
    step: Annotated[int, typer.Option("--step", min=1, help="The step of the run whose batch is drawn.")] = 1,
    accumulate: Annotated[
        int,
        typer.Option(
            "--accumulate", min=1, metavar="N", help="That of the run: batches that make one update."
        ),
    ] = 1,
    original: Annotated[
        bool, typer.Option("--original", help="Also the stored image with its groundtruth.")
    ] = False,
    anchors: Annotated[
        bool, typer.Option("--anchors", help="Also the anchors that are matched to each box.")
    ] = False,
    matches: Annotated[
        bool,
        typer.Option(
            "--matches",
            help="Print each box with its number of matched anchors and its best similarity.",
        ),
    ] = False,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a field of the config.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let -o replace an existing file.")] = False,
) -> None:
    """Draw what the network is fed: training examples after augmentation, with boxes, masks and points."""
    from cfgtool.cli.needs import need_tensorflow
    from cfgtool.cli.output import refuse_to_replace
    from cfgtool.files import atomic_write
    from cfgtool.training.run.job import load_job

    if output.suffix.lower() != ".png":
        raise UserError("a preview is a .png", path=str(output))
    if not output.parent.is_dir():
        raise UserError("there is no such folder", path=str(output.parent))
    refuse_to_replace(str(output), force)
    job = load_job(config, overrides or (), input_only=True)
    need_tensorflow()
    from cfgtool.training.report.samples import training_names, training_samples
    from cfgtool.training.report.sheet import draw_sheet, lines
    from cfgtool.training.run.drawing import as_png

    batch_size = job.config.message("train_config").integer("batch_size") * accumulate
    count = count or min(max(batch_size, 1), _MOST)
    samples = training_samples(
        job.config, seed=seed, step=step, count=count, match=anchors or matches, accumulate=accumulate
    )
    names = training_names(job.config)
    title = f"What step {step} is fed: {'/'.join(Path(config).parts[-2:])}"
    if count > batch_size:
        subtitle = f"{count} examples from step {step} on, {batch_size} a step, seed {seed}"
    else:
        part = "all" if count == batch_size else f"the first {count}"
        subtitle = f"{part} of the {batch_size} examples of step {step}, seed {seed}"
    sheet = draw_sheet(samples, names, title, subtitle, original=original, anchors=anchors)
    for sample in samples:
        for line in lines(sample, names, boxes=matches):
            print(line)
    atomic_write(str(output), as_png(sheet))
    print(f"drawn in {output}", file=sys.stderr)
