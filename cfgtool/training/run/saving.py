"""Checkpoints of a run: `<model dir>/ckpt-N`, readable by the OD API, safe against a kill at any moment.

TensorFlow writes a checkpoint under temporary names, renames it, and only then rewrites the `checkpoint` state file;
a kill in between leaves the previous checkpoint as the newest. N counts saves, as in the OD API.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.run.keras_state import keras_state, restorable, save_counter
from cfgtool.training.run.optimizers import Optimizer

NAME = "ckpt"


class Saver:
    """Saves and restores {step, model, optimizer} in one model dir."""

    def __init__(
        self, model_dir: Path, *, keep: int, step: tf.Variable, model: Any, optimizer: Optimizer
    ) -> None:
        """`model` is the trackable tree of the network; the newest `keep` checkpoints stay."""
        self.step = step
        self._model, self._optimizer = model, optimizer
        self._checkpoint = tf.train.Checkpoint(step=step, model=model, optimizer=keras_state(optimizer))
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(model_dir), max_to_keep=keep, checkpoint_name=NAME
        )

    @property
    def latest(self) -> str | None:
        """Prefix of the newest checkpoint of the model dir, None if there is none."""
        latest: str | None = self._manager.latest_checkpoint
        return latest

    def save(self) -> str:
        """Write a checkpoint at the current step; returns its prefix. Raises UserError when the disk refuses."""
        try:
            return str(self._manager.save())
        except (tf.errors.OpError, OSError) as error:
            reason = getattr(error, "message", None) or str(error)
            raise UserError(
                f"the checkpoint could not be written: {reason}", path=self._manager.directory
            ) from None

    def resume(self, prefix: str) -> int:
        """Restore everything from `prefix`; returns its step.

        Raises UserError if the checkpoint is broken or is not of this network and optimizer.
        """
        restore(restorable(prefix, step=self.step, model=self._model, optimizer=self._optimizer), prefix)
        self._checkpoint.save_counter.assign(save_counter(prefix))
        return int(self.step.numpy())


def restore(checkpoint: Any, prefix: str) -> None:
    """Restore every object of `checkpoint` from `prefix`; all of them must be found there with their shapes.

    Raises UserError otherwise, naming what is wrong.
    """
    try:
        status = checkpoint.read(prefix)
        # What the checkpoint holds besides is not asked for, and TensorFlow need not warn of it.
        status.assert_existing_objects_matched().expect_partial()
    except tf.errors.NotFoundError:
        raise UserError(
            "checkpoint has no readable data",
            path=prefix,
            hint="the .data-00000-of-00001 file must stand beside .index",
        ) from None
    except tf.errors.OpError as error:
        raise UserError(f"checkpoint cannot be read: {error.message.splitlines()[0]}", path=prefix) from None
    except (AssertionError, ValueError) as error:
        raise UserError(
            f"checkpoint is not of this network: {str(error).splitlines()[0]}",
            path=prefix,
            hint="train another network in another model dir, or move this one aside with --restart",
        ) from None


def move_aside(model_dir: Path) -> Path | None:
    """Move everything of an earlier run in `model_dir` into `previous-N` below it; None if there was nothing."""
    names = (
        [path for path in model_dir.iterdir() if not path.name.startswith("previous-")]
        if model_dir.is_dir()
        else []
    )
    if not names:
        return None
    number = 1
    while (model_dir / f"previous-{number}").exists():
        number += 1
    target = model_dir / f"previous-{number}"
    target.mkdir()
    # The state file goes first: from then on nothing points to checkpoints that are about to move.
    for path in sorted(names, key=lambda path: path.name != "checkpoint"):
        with contextlib.suppress(FileNotFoundError):
            path.rename(target / path.name)
    return target
