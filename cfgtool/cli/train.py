"""`cfgtool train`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.matching.report.text import Screen
    from cfgtool.training.run.job import Job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.starting.plan import Start

app = typer.Typer(add_completion=False)

_NOT_AGAIN = ("restart", "dry_run", "format")
"""Options that are left out of the command to go on with: they would undo the run, or not run it."""


Config = Annotated[str, typer.Argument(metavar="CONFIG", help="The pipeline.config to train from.")]
ModelDir = Annotated[
    Path, typer.Option("--model-dir", help="Folder of the run: checkpoints, metrics, config as run.")
]
NumSteps = Annotated[
    int | None, typer.Option("--num-steps", min=1, help="Train up to this step; overrides the config.")
]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", min=1, help="Examples a step; overrides the config.")
]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a field, such as train_config.gradient_clipping_by_norm=10.",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="Start weights, order of the data and augmentation follow from it.")
]
Precision = Annotated[
    str,
    typer.Option("--precision", help="float32, mixed_bfloat16 or mixed_float16: what layers compute in."),
]
Accumulate = Annotated[
    int, typer.Option("--accumulate", min=1, metavar="N", help="Batches whose gradients make one update.")
]
ImageCache = Annotated[
    int | None,
    typer.Option(
        "--image-cache",
        min=0,
        metavar="MIB",
        help="Memory for decoded pictures; without, a quarter of what is free.",
        show_default=False,
    ),
]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad-records",
        help="Read every record once before, and leave those out that are damaged; they are listed in the model dir.",
    ),
]
Strategy = Annotated[
    str,
    typer.Option("--strategy", help="auto, mirrored (all devices here), multi_worker or none."),
]
Workers = Annotated[
    str | None,
    typer.Option(
        "--workers",
        metavar="HOST:PORT,...",
        help="Processes that train together; without, those of TF_CONFIG.",
    ),
]
WorkerIndex = Annotated[
    int | None,
    typer.Option(
        "--worker-index", min=0, help="Which of the workers this is, where its host name does not tell."
    ),
]
SyncBatchNorm = Annotated[
    bool, typer.Option("--sync-batch-norm", help="Normalise by the batches of all replicas together.")
]
Jit = Annotated[bool, typer.Option("--jit", help="Compile the step with XLA.")]
LogEvery = Annotated[int, typer.Option("--log-every", min=1, help="Steps between two logged values.")]
EvalEvery = Annotated[
    int | None, typer.Option("--eval-every", min=1, help="Steps between two evaluations; none without.")
]
Best = Annotated[
    str | None,
    typer.Option("--best", metavar="METRIC", help="Metric whose best checkpoint is kept (default: mAP)."),
]
Patience = Annotated[
    int | None,
    typer.Option("--patience", min=1, metavar="N", help="End after N evaluations without a better one."),
]
CheckpointEvery = Annotated[
    int, typer.Option("--checkpoint-every", min=1, help="Steps between two checkpoints.")
]
Keep = Annotated[int, typer.Option("--keep", min=1, help="How many of the newest checkpoints stay.")]
Restart = Annotated[
    bool, typer.Option("--restart", help="Move an earlier run in the model dir aside and start anew.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show how the run would start, and stop. No TensorFlow.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell only mistakes and the end.")]
Format = Annotated[str, typer.Option("--format", help="text or json, of --dry-run.")]


@app.command()
def train(
    context: typer.Context,
    config: Config,
    model_dir: ModelDir,
    num_steps: NumSteps = None,
    batch_size: BatchSize = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    seed: Seed = 0,
    precision: Precision = "float32",
    accumulate: Accumulate = 1,
    jit: Jit = False,
    image_cache: ImageCache = None,
    skip_bad_records: SkipBad = False,
    strategy: Strategy = "auto",
    workers: Workers = None,
    worker_index: WorkerIndex = None,
    sync_batch_norm: SyncBatchNorm = False,
    log_every: LogEvery = 100,
    eval_every: EvalEvery = None,
    best: Best = None,
    patience: Patience = None,
    checkpoint_every: CheckpointEvery = 1000,
    keep: Keep = 7,
    restart: Restart = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    format: Format = "text",
) -> None:
    """Train the configured detector; resumes if the model dir holds a checkpoint."""
    if format not in ("text", "json"):
        raise UserError(f"format {format!r} is not known", hint="use text or json")
    if format == "json" and not dry_run:
        raise UserError("--format json is the start page as an object", hint="give --dry-run too")
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.starting.plan import plan_start

    changes = list(overrides)
    if num_steps is not None:
        changes.append(f"train_config.num_steps={num_steps}")
    if batch_size is not None:
        changes.append(f"train_config.batch_size={batch_size}")
    options = TrainOptions(
        config_path=config,
        model_dir=model_dir,
        overrides=tuple(changes),
        seed=seed,
        log_every=log_every,
        eval_every=eval_every,
        checkpoint_every=checkpoint_every,
        keep=keep,
        restart=restart,
        precision=precision,
        accumulate=accumulate,
        jit=jit,
        image_cache=image_cache,
        skip_bad_records=skip_bad_records,
        strategy=strategy,
        workers=tuple(address.strip() for address in workers.split(",")) if workers else (),
        worker_index=worker_index,
        sync_batch_norm=sync_batch_norm,
        patience=patience,
        best=best,
        quiet=quiet,
        command=shlex.join(["cfgtool", "train", *_words(context, ())]),
    )
    job = load_job(config, changes)
    start = plan_start(job, options)
    if format == "json":
        from cfgtool.training.starting.as_json import page_as_json

        print(json.dumps(page_as_json(job, start, options), indent=2))
        return
    if dry_run or not quiet:
        from cfgtool.cli.output import write
        from cfgtool.training.starting.page import page_as_text

        write("".join(f"{line}\n" for line in page_as_text(job, start, options, _screen())), sys.stderr)
    if not dry_run:
        _run(job, start, options, context)


def _run(job: Job, start: Start, options: TrainOptions, context: click.Context) -> None:
    """Train, and say how it ended. Exits with 130 if the user stopped the run."""
    if start.resume is not None and not start.steps_left:
        steps = f"the run is at step {start.first_step}, num_steps is {start.num_steps}"
        print(f"nothing to do: {steps}; give --num-steps to train on", file=sys.stderr)
        return
    from cfgtool.cli.needs import need_tensorflow
    from cfgtool.training.evaluation.packages import needs_pycocotools

    need_tensorflow(pycocotools=bool(options.eval_every) and needs_pycocotools(job.config))
    from cfgtool.training.run.train import run_training

    outcome = run_training(job, start, options)
    if outcome.ended_by is None and outcome.step < start.num_steps:
        again = shlex.join(["cfgtool", "train", *_words(context, _NOT_AGAIN)])
        where = f"at step {outcome.step} of {start.num_steps}"
        print(f"stopped and saved {where}; go on with `{again}`", file=sys.stderr)
        raise typer.Exit(130)
    why = f" ({outcome.ended_by})" if outcome.ended_by else ""
    print(f"trained to step {outcome.step}{why}; the run is in {options.model_dir}", file=sys.stderr)


def _words(context: click.Context, left_out: tuple[str, ...]) -> Iterator[str]:
    """The arguments and options that the user gave, as words of a command line."""
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in left_out or source is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            yield str(value)
        elif value is True:
            yield parameter.opts[0]
        elif value is not False:
            for each in value if isinstance(value, (list, tuple)) else [value]:
                yield from (parameter.opts[0], str(each))


def _screen() -> Screen:
    """Standard error, on which the start page goes."""
    from cfgtool.cli.output import has_character, terminal_width
    from cfgtool.lint.paint import painter, wants_colour
    from cfgtool.matching.report.text import Screen

    stream = sys.stderr
    return Screen(terminal_width(stream), painter(wants_colour(stream)), has_character(stream, "█"))
