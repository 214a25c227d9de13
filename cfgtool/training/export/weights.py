"""Which values of a checkpoint the variables of an exported network get; decided without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.checkpoints.values import Values
from cfgtool.errors import UserError
from cfgtool.matching.conversion import average_of, conversion_plan
from cfgtool.matching.heads import classes_in_words, only_classes_differ
from cfgtool.matching.twins import twin_difference

if TYPE_CHECKING:
    import numpy as np

    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.matching import RestorePlan
    from cfgtool.networks import NetworkDescription, Variable


class Sources(NamedTuple):
    """Where every value comes from.

    `entries` has an entry of the checkpoint for each variable, by our names; `averages` counts those that are moving
    averages. `step` is the training step that the checkpoint tells, None without one. `notes` are what the user should
    know although everything fits.
    """

    checkpoint: Checkpoint
    entries: dict[str, Entry]
    averages: int
    step: int | None
    notes: tuple[str, ...]


def find_sources(
    network: NetworkDescription,
    checkpoint: Checkpoint,
    *,
    averages: bool = False,
    num_classes: int | None = None,
) -> Sources:
    """An entry for every variable of `network`, from a checkpoint of either generation, of any container.

    `averages`: take the moving average of a variable where there is one. `num_classes` of the config lets a refusal
    say why shapes differ. Raises UserError if a variable has no value, a value has another shape, files are missing,
    or no averages are there.
    """
    if missing := checkpoint.missing_data():
        raise UserError("is not there", path=missing[0], hint="copy all files of the checkpoint")
    conversion = conversion_plan(network, checkpoint, averages=averages, num_classes=num_classes)
    plan = conversion.plan
    entries = {copy.variable.name: copy.entry for copy in conversion.copies}
    found = conversion.averages
    for variable in _kept_under_our_names(network):
        entry = _own(checkpoint, variable)
        if entry is not None:
            average = average_of(checkpoint, variable, entry)
            found += average is not None
            entries[variable.name] = (average if averages else None) or entry
    _refuse_gaps(plan, entries)
    if averages and not found:
        raise UserError(
            "has no moving averages",
            path=checkpoint.path,
            hint="they are there after training with use_moving_average: true; without, export the weights",
        )
    difference = twin_difference(plan)
    # A run of a TF1 network is saved in the format of TF2, and looks like a checkpoint of the other network.
    crossing = difference is not None and checkpoint.format == "tf1-name"
    notes = (*plan.checkpoint.notes, *([difference] if crossing and difference else []))
    step = None
    if conversion.step is not None:
        with Values(checkpoint) as values:
            step = int(values.array(conversion.step))
    return Sources(plan.checkpoint, entries, found if averages else 0, step, notes)


def read_values(sources: Sources) -> dict[str, np.ndarray]:
    """The values by our names. Raises UserError for a damaged file."""
    with Values(sources.checkpoint, check=True) as values:
        return {name: values.array(entry) for name, entry in sources.entries.items()}


def _kept_under_our_names(network: NetworkDescription) -> list[Variable]:
    """Variables that the TF2 OD API does not have: a run of ours keeps them under our names."""
    return [variable for variable in network.variables if variable.tf2_key is None]


def _own(checkpoint: Checkpoint, variable: Variable) -> Entry | None:
    entry = checkpoint.entries.get(f"model/{variable.name}")
    return entry if entry is not None and entry.shape == variable.shape else None


def _refuse_gaps(plan: RestorePlan, entries: dict[str, Entry]) -> None:
    """Raise UserError unless every variable that the network computes with has a value."""
    path = plan.checkpoint.path
    hint = "export with the config that it was trained with"
    mismatches = [row for row in plan.shape_mismatch if row[0].name not in entries]
    missing = [(variable, key) for variable, key in plan.missing if variable.name not in entries]
    if len(missing) > len(entries) // 2:
        count = f"{len(missing)} of {plan.requested} variables are not in it"
        variable, key = missing[0]
        raise UserError(
            f"the checkpoint is of another network: {count}, such as {key or variable.name!r}",
            path=path,
            hint=hint,
        )
    if mismatches:
        variable, _, want, got = mismatches[0]
        message = f"the checkpoint is not of this network: {variable.name!r} is {list(got)} in it, {list(want)} here"
        if only_classes_differ(plan) and (classes := classes_in_words(plan)):
            message = f"the checkpoint is not of this network: {classes}"
        raise UserError(message, path=path, hint=hint)
    if missing:
        variable, key = missing[0]
        message = f"the checkpoint lacks {len(missing)} of {plan.requested} variables of the network, such as"
        raise UserError(f"{message} {key or variable.name!r}", path=path, hint=hint)
