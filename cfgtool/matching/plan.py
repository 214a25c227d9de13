"""The restore plan: the fate of every variable of a network and of every entry of a checkpoint."""

from __future__ import annotations

from cfgtool.matching.semantics import request
from cfgtool.matching.verdict import Verdict, judge, od_api_outcome, translation_warning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.networks import NetworkDescription, Variable


class RestorePlan:
    """What a start from `checkpoint` would do; a pure value that `match` prints, lint judges and training carries out.

    Every variable is in one of `restored` (with the entry), `shape_mismatch` (with the entry of another shape), `missing`
    (with the name looked for, None where such a checkpoint cannot have it) and `not_requested`. Entries that no variable
    takes are in `unused`; `bookkeeping` counts those of the run that wrote it. `od_api` says what the OD API's own
    trainer would do, `warnings` what else to know.
    """

    __slots__ = (
        "bookkeeping", "checkpoint", "generation", "missing", "network", "not_requested", "od_api", "restore_type",
        "restored", "shape_mismatch", "unused", "verdict", "warnings",
    )  # fmt: skip

    def __init__(self, network: NetworkDescription, checkpoint: Checkpoint, restore_type: str, generation: str) -> None:
        self.network = network
        self.checkpoint = checkpoint
        self.restore_type = restore_type
        self.generation = generation
        self.restored: list[tuple[Variable, Entry]] = []
        self.shape_mismatch: list[tuple[Variable, Entry]] = []
        self.missing: list[tuple[Variable, str | None]] = []
        self.not_requested: list[Variable] = []
        self.unused: list[Entry] = []
        self.bookkeeping = 0
        self.verdict: Verdict
        self.od_api: Verdict
        self.warnings: list[str] = []

    @property
    def requested(self) -> int:
        """Number of variables that the restore type asks for."""
        return len(self.network.variables) - len(self.not_requested)

    @property
    def restored_parameters(self) -> int:
        """Number of values that come from the checkpoint."""
        return sum(variable.size for variable, _ in self.restored)

    @property
    def percent(self) -> float:
        """Share of the requested variables that are restored, 0 to 100."""
        return 100.0 * len(self.restored) / self.requested if self.requested else 0.0


def restore_plan(
    network: NetworkDescription,
    checkpoint: Checkpoint,
    restore_type: str,
    generation: str = "auto",
    *,
    load_all: bool = False,
) -> RestorePlan:
    """Match the variables of `network` with the entries of `checkpoint`.

    `generation` is whose restore semantics count, "auto" for the network's own. A checkpoint of the other generation is
    matched through the names that the network has there. Raises UserError for restore types that the generation lacks.
    """
    whose = network.generation if generation == "auto" else generation
    asked = request(network.meta_architecture, whose, restore_type, load_all=load_all)
    name_of = asked.tf2_key if checkpoint.format == "tf2-object" else asked.tf1_name
    plan = RestorePlan(network, checkpoint, restore_type, whose)
    taken = set()
    for variable in network.variables:
        if not asked.wants(variable):
            plan.not_requested.append(variable)
            continue
        name = name_of(variable)
        entry = checkpoint.entries.get(name) if name else None
        if entry is None:
            plan.missing.append((variable, name))
            continue
        taken.add(entry.key)
        target = plan.restored if entry.shape == variable.shape else plan.shape_mismatch
        target.append((variable, entry))
    for entry in checkpoint.entries.values():
        if entry.key not in taken:
            if entry.bookkeeping:
                plan.bookkeeping += 1
            else:
                plan.unused.append(entry)
    plan.verdict = judge(plan)
    plan.od_api = od_api_outcome(plan)
    warning = translation_warning(plan)
    if warning:
        plan.warnings.append(warning)
    return plan
