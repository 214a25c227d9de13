"""What the command line says about a run, beside the config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cfgtool.errors import UserError

LOG_EVERY = 100
CHECKPOINT_EVERY = 1000
KEEP = 7
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class TrainOptions:
    """Options of `cfgtool train`; step counts are in training steps.

    `overrides` are `path=value` texts applied to the config. The defaults of `log_every`, `checkpoint_every` and
    `keep` are those of the OD API's training loop. `precision` is what convolutions compute in; `accumulate` how many
    batches make one update; `jit` compiles the step with XLA. `best` names the metric whose best checkpoint is kept
    (the main one where it is None), `patience` how many evaluations without a better one end the run (None: never).
    `image_cache` is how many MiB decoded pictures may take (None: a quarter of what is free at the start).
    `skip_bad_records` leaves records out that cannot be read, instead of stopping at the first.
    `strategy`, `workers` and `worker_index` say which devices and processes share a step (see `cluster.find_cluster`);
    `sync_batch_norm` has batch norm normalise by the batches of all of them. With `quiet` only mistakes and the end
    are told. `command` is the command line as typed, for the records of the run.
    """

    config_path: str
    model_dir: Path
    num_steps: int | None = None
    batch_size: int | None = None
    overrides: tuple[str, ...] = ()
    seed: int = 0
    log_every: int = LOG_EVERY
    eval_every: int | None = None
    checkpoint_every: int = CHECKPOINT_EVERY
    keep: int = KEEP
    restart: bool = False
    precision: str = "float32"
    accumulate: int = 1
    jit: bool = False
    patience: int | None = None
    best: str | None = None
    quiet: bool = False
    image_cache: int | None = None
    skip_bad_records: bool = False
    strategy: str = "auto"
    workers: tuple[str, ...] = ()
    worker_index: int | None = None
    sync_batch_norm: bool = False
    command: str = ""


def check_options(options: TrainOptions) -> None:
    """Raise UserError for options that contradict one another or name what does not exist."""
    if options.precision not in PRECISIONS:
        raise UserError(
            f"--precision {options.precision!r} is not known", hint=f"use one of {', '.join(PRECISIONS)}"
        )
    for flag, value in (("--patience", options.patience), ("--best", options.best)):
        if value is not None and not options.eval_every:
            raise UserError(
                f"{flag} compares evaluations, but the run makes none", hint="give --eval-every too"
            )
    if options.best is not None and not options.best.strip():
        raise UserError(
            "--best is empty", hint="name a metric of metrics.jsonl, such as DetectionBoxes_Precision/mAP"
        )
