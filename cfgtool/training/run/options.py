"""What the command line says about a run, beside the config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOG_EVERY = 100
CHECKPOINT_EVERY = 1000
KEEP = 7


@dataclass(frozen=True)
class TrainOptions:
    """Options of `cfgtool train`; step counts are in training steps.

    `overrides` are `path=value` texts applied to the config. The defaults of `log_every`, `checkpoint_every` and
    `keep` are those of the OD API's training loop. `precision` is what convolutions compute in; `accumulate` how many
    batches make one update; `jit` compiles the step with XLA. `best` names the metric whose best checkpoint is kept
    (the main one where it is None), `patience` how many evaluations without a better one end the run (None: never).
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
