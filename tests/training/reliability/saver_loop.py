"""A process that saves checkpoints without end, each with one number in every place, until it is killed."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from cfgtool.training.run.optimizers import Momentum
from cfgtool.training.run.saving import Saver

WEIGHTS, SIZE = 6, 50_000


class Saved:
    """A step, some weights and an optimizer with slots, saved as a run saves them."""

    def __init__(self, folder: Path) -> None:
        self.step = tf.Variable(0, dtype=tf.int64)
        self.weights = {f"weight{number}": tf.Variable(tf.zeros([SIZE])) for number in range(WEIGHTS)}
        self.tree = tf.train.Checkpoint(**self.weights)
        self.saver = Saver(folder, keep=3, step=self.step, model=self.tree, optimizer=Momentum(self.weights))

    def save(self, number: int) -> None:
        """Save a checkpoint in which step and weights are `number`."""
        self.step.assign(number)
        for weight in self.weights.values():
            weight.assign(tf.fill([SIZE], float(number)))
        self.saver.save()

    def numbers(self, prefix: str) -> set[int]:
        """What the checkpoint holds: one number, if it is whole."""
        self.saver.resume(prefix)
        found = {int(self.step.numpy())}
        for weight in self.weights.values():
            found |= {int(tf.reduce_min(weight)), int(tf.reduce_max(weight))}
        return found


def save_forever(folder: str, started: object) -> None:
    """Go on from the newest checkpoint."""
    saved = Saved(Path(folder))
    latest = saved.saver.latest
    number = 0 if latest is None else max(saved.numbers(latest))
    started.set()  # type: ignore[attr-defined]
    while True:
        number += 1
        saved.save(number)
