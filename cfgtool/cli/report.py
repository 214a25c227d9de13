"""`cfgtool report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cfgtool.files import refuse_remote

app = typer.Typer(add_completion=False)


@app.command()
def report(
    model_dir: Annotated[
        Path, typer.Argument(metavar="MODEL_DIR", help="Folder of a run, finished or running.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="The .html to write (default: report.html in the folder of the run)."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write one page about a run: curves, metrics, pictures, config. No TensorFlow."""
    from cfgtool.cli.output import refuse_to_replace, write_result
    from cfgtool.errors import UserError
    from cfgtool.training.report.folder import read_run

    refuse_remote(str(model_dir), "the model dir")
    target = output or model_dir / "report.html"
    run = read_run(model_dir)
    if not target.parent.is_dir():
        raise UserError("there is no such folder", path=str(target.parent))
    refuse_to_replace(str(target), force)
    from cfgtool.training.report.page import run_as_page

    write_result(run_as_page(run), str(target))
    print(f"the report is {target}", file=sys.stderr)
