"""What several rules about the schedule read: the optimizer in effect, and its learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.schema import Config

BASE_FIELDS = {
    "cosine_decay_learning_rate": "learning_rate_base",
    "manual_step_learning_rate": "initial_learning_rate",
    "exponential_decay_learning_rate": "initial_learning_rate",
    "constant_learning_rate": "learning_rate",
}
"""Schedule -> the field that holds its highest rate."""


def train_config_of(config: Config) -> Config:
    """The `TrainConfig` of the file that `config` is a message of."""
    return config.root.message("train_config")


def schedule_of(optimizer: Config) -> tuple[Config, str] | None:
    """(schedule, name of the field with its base rate) of a message with a `learning_rate`; None without."""
    rate = optimizer.message("learning_rate")
    kind = rate.which("learning_rate")
    return None if kind is None else (rate.message(kind), BASE_FIELDS[kind])


def steps_of(config: Config) -> int:
    """`train_config.num_steps` of the same file; 0 where it is open or `config` is no part of a pipeline."""
    root = config.root
    return root.message("train_config").integer("num_steps") if "train_config" in root.type.fields else 0
