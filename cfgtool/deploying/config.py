"""The config that a run on a cluster is given, judged as training would judge it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cfgtool.deploying.run import ClusterRun
from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.schema.editing import edit_text
from cfgtool.textproto import parse
from cfgtool.training.run.job import PATH_FIELDS, Job, job_of, steps_and_batch
from cfgtool.training.run.options import TrainOptions, check_options

MOST_BYTES = 1024 * 1024 - 1
"""What a config map holds at most."""
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://")


class Trained(NamedTuple):
    """How `cfgtool train` is going to be called, beside the config: what of it bears on the manifest."""

    num_steps: int | None
    batch_size: int | None
    options: TrainOptions


def prepare_config(name: str, text: str, assignments: Sequence[str]) -> tuple[str, list[str]]:
    """The text with the assignments carried out, otherwise as it is, and notes.

    `name` is what messages call it. Raises UserError for assignments that do not fit and texts that no config map holds.
    """
    notes: list[str] = []
    if assignments:
        try:
            text, notes = edit_text(text, assignments)
        except UserError as error:
            error.path = name
            raise
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UserError(
            "is not UTF-8, which a config map has to be", path=name, hint="save it in that encoding"
        ) from None
    if size > MOST_BYTES:
        raise UserError(f"has {size:,} bytes, and a config map holds {MOST_BYTES:,}", path=name)
    return text, notes


def check_config(name: str, text: str, run: ClusterRun, trained: Trained) -> list[str]:
    """Notes on paths that pods may not find.

    Raises UserError for what would stop every worker at its start and can be told without TensorFlow and the data: a
    config with errors, options that contradict one another, a batch that the workers cannot share evenly.
    """
    changes = []
    if trained.num_steps is not None:
        changes.append(f"train_config.num_steps={trained.num_steps}")
    if trained.batch_size is not None:
        changes.append(f"train_config.batch_size={trained.batch_size}")
    job = job_of(name, text, changes)
    check_options(trained.options)
    _, batch_size = steps_and_batch(job)
    _check_share(job, batch_size, run, trained)
    return list(_unfindable(text, run))


def _check_share(job: Job, batch_size: int, run: ClusterRun, trained: Trained) -> None:
    devices = max(1, run.gpus) if trained.options.strategy != "none" else 1
    replicas = run.workers * devices
    if batch_size % replicas == 0:
        return
    entry = job.config.message("train_config").entry("batch_size")
    change = "--set train_config.batch_size="
    if trained.batch_size is not None:
        entry, change = None, "--batch-size "
    whose = f"{run.workers} workers" + (f" of {devices} GPUs" if devices > 1 else "")
    raise job.fail(
        f"a batch of {batch_size} cannot be shared by {whose} evenly",
        entry,
        f"make it a multiple of {replicas}, such as {change}{-(-batch_size // replicas) * replicas}",
    )


def _unfindable(text: str, run: ClusterRun) -> Iterator[str]:
    """A note on each file of the config that is below none of the claims."""
    for _, entry in read_config(parse(text)).walk():
        value = entry.value
        if entry.type.name not in PATH_FIELDS or not isinstance(value, str) or not value:
            continue
        if _ELSEWHERE.match(value):
            continue
        place = posixpath.normpath(posixpath.join(run.working_dir, value))
        if not any(claim.holds(place) for claim in run.claims):
            yield f"{entry.path}: {value!r} is below no claim, so it has to be in the image"
