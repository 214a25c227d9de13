"""`cfgtool predict`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cfgtool.cli.needs import need_tensorflow
from cfgtool.cli.output import write
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config
    from cfgtool.training.export.places import ModelPlace
    from cfgtool.training.export.predict import Result
    from cfgtool.training.export.weights import Sources

app = typer.Typer(add_completion=False)


@app.command()
def predict(
    model: Path = typer.Argument(
        ..., metavar="MODEL", help="Folder of an export, .tflite file, folder of a run, or config."
    ),
    images: list[str] = typer.Argument(..., metavar="IMAGE...", help="Images, folders of them, or globs."),
    checkpoint: str | None = typer.Option(None, "--checkpoint", help="Checkpoint for a config."),
    model_dir: Path | None = typer.Option(None, "--model-dir", help="Folder of the run for a config."),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="DIR|F.png", help="Draw the detections into this folder or file."
    ),
    min_score: float = typer.Option(0.5, "--min-score", min=0.0, max=1.0, help="Least score of a detection."),
    label_map: Path | None = typer.Option(
        None, "--label-map", help="Names of the classes (default: what lies beside the model)."
    ),
    format_: str = typer.Option("text", "--format", help="text or json."),
    force: bool = typer.Option(False, "--force", help="Replace pictures that are there."),
) -> None:
    """Detect objects on images with a trained or exported model.

    Exits with 1 if an image could not be read.
    """
    if format_ not in ("text", "json"):
        raise UserError(f"format {format_!r} is not known", hint="use text or json")
    from cfgtool.training.export.labels import names_beside, read_names
    from cfgtool.training.export.places import find_model, image_files, picture_paths

    place = find_model(model)
    found = list(image_files(images))
    paths = [path for path, problem in found if problem is None]
    failed = [UserError(problem, path=path) for path, problem in found if problem is not None]
    if not paths:
        raise failed[0]
    pictures = picture_paths(output, paths, force=force) if output is not None else None
    config, sources, names = _trained(place, checkpoint, model_dir)
    if label_map is not None:
        names = read_names(label_map)
    elif config is None:
        names = names_beside(place.folder)
    need_tensorflow()
    from cfgtool.training.export.predict import Result, open_predictor, predict_images

    predictor = open_predictor(place, config, sources)
    results = [Result(error.path or "", error=error) for error in failed]
    _print_errors(results)
    for result in predict_images(predictor, paths, pictures, names, min_score):
        results.append(result)
        _print_errors([result])
        if format_ == "text" and result.error is None:
            _print_text(result)
    if format_ == "json":
        print(json.dumps([result.as_dict() for result in results], indent=2))
    if any(result.error is not None for result in results):
        raise typer.Exit(1)


def _trained(
    place: ModelPlace, checkpoint: str | None, model_dir: Path | None
) -> tuple[Config | None, Sources | None, dict[int, str]]:
    """Config, weights and names of classes where the model is a config; nothing otherwise."""
    if place.kind != "config":
        if checkpoint is not None or model_dir is not None:
            raise UserError(
                "--checkpoint and --model-dir are for a config; this is an exported model",
                path=str(place.path),
            )
        return None, None, {}
    model_dir = model_dir or (place.model_dir if checkpoint is None else None)
    if checkpoint is None and model_dir is None:
        raise UserError(
            "is a config, whose weights are not named",
            path=str(place.path),
            hint="give --model-dir or --checkpoint",
        )
    from cfgtool.training.export.labels import find_label_map
    from cfgtool.training.export.plan import trained_network
    from cfgtool.training.run.job import load_job
    from cfgtool.training.starting.plan import find_checkpoint

    job = load_job(str(place.path))
    _, sources = trained_network(job, find_checkpoint(model_dir, checkpoint))
    names, _ = find_label_map(job.config, None)
    return job.config, sources, names.titles() if names is not None else {}


def _print_errors(results: list[Result]) -> None:
    for result in results:
        if result.error is not None:
            write(f"cfgtool: error: {result.error}\n", sys.stderr)


def _print_text(result: Result) -> None:
    lines = [f"{result.path}  {result.width} x {result.height}"]
    width = max((len(found["class"]) for found in result.detections), default=0)
    for found in result.detections:
        corners = "  ".join(f"{name} {value:.1f}" for name, value in found["box"].items())
        lines.append(f"  {found['class']:<{width}}  {found['score']:.3f}  {corners}")
    if not result.detections:
        lines.append("  nothing found")
    write("".join(f"{line}\n" for line in lines), sys.stdout)
