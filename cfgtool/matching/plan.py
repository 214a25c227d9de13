"""The restore plan: the fate of every variable of a network, and of every entry of a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.matching.semantics import Request, check_described, restore_types

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.matching.od_api import OdApi
    from cfgtool.matching.verdict import Verdict
    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.variables import Variable

    Shape = tuple[int, ...]


class RestorePlan:
    """What starting a network from a checkpoint would do.

    A pure value, which `match` prints, lint judges and training carries out. Every variable is in exactly one
    of `restored` (with its entry), `shape_mismatch` (variable, entry, shape here, shape in the checkpoint;
    also where the element type differs), `missing` (with the key that was looked for, None where such a
    checkpoint has none) and `not_requested` (the restore type leaves it alone). Every entry is restored from,
    or in `unused`, or counted in `bookkeeping`.

    `frozen` are the names of the variables that training will not change. `verdict` says whether this is as
    it should be, `od_api` what the OD API's own trainer would do, `warnings` what is wrong although everything
    fits, `notes` what else is worth knowing.
    """

    __slots__ = (
        "bookkeeping",
        "checkpoint",
        "frozen",
        "generation",
        "load_all",
        "missing",
        "network",
        "not_requested",
        "notes",
        "num_classes",
        "od_api",
        "restore_type",
        "restored",
        "shape_mismatch",
        "unused",
        "verdict",
        "warnings",
    )

    def __init__(
        self,
        network: NetworkDescription,
        checkpoint: Checkpoint,
        restore_type: str,
        generation: str,
        load_all: bool,
        num_classes: int | None = None,
        frozen: frozenset[str] = frozenset(),
    ) -> None:
        self.network = network
        self.checkpoint = checkpoint
        self.restore_type = restore_type
        self.generation = generation
        self.load_all = load_all
        self.num_classes = num_classes
        self.frozen = frozen
        self.restored: list[tuple[Variable, Entry]] = []
        self.shape_mismatch: list[tuple[Variable, Entry, Shape, Shape]] = []
        self.missing: list[tuple[Variable, str | None]] = []
        self.not_requested: list[Variable] = []
        self.unused: list[Entry] = []
        self.bookkeeping = 0
        self.verdict: Verdict
        self.od_api: OdApi
        self.warnings: list[str] = []
        self.notes: list[str] = []

    @property
    def supported(self) -> bool:
        """True if the OD API knows the restore type for this network and generation."""
        network = self.network
        known = restore_types(network.meta_architecture, self.generation, network.feature_extractor)
        return self.restore_type in known

    @property
    def requested(self) -> int:
        """Number of variables that the restore type asks for."""
        return len(self.restored) + len(self.shape_mismatch) + len(self.missing)

    @property
    def percent(self) -> float:
        """Share of the requested variables that are restored, 0 to 100."""
        return 100.0 * len(self.restored) / self.requested if self.requested else 0.0

    @property
    def frozen_fresh(self) -> list[Variable]:
        """The frozen variables that are not restored: they keep what they start with."""
        if not self.frozen:
            return []
        restored = {variable.name for variable, _ in self.restored}
        wanted = self.frozen - restored
        return [variable for variable in self.network.variables if variable.name in wanted]

    @property
    def restored_parameters(self) -> int:
        """Number of values that come from the checkpoint."""
        return sum(variable.size for variable, _ in self.restored)


def restore_plan(
    network: NetworkDescription,
    checkpoint: Checkpoint,
    restore_type: str,
    generation: str = "auto",
    load_all: bool = False,
    *,
    num_classes: int | None = None,
    checkpoint_version: str = "V2",
    dummy_run: bool = True,
    frozen: frozenset[str] = frozenset(),
) -> RestorePlan:
    """Match the variables of `network` with the entries of `checkpoint`.

    `generation` is whose rules count, "auto" for the network's own; a checkpoint of the other generation is
    read through the names that the network has there. `restore_type` and `load_all` are
    `fine_tune_checkpoint_type` and `load_all_detection_checkpoint_vars` of the config; `checkpoint_version`
    and `dummy_run`, which only the OD API minds, `fine_tune_checkpoint_version` and
    `run_fine_tune_checkpoint_dummy_computation`. `num_classes`, if given, lets the verdict speak of classes;
    `frozen` names the variables that must not change. An unknown restore type is a verdict, not an error.
    Raises UserError for a meta-architecture that is not described.
    """
    from cfgtool.matching.od_api import od_api_outcome
    from cfgtool.matching.verdict import judge

    whose = network.generation if generation == "auto" else generation
    check_described(network.meta_architecture, whose)
    if checkpoint.container == "saved_model":
        from cfgtool.matching.exported import as_trained

        checkpoint = as_trained(checkpoint, network.variables)
    plan = RestorePlan(network, checkpoint, restore_type, whose, load_all, num_classes, frozen)
    assign(plan)
    plan.od_api = od_api_outcome(plan, checkpoint_version, dummy_run)
    judge(plan)
    return plan


def assign(plan: RestorePlan) -> None:
    """Fill in the fate of every variable and entry."""
    taken = assign_variables(plan)
    for key, entry in plan.checkpoint.entries.items():
        if key in taken:
            continue
        if entry.bookkeeping:
            plan.bookkeeping += 1
        else:
            plan.unused.append(entry)


def assign_variables(plan: RestorePlan) -> set[str]:
    """Fill in the fate of every variable; the keys of the entries that they take."""
    network, checkpoint = plan.network, plan.checkpoint
    taken: set[str] = set()
    if not plan.supported:
        plan.not_requested.extend(network.variables)
        return taken
    asked = Request(network, plan.restore_type, plan.generation, checkpoint.format, plan.load_all)
    for variable in network.variables:
        if not asked.wants(variable):
            plan.not_requested.append(variable)
            continue
        key = asked.key(variable)
        entry = None if key is None else checkpoint.find(key)
        if entry is None:
            plan.missing.append((variable, key))
            continue
        taken.add(entry.key)
        # A value of another type is as useless as one of another shape: restoring does not convert.
        if entry.shape == variable.shape and entry.dtype == variable.dtype:
            plan.restored.append((variable, entry))
        else:
            plan.shape_mismatch.append((variable, entry, variable.shape, entry.shape))
    return taken
