"""Weights for evaluation out of whatever holds them: checkpoints of runs here, of the OD API in TF1 and TF2, exports."""

from __future__ import annotations

from collections.abc import Iterable

from cfgtool.checkpoints import Checkpoint, Entry
from cfgtool.checkpoints.values import Values
from cfgtool.errors import UserError
from cfgtool.matching.conversion import STEP, average_of, conversion_plan
from cfgtool.networks import NetworkDescription
from cfgtool.networks.variables import Variable
from cfgtool.training.run.job import Job
from cfgtool.training.tensor_weights import Weights

UNKNOWN_STEP = -1


def load_weights(job: Job, network: NetworkDescription, weights: Weights, checkpoint: Checkpoint) -> int:
    """Give `weights` the values of a checkpoint of this network; returns its training step, -1 where it counts none.

    With `eval_config.use_moving_averages` variables take their moving averages, where the checkpoint has them. Raises
    UserError if the checkpoint is not of this network, cannot be read, has no averages, or is of the other generation
    of the OD API and means something else there.
    """
    missing = checkpoint.missing_data()
    if missing:
        raise UserError("has no readable data", path=checkpoint.path, hint=f"{missing[0]!r} is not there")
    found = _own(network, checkpoint) or _translated(job, network, checkpoint)
    if job.config.message("eval_config").flag("use_moving_averages"):
        found = _averaged(job, checkpoint, found)
    with Values(checkpoint, check=True) as values:
        weights.assign({variable.name: values.array(entry) for variable, entry in found})
    return training_step(checkpoint)


def training_step(checkpoint: Checkpoint) -> int:
    """The training step of a checkpoint by its counter, else by the name of a TF1 checkpoint; -1 without either.

    Raises UserError if the counter cannot be read.
    """
    entry = checkpoint.entries.get(STEP["tf2" if checkpoint.format == "tf2-object" else "tf1"])
    if entry is not None and not entry.shape:
        with Values(checkpoint, check=True) as values:
            return int(values.array(entry))
    return UNKNOWN_STEP if checkpoint.format == "tf2-object" or checkpoint.step is None else checkpoint.step


def _own(network: NetworkDescription, checkpoint: Checkpoint) -> list[tuple[Variable, Entry]]:
    """All variables with their entries, where the checkpoint has them under the keys that a run here gives them."""
    if checkpoint.format != "tf2-object":
        return []
    found = []
    for variable in network.variables:
        entry = checkpoint.find(variable.tf2_key or f"model/{variable.name}")
        if entry is None or (entry.shape, entry.dtype) != (variable.shape, variable.dtype):
            return []
        found.append((variable, entry))
    return found


def _translated(
    job: Job, network: NetworkDescription, checkpoint: Checkpoint
) -> list[tuple[Variable, Entry]]:
    """The same by the names of the OD API, in whichever dialect."""
    conversion = conversion_plan(network, checkpoint)
    plan = conversion.plan
    hint = "give the config that it was trained with"
    if plan.shape_mismatch:
        variable, entry, want, got = plan.shape_mismatch[0]
        what = f"{entry.key!r} is {list(got)} there and {list(want)} here"
        raise UserError(f"is not of this network: {what}", path=checkpoint.path, hint=hint)
    if plan.missing:
        variable, key = plan.missing[0]
        what = f"it lacks {len(plan.missing)} of {plan.requested} variables, such as {key or variable.name!r}"
        raise UserError(f"is not of this network: {what}", path=checkpoint.path, hint=hint)
    if conversion.differences:
        what = "; ".join(difference.what for difference in conversion.differences)
        here = network.generation.upper()
        other = "TF1" if here == "TF2" else "TF2"
        raise job.fail(
            f"the checkpoint is of {other}, and {network.feature_extractor!r} computes something else in {here}: {what}",
            hint=f"evaluate it with a config of {other}",
        )
    return plan.restored


def _averaged(
    job: Job, checkpoint: Checkpoint, found: Iterable[tuple[Variable, Entry]]
) -> list[tuple[Variable, Entry]]:
    averages = [(variable, entry, average_of(checkpoint, variable, entry)) for variable, entry in found]
    if not any(average for _, _, average in averages):
        raise job.fail(
            "the checkpoint has no moving averages",
            job.config.message("eval_config").entry("use_moving_averages"),
            "train with use_moving_average: true, or drop this",
        )
    return [(variable, average or entry) for variable, entry, average in averages]
