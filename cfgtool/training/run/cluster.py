"""The machines of a run, as the command line or `TF_CONFIG` names them; without TensorFlow."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfgtool.errors import UserError

TF_CONFIG = "TF_CONFIG"
STRATEGIES = ("auto", "mirrored", "multi_worker", "none")


@dataclass(frozen=True)
class Cluster:
    """`workers` are the addresses (`host:port`) of the processes that train together, `index` is that of this one."""

    workers: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what the run leaves."""
        return self.index == 0

    def tf_config(self) -> str:
        """What TensorFlow reads of it."""
        task = {"type": "worker", "index": self.index}
        return json.dumps({"cluster": {"worker": list(self.workers)}, "task": task})


ALONE = Cluster((), 0)
"""One process."""


def find_cluster(
    strategy: str, workers: Sequence[str], index: int | None, environment: Mapping[str, str] = os.environ
) -> Cluster:
    """The cluster that `--workers` and `--worker-index` describe, else the one of `TF_CONFIG`, else `ALONE`.

    Raises UserError for addresses that are none, a place of this process that is not clear, and a `TF_CONFIG` with
    parameter servers or mistakes.
    """
    if strategy not in STRATEGIES:
        hint = "TPUs are not supported" if strategy == "tpu" else f"use one of {', '.join(STRATEGIES)}"
        raise UserError(f"--strategy {strategy!r} is not known", hint=hint)
    if strategy in ("none", "mirrored"):
        if workers:
            raise UserError(
                f"--workers needs --strategy multi_worker, not {strategy!r}", hint="drop one of them"
            )
        return ALONE
    if workers:
        return _named(tuple(workers), index)
    if index is not None:
        raise UserError(
            "--worker-index is given without --workers", hint="name all workers, in the same order"
        )
    text = environment.get(TF_CONFIG)
    found = _configured(text) if text else ALONE
    if strategy == "multi_worker" and not found.workers:
        raise UserError(
            "--strategy multi_worker knows no workers", hint=f"give --workers, or set {TF_CONFIG}"
        )
    return found


def _named(workers: tuple[str, ...], index: int | None) -> Cluster:
    for address in workers:
        host, colon, port = address.rpartition(":")
        if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65536:
            raise UserError(f"worker {address!r} is not of the form host:port")
    if len(set(workers)) < len(workers):
        raise UserError("two workers have the same address", hint="each needs a port of its own")
    if index is None:
        own = {socket.gethostname(), socket.getfqdn()}
        here = [number for number, address in enumerate(workers) if address.rpartition(":")[0] in own]
        if len(here) != 1:
            raise UserError(
                "it is not clear which of the workers this process is",
                hint=f"give --worker-index, 0 to {len(workers) - 1}",
            )
        index = here[0]
    if not 0 <= index < len(workers):
        raise UserError(
            f"--worker-index {index} is not one of {len(workers)} workers", hint="they count from 0"
        )
    return Cluster(workers, index)


def _configured(text: str) -> Cluster:
    try:
        said: Any = json.loads(text)
        cluster, task = said.get("cluster", {}), said.get("task", {})
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
        workers = tuple(str(address) for address in cluster.get("worker", ()))
        chief = tuple(str(address) for address in cluster.get("chief", ()))
        others = sorted(set(cluster) - {"worker", "chief", "evaluator"})
    except (ValueError, AttributeError, TypeError) as error:
        raise UserError(
            f"{TF_CONFIG} cannot be read: {error}", hint="it is an object with cluster and task"
        ) from None
    if others:
        raise UserError(f"{TF_CONFIG} names tasks of type {others[0]!r}; only workers train here")
    if kind not in ("chief", "worker"):
        raise UserError(f"{TF_CONFIG} makes this process a {kind!r}; only chief and workers train")
    everybody = (*chief, *workers)
    place = index if kind == "chief" or not chief else len(chief) + index
    if not everybody:
        return ALONE
    if not 0 <= place < len(everybody):
        raise UserError(f"{TF_CONFIG} gives this process index {index} of {len(everybody)} tasks")
    return Cluster(everybody, place) if len(everybody) > 1 else ALONE
