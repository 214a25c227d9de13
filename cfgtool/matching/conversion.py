"""Converting a checkpoint: which value of it gets which name in the other generation's dialect.

The mapping is the one of the restore plan that asks for every variable, so a checkpoint that was converted restores
what the one it was made from does. Values are copied as they are: a variable that both generations have has one shape
and one layout in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.matching.exported import as_trained
from cfgtool.matching.plan import RestorePlan, assign
from cfgtool.matching.semantics import check_described, doubled
from cfgtool.matching.twins import concerned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.variables import Difference, Variable

STEP = {"tf1": "global_step", "tf2": "step"}
"""What each generation counts training steps in."""
_FORMATS = {"tf1": "tf1-name", "tf2": "tf2-object"}
_EVERYTHING = {"tf1": ("detection", True), "tf2": ("full", False)}
"""Restore type and `load_all_detection_checkpoint_vars` that ask for all variables."""


class Copy(NamedTuple):
    """One value: its key in the new checkpoint, the variable, and the entry of the old one that it comes from."""

    key: str
    variable: Variable
    entry: Entry


class Conversion:
    """What a checkpoint becomes for a network in the dialect of the network's generation; a pure value.

    `plan` tells what is missing, has another shape or is not used; `copies` are the variables that get a value,
    `averages` counts those that the checkpoint has a moving average of, and `averaged` says that these are taken.
    `step` is the counter of training steps that goes along, None without one. `twin` is the network as the
    generation that the checkpoint comes from builds it, if that is known.
    """

    __slots__ = ("averaged", "averages", "copies", "plan", "step", "twin")

    def __init__(self, plan: RestorePlan, twin: NetworkDescription | None, *, averaged: bool) -> None:
        self.plan = plan
        self.twin = twin
        self.averaged = averaged
        self.averages = 0
        self.copies: list[Copy] = []
        self.step: Entry | None = None

    @property
    def network(self) -> NetworkDescription:
        """The network, as the generation that the new checkpoint is for builds it."""
        return self.plan.network

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that is converted."""
        return self.plan.checkpoint

    @property
    def crossing(self) -> bool:
        """True if the dialect changes, and with it the network that the values are for."""
        return self.checkpoint.format != _FORMATS[self.network.generation]

    @property
    def differences(self) -> list[Difference]:
        """Why the other generation's network computes something else with the same values."""
        if not self.crossing:
            return []
        return concerned(self.network, (copy.variable for copy in self.copies))


def conversion_plan(
    network: NetworkDescription,
    checkpoint: Checkpoint,
    *,
    averages: bool = False,
    num_classes: int | None = None,
    twin: NetworkDescription | None = None,
) -> Conversion:
    """How `checkpoint` is written for `network`, in the dialect of its generation.

    `averages`: take the moving average of a variable where there is one. `num_classes` of the config, and `twin`, the
    same network as the checkpoint's generation builds it, let a refusal say why shapes differ. Raises UserError for a
    meta-architecture that is not described.
    """
    generation = network.generation
    check_described(network.meta_architecture, generation)
    checkpoint = as_trained(checkpoint, network.variables)
    kind, load_all = _EVERYTHING[generation]
    plan = RestorePlan(network, checkpoint, kind, generation, load_all, num_classes)
    assign(plan)
    conversion = Conversion(plan, twin, averaged=averages)
    for variable, entry in (*plan.restored, *_twice(plan)):
        key = variable.tf2_key if generation == "tf2" else variable.tf1_name
        if key is None:
            continue
        average = average_of(checkpoint, variable, entry)
        conversion.averages += average is not None
        conversion.copies.append(Copy(key, variable, (average if averages else None) or entry))
    conversion.step = _step(checkpoint)
    return conversion


def _twice(plan: RestorePlan) -> Iterator[tuple[Variable, Entry]]:
    """Variables of TF1's first stage that are not asked for, with what their doubles in the second one get.

    No output depends on them, but a TF1 checkpoint has them.
    """
    if plan.generation != "tf1":
        return
    second = doubled(plan.network)
    found = {variable.tf1_name: entry for variable, entry in plan.restored}
    for variable in plan.not_requested:
        entry = found.get(second.get(variable.tf1_name or ""))
        if entry is not None:
            yield variable, entry


def average_of(checkpoint: Checkpoint, variable: Variable, entry: Entry) -> Entry | None:
    """The moving average of a variable whose value is `entry`: TF1's, a TF2 optimizer's, or that of `cfgtool train`."""
    keys = [f"{entry.key}/ExponentialMovingAverage"]
    if checkpoint.format == "tf2-object":
        own = variable.name.replace("/", ".S")
        keys = [f"{entry.key}/.OPTIMIZER_SLOT/optimizer/average", f"optimizer/average/shadow/{own}"]
    for key in keys:
        average = checkpoint.entries.get(key)
        if average is not None and (average.shape, average.dtype) == (entry.shape, entry.dtype):
            return average
    return None


def _step(checkpoint: Checkpoint) -> Entry | None:
    entry = checkpoint.entries.get(STEP["tf2" if checkpoint.format == "tf2-object" else "tf1"])
    return entry if entry is not None and (entry.dtype, entry.shape) == ("int64", ()) else None
