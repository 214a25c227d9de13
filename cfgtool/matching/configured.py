"""The restore plan that a config asks for: the one way in for lint, `match` and training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.matching.plan import restore_plan
from cfgtool.networks.freezing import FreezePattern, freeze_patterns, frozen_by
from cfgtool.schema.unwritten import restore_type

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks.description import NetworkDescription
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
    patterns = _patterns(train, network)
    plan = restore_plan(
        network,
        checkpoint,
        restore_type(train) if kind is None else kind,
        load_all=train.flag("load_all_detection_checkpoint_vars") if load_all is None else load_all,
        num_classes=config.find(f"model.{network.meta_architecture}").integer("num_classes"),
        checkpoint_version=train.enum("fine_tune_checkpoint_version"),
        dummy_run=train.flag("run_fine_tune_checkpoint_dummy_computation"),
        frozen=frozen_by(patterns, network.variables),
    )
    told = (pattern.foreign(network.generation) for pattern in patterns)
    plan.notes += [text for text in told if text is not None]
    return plan


def _patterns(train: Config, network: NetworkDescription) -> list[FreezePattern]:
    """The patterns of frozen variables; none if one is broken, which does not concern what is restored."""
    try:
        return freeze_patterns(train, network.variables)
    except UserError:
        return []
