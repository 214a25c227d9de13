"""The restore plan that a config asks for: the one way in for lint, `match` and training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.matching.plan import restore_plan
from cfgtool.schema.unwritten import restore_type

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.freezing import FreezePattern
    from cfgtool.schema import Config


def configured_plan(
    config: Config,
    network: NetworkDescription,
    checkpoint: Checkpoint,
    *,
    kind: str | None = None,
    load_all: bool | None = None,
) -> RestorePlan:
    """The plan of `config`, the message of the whole file, with its restore type, version, classes and frozen
    variables.

    `network` is what the config describes, in the generation that is meant; `kind` and `load_all` take the
    place of the config's restore type and `load_all_detection_checkpoint_vars`. Raises UserError for a
    meta-architecture that is not described.
    """
    train = config.message("train_config")
    patterns, frozen = _frozen(train, network)
    plan = restore_plan(
        network,
        checkpoint,
        restore_type(train) if kind is None else kind,
        load_all=train.flag("load_all_detection_checkpoint_vars") if load_all is None else load_all,
        num_classes=config.find(f"model.{network.meta_architecture}").integer("num_classes"),
        checkpoint_version=train.enum("fine_tune_checkpoint_version"),
        dummy_run=train.flag("run_fine_tune_checkpoint_dummy_computation"),
        frozen=frozen,
    )
    told = (pattern.foreign(network.generation) for pattern in patterns)
    plan.notes += [text for text in told if text is not None]
    return plan


def _frozen(train: Config, network: NetworkDescription) -> tuple[list[FreezePattern], frozenset[str]]:
    """The patterns of frozen variables and what they freeze; none if one is broken, which does not concern
    what is restored.
    """
    if not train.has("freeze_variables") and not train.has("update_trainable_variables"):
        return [], frozenset()
    from cfgtool.networks.freezing import freeze_patterns, frozen_by

    try:
        patterns = freeze_patterns(train, network.variables)
    except UserError:
        return [], frozenset()
    return patterns, frozen_by(patterns, network.variables)
