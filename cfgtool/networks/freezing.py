"""Which variables `train_config.freeze_variables` and `update_trainable_variables` keep from changing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    import re

    from cfgtool.networks.variables import Variable
    from cfgtool.schema import Config


def frozen_variables(config: Config, variables: Iterable[Variable]) -> frozenset[str]:
    """Our names of the variables that training must not change.

    `config` is the `TrainConfig` message. A pattern is a regular expression that must match from the start
    of any of a variable's names (ours, the Keras name, the TF1 name). With `update_trainable_variables`
    everything that matches none of them is frozen; what `freeze_variables` matches is frozen in any case.
    Moving statistics freeze like everything else. Raises UserError for a pattern that is no regular
    expression.
    """
    update = _compile(config, "update_trainable_variables")
    freeze = _compile(config, "freeze_variables")
    if not update and not freeze:
        return frozenset()
    frozen = set()
    for variable in variables:
        names = [name for name in (variable.name, variable.keras_name, variable.tf1_name) if name]
        if (update and not _matches(update, names)) or _matches(freeze, names):
            frozen.add(variable.name)
    return frozenset(frozen)


def _matches(patterns: Sequence[re.Pattern[str]], names: Sequence[str]) -> bool:
    return any(pattern.match(name) for pattern in patterns for name in names)


def _compile(config: Config, field: str) -> list[re.Pattern[str]]:
    texts = config.texts(field)
    if not texts:
        return []
    import re

    patterns = []
    for text in texts:
        try:
            patterns.append(re.compile(text))
        except re.error as error:
            raise UserError(f"train_config.{field} {text!r} is not a regular expression: {error}") from None
    return patterns
