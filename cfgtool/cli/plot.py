"""`cfgtool plot`: curves as PNG or SVG, without TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cfgtool.cli.drawing import check_drawing, write_drawing
from cfgtool.errors import UserError
from cfgtool.files import refuse_remote

app = typer.Typer(
    add_completion=False, help="Draw learning rates and losses, as PNG or SVG.", no_args_is_help=True
)

Output = Annotated[Path, typer.Option("-o", "--output", help="The .png or .svg to write.")]
Force = Annotated[bool, typer.Option("--force", help="Let -o replace an existing file.")]


@app.command("lr")
def learning_rate(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A pipeline.config, or - for stdin.")],
    output: Output,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Steps to draw (default: the config's num_steps).")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Draw rates on a logarithmic scale.")] = False,
    force: Force = False,
) -> None:
    """Draw the learning rate over the steps of a run."""
    check_drawing(output, force)
    from cfgtool.cli.pipeline import read_pipeline, shown_path
    from cfgtool.training.report.chart import draw_chart
    from cfgtool.training.report.curves import rate_chart

    pipeline = read_pipeline(config, ("train_config",))
    count = steps or pipeline.message("train_config").integer("num_steps")
    if count < 1:
        raise UserError("train_config.num_steps is not set", path=shown_path(config), hint="give --steps")
    name = "/".join(Path(shown_path(config)).parts[-2:])
    write_drawing(draw_chart(rate_chart(pipeline, name, count, log=log)), output)


@app.command()
def losses(
    model_dirs: Annotated[
        list[Path], typer.Argument(metavar="MODEL_DIR...", help="Folders of runs, to be compared.")
    ],
    output: Output,
    smooth: Annotated[
        float,
        typer.Option("--smooth", min=0.0, max=0.999, help="Smooth the losses: the weight of earlier values."),
    ] = 0.0,
    log: Annotated[bool, typer.Option("--log", help="Draw losses on a logarithmic scale.")] = False,
    force: Force = False,
) -> None:
    """Draw losses, learning rate and mAP of one or several runs."""
    check_drawing(output, force)
    from cfgtool.training.report.curves import draw_runs, run_charts
    from cfgtool.training.report.history import read_history

    for folder in model_dirs:
        refuse_remote(str(folder), "the model dir")
    histories = [read_history(folder) for folder in model_dirs]
    for history in histories:
        if history.cut_off:
            print(
                f"{history.folder}: the last line of the metrics is not whole and left out", file=sys.stderr
            )
    write_drawing(draw_runs(histories, run_charts(histories, smooth=smooth, log=log)), output)
