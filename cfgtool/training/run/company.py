"""A run among others that compute its steps: which devices and processes, and what happens when one goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.training.run.cluster import find_cluster
from cfgtool.training.run.distribution import LOST, Distribution, distribute
from cfgtool.training.run.job import Job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.saving import in_words

if TYPE_CHECKING:
    from cfgtool.training.run.train import Run


def shared_devices(job: Job, options: TrainOptions) -> Distribution:
    """The devices and processes of the run; the others are waited for. Raises UserError for what they cannot share."""
    cluster = find_cluster(options.strategy, options.workers, options.worker_index)
    if cluster.workers and options.restart:
        raise UserError(
            "--restart cannot be given to several workers, which look into the model dir at the same time",
            path=str(options.model_dir),
            hint="move what is in it away before, or choose another --model-dir",
        )
    distribution = distribute(options.strategy, cluster)
    distribution.share(job.config.message("train_config").integer("batch_size"))
    return distribution


def in_company(run: Run) -> int:
    """Train; raises UserError when another process is gone: nothing that it was needed for can go on."""
    if run.distribution.shard[0] == 1:
        return run.run()
    try:
        return run.run()
    except LOST as error:
        latest = run.saver.latest
        since = f"{latest} is whole" if latest else "there is no checkpoint yet"
        raise UserError(
            f"another worker is gone or cannot be reached: {in_words(error)}",
            path=str(run.options.model_dir),
            hint=f"{since}; start all workers again with the same commands, and they go on from there",
        ) from None
