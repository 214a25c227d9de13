"""Steps on several devices: copies of all variables that change alike, shares of the batch, sums of gradients.

Every replica keeps its own copy of every variable and makes the same update with the summed gradients, so that nothing
but sums has to travel (Goyal et al. 2017, section 4).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training import replicas
from cfgtool.training.run.cluster import ALONE, TF_CONFIG, Cluster

Batch = Mapping[str, Any]
Values = dict[str, Tensor]

LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)
"""How a step fails when another process is gone."""


class Distribution:
    """One process's part of a run: `replicas` in all, of which it has `local`, and the share of the input it reads.

    Without other devices and processes everything passes through as it is.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None, cluster: Cluster = ALONE) -> None:
        self._strategy = strategy
        self.cluster = cluster
        self._summed = tf.function(self._in_replicas, autograph=False, reduce_retracing=True)
        self.replicas = 1 if strategy is None else int(strategy.num_replicas_in_sync)
        self.local = self.replicas // max(1, len(cluster.workers))

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what the run leaves."""
        return self.cluster.is_chief

    @property
    def shard(self) -> tuple[int, int]:
        """Number of processes, and which of them this is."""
        return max(1, len(self.cluster.workers)), self.cluster.index

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Variables made within have a copy on every device."""
        if self._strategy is None:
            yield
            return

        def local_copies(make: Callable[..., tf.Variable], **options: Any) -> tf.Variable:
            options["synchronization"] = tf.VariableSynchronization.ON_READ
            options["aggregation"] = tf.VariableAggregation.ONLY_FIRST_REPLICA
            return make(**options)

        with self._strategy.scope(), tf.variable_creator_scope(local_copies):
            yield

    def traced(
        self, function: Callable[..., Values], signature: Mapping[str, tf.TensorSpec] | None = None
    ) -> Callable[..., Values]:
        """A function of this process's batch, and of more tensors, as one graph over its devices.

        The function runs once a replica, on its rows of the batch, and must give all replicas the same values.
        `signature` is what batches, the only argument then, have in common.
        """
        strategy = self._strategy
        if strategy is None:
            given = None if signature is None else [dict(signature)]
            return tf.function(function, given, autograph=False)
        inner = tf.function(
            lambda batch, *more: strategy.run(function, (batch, *more)),
            autograph=False,
            reduce_retracing=True,
        )

        def call(batch: Batch, *more: Any) -> Values:
            found = inner(self._split(batch), *more)
            return {name: strategy.experimental_local_results(value)[0] for name, value in found.items()}

        return call

    def _split(self, batch: Batch) -> Any:
        assert self._strategy is not None
        first = self.cluster.index * self.local

        def rows(context: Any) -> dict[str, Any]:
            return part_of(batch, context.replica_id_in_sync_group - first, self.local)

        return self._strategy.experimental_distribute_values_from_function(rows)

    def share(self, batch_size: int) -> int:
        """How many examples of a global batch this process reads. Raises UserError if they cannot be shared evenly."""
        if batch_size % self.replicas:
            raise UserError(
                f"a batch of {batch_size} cannot be shared by {self.replicas} replicas evenly",
                hint=f"make train_config.batch_size, which counts them all, a multiple of {self.replicas}",
            )
        return batch_size // self.shard[0]

    def any_of(self, flag: bool) -> bool:
        """Whether the flag is set in any of the processes; all of them have to ask."""
        if self.shard[0] == 1:
            return flag
        return float(self._sum(tf.constant(float(flag) / self.local))) > 0.0

    def agree(self, name: str, number: int) -> None:
        """Wait for the other processes. Raises UserError unless all of them have the same number."""
        if self.shard[0] == 1:
            return
        place = tf.one_hot(self.cluster.index, self.shard[0], dtype=tf.float64) / self.local
        found = self._sum(place * tf.cast(number, tf.float64)).numpy().round().astype(int).tolist()
        if len(set(found)) > 1:
            raise UserError(
                f"the workers do not start alike: {name} is {', '.join(map(str, found))}",
                hint="all of them need the same config, options, --model-dir and data",
            )

    def _sum(self, value: Tensor) -> Tensor:
        """The sum over all replicas of all processes."""
        assert self._strategy is not None
        return self._strategy.experimental_local_results(self._summed(value))[0]

    def _in_replicas(self, value: Tensor) -> Any:
        assert self._strategy is not None
        # A sum goes to the device that its value is on.
        return self._strategy.run(lambda own: replicas.total(tf.identity(own)), (value,))


def part_of(batch: Batch, number: int, count: int) -> dict[str, Any]:
    """The rows of part `number`, from 0, of a batch in `count` equal parts."""
    return {
        name: value[number * (len(value) // count) : (number + 1) * (len(value) // count)]
        for name, value in batch.items()
    }


def distribute(strategy: str, cluster: Cluster) -> Distribution:
    """What `--strategy` means on this machine; other processes of the cluster are waited for."""
    if cluster.workers:
        os.environ[TF_CONFIG] = cluster.tf_config()
        return Distribution(tf.distribute.MultiWorkerMirroredStrategy(), cluster)
    devices = tf.config.list_logical_devices("GPU")
    if strategy == "mirrored":
        devices = devices or tf.config.list_logical_devices("CPU")
    if strategy == "none" or (strategy == "auto" and len(devices) < 2):
        return Distribution()
    if len(devices) < 2:
        raise UserError("--strategy mirrored finds only one device", hint="leave it out")
    return Distribution(tf.distribute.MirroredStrategy([device.name for device in devices]))
