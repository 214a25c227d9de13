"""`cfgtool train`."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import typer

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.matching.report.text import Screen

app = typer.Typer(add_completion=False)

_NOT_AGAIN = ("restart", "dry_run", "format_")
"""Options that are left out of the command to go on with: they would undo the run, or not run it."""


@app.command()
def train(
    context: typer.Context,
    config: str = typer.Argument(..., metavar="CONFIG", help="The pipeline.config to train from."),
    model_dir: Path = typer.Option(
        ..., "--model-dir", help="Folder of the run: checkpoints, metrics, config as run."
    ),
    num_steps: int | None = typer.Option(
        None, "--num-steps", min=1, help="Train up to this step; overrides the config."
    ),
    batch_size: int | None = typer.Option(
        None, "--batch-size", min=1, help="Examples a step; overrides the config."
    ),
    overrides: list[str] = typer.Option(
        [],
        "--set",
        metavar="PATH=VALUE",
        help="Change a field, such as train_config.gradient_clipping_by_norm=10.",
    ),
    seed: int = typer.Option(
        0, "--seed", help="Start weights, order of the data and augmentation follow from it."
    ),
    precision: str = typer.Option(
        "float32", "--precision", help="float32, mixed_bfloat16 or mixed_float16: what layers compute in."
    ),
    accumulate: int = typer.Option(
        1, "--accumulate", min=1, metavar="N", help="Batches whose gradients make one update."
    ),
    jit: bool = typer.Option(False, "--jit", help="Compile the step with XLA."),
    log_every: int = typer.Option(100, "--log-every", min=1, help="Steps between two logged values."),
    eval_every: int | None = typer.Option(
        None, "--eval-every", min=1, help="Steps between two evaluations; none without."
    ),
    best: str | None = typer.Option(
        None, "--best", metavar="METRIC", help="Metric whose best checkpoint is kept (default: mAP)."
    ),
    patience: int | None = typer.Option(
        None, "--patience", min=1, metavar="N", help="End after N evaluations without a better one."
    ),
    checkpoint_every: int = typer.Option(
        1000, "--checkpoint-every", min=1, help="Steps between two checkpoints."
    ),
    keep: int = typer.Option(7, "--keep", min=1, help="How many of the newest checkpoints stay."),
    restart: bool = typer.Option(
        False, "--restart", help="Move an earlier run in the model dir aside and start anew."
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Show how the run would start, and stop. No TensorFlow."
    ),
    quiet: bool = typer.Option(False, "--quiet", help="Tell only mistakes and the end."),
    format_: str = typer.Option("text", "--format", help="text or json, of --dry-run."),
) -> None:
    """Train the configured detector; resumes if the model dir holds a checkpoint."""
    if format_ not in ("text", "json"):
        raise UserError(f"format {format_!r} is not known", hint="use text or json")
    if format_ == "json" and not dry_run:
        raise UserError("--format json is the start page as an object", hint="give --dry-run too")
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.run.start import plan_start

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
        patience=patience,
        best=best,
        quiet=quiet,
        command=shlex.join(["cfgtool", "train", *_words(context, ())]),
    )
    job = load_job(config, changes)
    start = plan_start(job, options)
    if format_ == "json":
        from cfgtool.training.run.start_json import page_as_json

        print(json.dumps(page_as_json(job, start, options), indent=2))
        return
    if not quiet or dry_run:
        from cfgtool.cli.output import write
        from cfgtool.training.run.start_page import page_as_text

        write("".join(f"{line}\n" for line in page_as_text(job, start, options, _screen())), sys.stderr)
    if dry_run:
        return
    if start.resume is not None and not start.steps_left:
        steps = f"the run is at step {start.first_step}, num_steps is {start.num_steps}"
        print(f"nothing to do: {steps}; give --num-steps to train on", file=sys.stderr)
        return
    need_tensorflow()
    from cfgtool.training.run.train import run_training

    outcome = run_training(job, start, options)
    again = shlex.join(["cfgtool", "train", *_words(context, _NOT_AGAIN)])
    if outcome.ended_by is None and outcome.step < start.num_steps:
        print(
            f"stopped and saved at step {outcome.step} of {start.num_steps}; go on with `{again}`",
            file=sys.stderr,
        )
        raise typer.Exit(130)
    why = f" ({outcome.ended_by})" if outcome.ended_by else ""
    print(f"trained to step {outcome.step}{why}; the run is in {model_dir}", file=sys.stderr)


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


def need_tensorflow() -> None:
    """Import TensorFlow without its greetings. Raises UserError if a package that training needs is not installed."""
    import importlib.util

    missing = [
        name
        for name in ("tensorflow", "numpy", "PIL", "pycocotools")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise UserError(
            f"training needs {', '.join(missing)}, which is not installed",
            hint="pip install 'cfgtool[train]'",
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    # Native code greets on the file descriptor, before any log level counts; what it says is shown if the import fails.
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
