"""`cfgtool export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cfgtool.cli.needs import need_tensorflow
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.training.export.options import ExportOptions
    from cfgtool.training.export.plan import ExportPlan

app = typer.Typer(add_completion=False)


@app.command()
def export(
    config: str = typer.Argument(..., metavar="CONFIG", help="The pipeline.config that was trained."),
    output: Path = typer.Option(..., "-o", "--output", metavar="DIR", help="Folder to write."),
    model_dir: Path | None = typer.Option(
        None, "--model-dir", help="Folder of the run; its newest checkpoint counts."
    ),
    checkpoint: str | None = typer.Option(
        None, "--checkpoint", help="Checkpoint to export instead: of a run, of the OD API, TF1 or TF2."
    ),
    overrides: list[str] = typer.Option(
        [], "--set", metavar="PATH=VALUE", help="Change a field of the config."
    ),
    format_: str = typer.Option("saved_model", "--format", help="saved_model or tflite."),
    input_type: str = typer.Option(
        "image_tensor",
        "--input-type",
        help="image_tensor, encoded_image_string_tensor, tf_example or float_image_tensor.",
    ),
    any_batch: bool = typer.Option(
        False, "--any-batch", help="Let image_tensor take any number of images of one size, not one."
    ),
    averages: bool = typer.Option(
        False, "--averages", help="Take moving averages, as with eval_config.use_moving_averages."
    ),
    label_map: str | None = typer.Option(
        None, "--label-map", help="Label map to put beside the model (default: the config's)."
    ),
    max_detections: int | None = typer.Option(
        None, "--max-detections", min=1, help="Detections that a TFLite model gives; 10 unless given."
    ),
    regular_nms: bool = typer.Option(
        False, "--regular-nms", help="TFLite: suppress class by class, not over all classes at once."
    ),
    keypoints: bool = typer.Option(
        False, "--keypoints", help="TFLite of a CenterNet: keypoints too, beside the boxes."
    ),
    quantize: str | None = typer.Option(
        None, "--quantize", help="TFLite: none, float16, dynamic or int8, which needs the training data."
    ),
    samples: int | None = typer.Option(
        None, "--samples", min=1, help="Training images that int8 takes ranges from; 100 unless given."
    ),
    force: bool = typer.Option(False, "--force", help="Replace an earlier export."),
) -> None:
    """Write a trained detector as a SavedModel or a TFLite model."""
    from cfgtool.training.export.options import MAX_DETECTIONS, SAMPLES, ExportOptions

    options = ExportOptions(
        output=output,
        format=format_,
        input_type=input_type,
        any_batch=any_batch,
        averages=averages,
        label_map=label_map,
        max_detections=max_detections or MAX_DETECTIONS,
        regular_nms=regular_nms,
        keypoints=keypoints,
        quantize=quantize or "none",
        samples=samples or SAMPLES,
        force=force,
    )
    _check_names(options)
    given = {"--max-detections": max_detections, "--quantize": quantize, "--samples": samples}
    _check_fit(options, {name for name, value in given.items() if value is not None})
    if model_dir is None and checkpoint is None:
        raise UserError("nothing to export is named", hint="give --model-dir or --checkpoint")
    from cfgtool.training.export.plan import plan_export
    from cfgtool.training.run.job import load_job
    from cfgtool.training.starting.plan import find_checkpoint

    job = load_job(config, overrides)
    plan = plan_export(job, find_checkpoint(model_dir, checkpoint), options)
    for note in plan.notes:
        print(f"note: {note}", file=sys.stderr)
    need_tensorflow()
    from cfgtool.training.export.write import export as carry_out

    _report(plan, carry_out(plan))


def _check_names(options: ExportOptions) -> None:
    from cfgtool.training.export.options import FORMATS, INPUT_TYPES, QUANTIZATIONS

    known = {
        "format": (options.format, FORMATS),
        "input type": (options.input_type, INPUT_TYPES),
        "quantization": (options.quantize, QUANTIZATIONS),
    }
    for what, (name, names) in known.items():
        if name not in names:
            raise UserError(
                f"{what} {name!r} is not known", hint=f"use {', '.join(names[:-1])} or {names[-1]}"
            )


def _check_fit(options: ExportOptions, given: set[str]) -> None:
    """Raise UserError for options that say nothing about what is written."""
    of_tflite = sorted(given) + ["--regular-nms"] * options.regular_nms + ["--keypoints"] * options.keypoints
    if of_tflite and options.format != "tflite":
        raise UserError(f"{of_tflite[0]} is for --format tflite")
    if options.format == "tflite" and options.input_type != "image_tensor":
        hint = "a TFLite model takes a preprocessed image"
        raise UserError("--input-type is for --format saved_model", hint=hint)
    if options.any_batch and (options.format, options.input_type) != ("saved_model", "image_tensor"):
        raise UserError(
            "--any-batch is for image_tensor of a saved_model", hint="the other inputs take any batch"
        )
    if "--samples" in given and options.quantize != "int8":
        raise UserError("--samples is for --quantize int8")


def _report(plan: ExportPlan, names: list[str]) -> None:
    sources, options = plan.sources, plan.options
    step = f"step {sources.step}, " if sources.step is not None else ""
    averaged = f" with {sources.averages} moving averages" if sources.averages else ""
    print(f"exported  {step}{sources.checkpoint.path}{averaged}")
    for name in names:
        print(f"written   {options.output / name}")
