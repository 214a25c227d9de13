"""Checkpoints of a run: `<model dir>/ckpt-N`, readable by the OD API, safe against a kill at any moment.

TensorFlow writes a checkpoint under temporary names, renames it, and only then rewrites the `checkpoint` state file;
a kill in between leaves the previous checkpoint as the newest. N counts saves, as in the OD API.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.run.keras_state import LOSS_SCALE, keras_state, restorable, save_counter
from cfgtool.training.run.loss_scale import LossScale
from cfgtool.training.run.optimizers import Optimizer
from cfgtool.training.run.run_lock import LOCK_FILE
from cfgtool.training.starting.model_dir import keep_state_local

NAME = "ckpt"


class DamagedCheckpointError(UserError):
    """A checkpoint whose files cannot be read, or hold something else than was written."""


class Saver:
    """Saves and restores {step, model, optimizer} in one model dir."""

    def __init__(
        self,
        model_dir: Path,
        *,
        keep: int,
        step: tf.Variable,
        model: Any,
        optimizer: Optimizer,
        loss_scale: LossScale | None = None,
        weights: Iterable[tf.Variable] = (),
    ) -> None:
        """`model` is the trackable tree of the network; the newest `keep` checkpoints stay.

        `weights` are the variables that must be finite to be saved.
        """
        self.step = step
        self.saved_step: int | None = None
        self._model, self._optimizer, self._loss_scale = model, optimizer, loss_scale
        self._weights = list(weights)
        more = {} if loss_scale is None else {LOSS_SCALE: loss_scale}
        self._checkpoint = tf.train.Checkpoint(
            step=step, model=model, optimizer=keras_state(optimizer), **more
        )
        keep_state_local(model_dir)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(model_dir), max_to_keep=keep, checkpoint_name=NAME
        )

    @property
    def latest(self) -> str | None:
        """Prefix of the newest checkpoint of the model dir, None if there is none."""
        latest: str | None = self._manager.latest_checkpoint
        return latest

    def save(self, number: int | None = None) -> str:
        """Write a checkpoint at the current step; returns its prefix.

        `number` takes the place of the count of saves in its name.

        Raises UserError when the disk refuses, and for weights that are not finite; the checkpoints before stay as
        they are.
        """
        step = int(self.step.numpy())
        broken = [variable.name for variable in self._weights if not _is_finite(variable)]
        if broken:
            more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
            raise UserError(
                f"after step {step} the weights are not finite: {broken[0]}{more}; they are not saved",
                path=self._manager.directory,
                hint=f"{self._kept()}; lower the learning rate, or set train_config.gradient_clipping_by_norm",
            )
        try:
            prefix = str(self._manager.save(checkpoint_number=number))
        except (tf.errors.OpError, OSError) as error:
            self._remove_parts(int(self._checkpoint.save_counter.numpy()) if number is None else number)
            raise UserError(
                f"the checkpoint of step {step} could not be written: {in_words(error)}",
                path=self._manager.directory,
                hint=f"{self._kept()}; make room there and start again",
            ) from None
        self.saved_step = step
        return prefix

    def _kept(self) -> str:
        latest = self.latest
        return f"{Path(latest).name} is intact" if latest else "there is no checkpoint before it"

    def _remove_parts(self, number: int) -> None:
        """Remove what a save that failed has left of its number."""
        name = f"{NAME}-{number}"
        folder = Path(self._manager.directory)
        if str(folder / name) in self._manager.checkpoints:
            return  # it is whole; only the state file could not be written
        with contextlib.suppress(OSError):
            for path in [*folder.glob(f"{name}.*"), *folder.glob(f"{name}_temp*")]:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def resume(self, prefix: str) -> int:
        """Restore everything from `prefix`; returns its step.

        Raises DamagedCheckpointError if its files are broken, UserError if it is not of this network and optimizer.
        """
        parts = restorable(
            prefix,
            step=self.step,
            model=self._model,
            optimizer=self._optimizer,
            loss_scale=self._loss_scale,
        )
        restore(parts, prefix)
        self._checkpoint.save_counter.assign(save_counter(prefix))
        return int(self.step.numpy())


def restore(checkpoint: Any, prefix: str) -> None:
    """Restore every object of `checkpoint` from `prefix`; all of them must be found there with their shapes.

    Raises DamagedCheckpointError or UserError otherwise, naming what is wrong.
    """
    try:
        status = checkpoint.read(prefix)
        # What the checkpoint holds besides is not asked for, and TensorFlow need not warn of it.
        status.assert_existing_objects_matched().expect_partial()
    except tf.errors.NotFoundError:
        raise DamagedCheckpointError(
            "checkpoint has no readable data",
            path=prefix,
            hint="the .data-00000-of-00001 file must stand beside .index",
        ) from None
    except tf.errors.OpError as error:
        raise DamagedCheckpointError(f"checkpoint cannot be read: {in_words(error)}", path=prefix) from None
    except (AssertionError, ValueError) as error:
        raise UserError(
            f"checkpoint is not of this network: {str(error).splitlines()[0]}",
            path=prefix,
            hint="train another network in another model dir, or move this one aside with --restart",
        ) from None


def move_aside(model_dir: Path) -> Path | None:
    """Move everything of an earlier run in `model_dir` into `previous-N` below it; None if there was nothing."""
    names = (
        [
            path
            for path in model_dir.iterdir()
            if not path.name.startswith("previous-") and path.name != LOCK_FILE
        ]
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


def in_words(error: BaseException) -> str:
    """What TensorFlow says of an error, without the names of its operations."""
    text = str(getattr(error, "message", None) or error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:\w+\]", "", text[0])


def _is_finite(variable: tf.Variable) -> bool:
    return not variable.dtype.is_floating or bool(tf.reduce_all(tf.math.is_finite(variable)))
