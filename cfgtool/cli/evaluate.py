"""`cfgtool evaluate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer

from cfgtool.cli.train import need_tensorflow
from cfgtool.errors import UserError

app = typer.Typer(add_completion=False)


@app.command()
def evaluate(
    config: str = typer.Argument(..., metavar="CONFIG", help="The pipeline.config that was trained."),
    model_dir: Path | None = typer.Option(
        None, "--model-dir", help="Folder of the run; its newest checkpoint counts."
    ),
    checkpoint: str | None = typer.Option(
        None, "--checkpoint", help="Prefix of the checkpoint to evaluate instead."
    ),
    overrides: list[str] = typer.Option(
        [], "--set", metavar="PATH=VALUE", help="Change a field of the config."
    ),
    per_class: bool = typer.Option(False, "--per-class", help="Also the mAP of every class."),
    draw: Path | None = typer.Option(None, "--draw", help="PNG to write: detections beside groundtruth."),
    min_score: float = typer.Option(
        0.5, "--min-score", min=0.0, max=1.0, help="Least score of a drawn detection."
    ),
    format_: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Compute COCO metrics of a checkpoint on the first eval_input_reader."""
    if format_ not in ("text", "json"):
        raise UserError(f"format {format_!r} is not known", hint="use text or json")
    if draw is not None and not draw.parent.is_dir():
        raise UserError("there is no such folder", path=str(draw.parent))
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.start import find_checkpoint

    job = load_job(config, overrides)
    source = find_checkpoint(model_dir, checkpoint)
    need_tensorflow()
    from cfgtool.training.run.evaluate import evaluate_checkpoint

    step, evaluation = evaluate_checkpoint(job, source, per_class=per_class)
    if draw is not None:
        from cfgtool.training.run.evaluation import write_picture

        write_picture(evaluation, draw, min_score)
        print(f"detections are drawn in {draw}", file=sys.stderr)
    if format_ == "json":
        print(json.dumps({"step": step, "metrics": evaluation.values}))
        return
    print(f"step {step}, {source.path}")
    width = max(map(len, evaluation.values))
    for name, value in evaluation.values.items():
        print(f"  {name:<{width}}  {value:.4f}")
