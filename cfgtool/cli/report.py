"""`cfgtool report`."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

app = typer.Typer(add_completion=False)


@app.command()
def report(
    model_dir: Path = typer.Argument(..., metavar="MODEL_DIR", help="Folder of a run, finished or running."),
    output: Path | None = typer.Option(
        None, "-o", "--output", help="The .html to write (default: report.html in the folder of the run)."
    ),
    force: bool = typer.Option(False, "--force", help="Replace an existing file."),
) -> None:
    """Write one page about a run: curves, metrics, pictures, config. No TensorFlow."""
    from cfgtool.cli.output import refuse_to_replace, write_result
    from cfgtool.errors import UserError
    from cfgtool.training.report.folder import read_run

    target = output or model_dir / "report.html"
    run = read_run(model_dir)
    if not target.parent.is_dir():
        raise UserError("there is no such folder", path=str(target.parent))
    refuse_to_replace(str(target), force)
    from cfgtool.training.report.page import run_as_page

    write_result(run_as_page(run), str(target))
    print(f"the report is {target}", file=sys.stderr)
