"""`cfgtool evaluate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cfgtool.cli.drawing import check_drawing, write_drawing
from cfgtool.cli.needs import need_tensorflow
from cfgtool.cli.output import refuse_to_replace, write
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.training.evaluation.many import Evaluated

app = typer.Typer(add_completion=False)


@app.command()
def evaluate(
    config: str = typer.Argument(..., metavar="CONFIG", help="The pipeline.config that was trained."),
    model_dir: Path | None = typer.Option(
        None, "--model-dir", help="Folder of the run; its newest checkpoint counts."
    ),
    checkpoint: str | None = typer.Option(
        None, "--checkpoint", help="Prefix of the checkpoint to evaluate instead, of TF1 or TF2."
    ),
    all_: bool = typer.Option(False, "--all", help="Every checkpoint of the model dir, oldest first."),
    wait: bool = typer.Option(
        False, "--wait", help="The newest checkpoint, then each new one, until one is of the last step."
    ),
    timeout: float | None = typer.Option(
        None, "--timeout", min=0, help="Seconds without a new checkpoint that end the wait.  [default: 3600]"
    ),
    interval: float | None = typer.Option(
        None, "--interval", min=0.1, help="Seconds between two looks for a new checkpoint.  [default: 10]"
    ),
    reader: str | None = typer.Option(
        None, "--reader", metavar="NAME|INDEX", help="Which eval_input_reader; the first one without."
    ),
    overrides: list[str] = typer.Option(
        [], "--set", metavar="PATH=VALUE", help="Change a field of the config."
    ),
    per_class: bool = typer.Option(False, "--per-class", help="Also the mAP of every class."),
    draw: Path | None = typer.Option(None, "--draw", help="PNG to write: detections beside groundtruth."),
    min_score: float | None = typer.Option(
        None,
        "--min-score",
        min=0.0,
        max=1.0,
        help="Least score of a drawn detection; eval_config.min_score_threshold without.",
    ),
    pr_curves: Path | None = typer.Option(
        None, "--pr-curves", help="PNG or SVG to write: precision over recall at an IoU of 0.5, by class."
    ),
    curves: bool = typer.Option(False, "--curves", help="With --format json: the curves as numbers."),
    force: bool = typer.Option(False, "--force", help="Overwrite pictures."),
    format_: str = typer.Option("text", "--format", help="text or json; json is one line a checkpoint."),
) -> None:
    """Compute the metrics that eval_config asks for, COCO's without any, of one checkpoint or several.

    With --all and --wait, rows and TensorBoard summaries go to eval/ of the model dir.
    """
    _check(format_, curves, draw, pr_curves, force, several=all_ or wait)
    if (all_ or wait) and (model_dir is None or checkpoint is not None):
        raise UserError("--all and --wait look for checkpoints in a model dir", hint="give --model-dir alone")
    if not wait and (timeout is not None or interval is not None):
        raise UserError(
            "--timeout and --interval say how --wait waits", hint="give --wait, or leave them out"
        )
    from cfgtool.training.evaluation.packages import needs_pycocotools
    from cfgtool.training.run.job import load_job
    from cfgtool.training.starting.plan import find_checkpoint

    job = load_job(config, overrides)
    source = None if all_ or wait else find_checkpoint(model_dir, checkpoint)
    need_tensorflow(pycocotools=curves or pr_curves is not None or needs_pycocotools(job.config))
    from cfgtool.training.evaluation.checkpoint import CheckpointEvaluator
    from cfgtool.training.evaluation.many import Wanted, evaluate_several

    evaluator = CheckpointEvaluator(
        job, reader=reader, per_class=per_class, curves=curves or pr_curves is not None
    )
    if source is not None:
        found = (source, *evaluator.evaluate(source))
        _write_pictures(found, draw, min_score, pr_curves)
        _show(found, format_, curves)
        return
    assert model_dir is not None
    wanted = Wanted(model_dir, all_, wait, timeout, interval)
    for found in evaluate_several(job, evaluator, wanted, _say):
        _show(found, format_, curves)
        sys.stdout.flush()


def _check(
    format_: str, curves: bool, draw: Path | None, pr_curves: Path | None, force: bool, *, several: bool
) -> None:
    """Raise UserError for options that do not go together."""
    if format_ not in ("text", "json"):
        raise UserError(f"format {format_!r} is not known", hint="use text or json")
    if curves and format_ != "json":
        raise UserError("--curves prints numbers", hint="add --format json, or give --pr-curves F.png")
    if several and (draw or pr_curves):
        raise UserError("pictures are of one checkpoint", hint="leave --all and --wait out")
    if pr_curves is not None:
        check_drawing(pr_curves, force)
    if draw is not None:
        if not draw.parent.is_dir():
            raise UserError("there is no such folder", path=str(draw.parent))
        refuse_to_replace(str(draw), force)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write_pictures(
    found: Evaluated, draw: Path | None, min_score: float | None, pr_curves: Path | None
) -> None:
    _, step, evaluation = found
    if draw is not None:
        from cfgtool.training.evaluation.pictures import write_picture

        write_picture(evaluation, draw, min_score)
        _say(f"detections are drawn in {draw}")
    if pr_curves is not None and evaluation.curves:
        from cfgtool.training.evaluation.curves import draw_curves

        write_drawing(draw_curves(evaluation.curves.values(), f"Step {step}"), pr_curves)


def _show(found: Evaluated, format_: str, curves: bool) -> None:
    """Print an evaluation on standard output, its notes on standard error."""
    import math

    checkpoint, step, evaluation = found
    for note in evaluation.notes:
        _say(note)
    if format_ == "json":
        from cfgtool.training.evaluation.curves import curves_as_json
        from cfgtool.training.evaluation.log import as_json

        row = {"step": step, "checkpoint": checkpoint.path, "metrics": as_json(evaluation.values)}
        for compared, curve in evaluation.curves.items() if curves else ():
            row["mask_curves" if compared == "masks" else "curves"] = curves_as_json(curve)
        print(json.dumps(row))
        return
    write((f"step {step}, {checkpoint.path}" if step >= 0 else checkpoint.path) + "\n", sys.stdout)
    width = max(map(len, evaluation.values))
    for name, value in evaluation.values.items():
        told = f"{value:.4f}" if math.isfinite(value) else "no groundtruth"
        write(f"  {name:<{width}}  {told}\n", sys.stdout)
