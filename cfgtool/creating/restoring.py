"""The start checkpoint of a new config: read, matched, and its restore type chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.creating.options import Choice
from cfgtool.creating.training import Start
from cfgtool.errors import UserError
from cfgtool.matching import configured_plan, restore_types
from cfgtool.matching.recommend import recommend

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfgtool.checkpoints import Checkpoint
    from cfgtool.networks import NetworkDescription
    from cfgtool.schema import Config


def choose_start(
    checkpoint: Checkpoint, config: Config, network: NetworkDescription, named: Callable[[str], str]
) -> tuple[Start, Choice]:
    """The restore type that takes most from the checkpoint; `named` gives the path as the config has it.

    Raises UserError for a checkpoint that no type restores as it should.
    """
    kinds = restore_types(network.meta_architecture, network.generation, network.feature_extractor)
    plans = [configured_plan(config, network, checkpoint, kind=kind) for kind in kinds]
    chosen = recommend(plans)
    plan = chosen.plan
    if plan is None:
        worst = plans[0].verdict
        raise UserError(worst.text, path=checkpoint.path, hint=chosen.reason)
    share = f"{plan.restored_parameters:,} of {network.parameters:,} parameters are restored"
    told = f"What `cfgtool match` says of it: {share}. Batch norm and head start where it ended."
    if plan.restored_parameters < network.parameters:
        told = f"What `cfgtool match` says of it: {share}; the rest starts fresh."
    start = Start(named(checkpoint.path), plan.restore_type, told)
    return start, Choice("start", f"{checkpoint.path} ({plan.restore_type})", f"{share}; {chosen.reason}")
