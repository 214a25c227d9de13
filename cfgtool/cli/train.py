"""`cfgtool train`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import typer

from cfgtool.errors import UserError

app = typer.Typer(add_completion=False)


@app.command()
def train(
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
    log_every: int = typer.Option(100, "--log-every", min=1, help="Steps between two logged values."),
    eval_every: int | None = typer.Option(
        None, "--eval-every", min=1, help="Steps between two evaluations; none without."
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
) -> None:
    """Train the configured detector; resumes if the model dir holds a checkpoint."""
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.run.start import plan_start, start_page

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
    )
    job = load_job(config, changes)
    start = plan_start(job, options)
    for line in start_page(job, start, options):
        print(line, file=sys.stderr)
    if dry_run:
        return
    need_tensorflow()
    from cfgtool.training.run.train import run_training

    sys.stderr.flush()
    reached = run_training(job, start, options)
    if reached < start.num_steps:
        again = f"cfgtool train {config} --model-dir {model_dir}"
        print(
            f"stopped and saved at step {reached} of {start.num_steps}; go on with `{again}`", file=sys.stderr
        )
        raise typer.Exit(130)
    if start.resume is not None and reached > start.num_steps:
        print(f"nothing to do: the run is at step {reached}, num_steps is {start.num_steps}", file=sys.stderr)
    print(f"trained to step {reached}; the run is in {model_dir}", file=sys.stderr)


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
