"""Which variables `train_config.freeze_variables` and `update_trainable_variables` keep from changing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.errors import UserError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

    from cfgtool.networks.variables import Variable
    from cfgtool.schema import Config

FIELDS = ("freeze_variables", "update_trainable_variables")

_OWN = {"tf1": ("cfgtool", "TF1"), "tf2": ("cfgtool", "TF2", "Keras")}


class FreezePattern(NamedTuple):
    """A pattern of a config: the names of the variables that it matches, and whose `spellings` of them."""

    field: str
    text: str
    variables: frozenset[str]
    spellings: frozenset[str]

    def foreign(self, generation: str) -> str | None:
        """What to tell of a pattern that is spelled as the other generation names things, else None."""
        if not self.spellings or self.spellings & frozenset(_OWN[generation]):
            return None
        whose = " and ".join(sorted(self.spellings))
        return f"{self.field} {self.text!r} matches {len(self.variables)} variables by their {whose} names"


def spellings(variable: Variable) -> Iterator[tuple[str, str]]:
    """(whose, name) of a variable in every world that a pattern may speak of."""
    yield "cfgtool", variable.name
    for whose, name in (
        ("TF2", variable.tf2_key),
        ("Keras", variable.keras_name),
        ("TF1", variable.tf1_name),
    ):
        if name:
            yield whose, name


def freeze_patterns(config: Config, variables: Iterable[Variable]) -> list[FreezePattern]:
    """What each pattern of a `TrainConfig` message matches.

    A pattern is a regular expression that must match from the start of any of a variable's names. Raises
    UserError for a pattern that is no regular expression.
    """
    found = []
    known = tuple(variables)
    for field in FIELDS:
        for text in config.texts(field):
            pattern = _compile(field, text)
            hits = [
                (variable.name, whose)
                for variable in known
                for whose, name in spellings(variable)
                if pattern.match(name)
            ]
            names, worlds = frozenset(name for name, _ in hits), frozenset(whose for _, whose in hits)
            found.append(FreezePattern(field, text, names, worlds))
    return found


def frozen_variables(config: Config, variables: Iterable[Variable]) -> frozenset[str]:
    """Our names of the variables that training must not change.

    With `update_trainable_variables` everything that matches none of its patterns is frozen; what
    `freeze_variables` matches is frozen in any case. Moving statistics freeze like everything else. Raises
    UserError for a pattern that is no regular expression.
    """
    known = tuple(variables)
    return frozen_by(freeze_patterns(config, known), known)


def frozen_by(patterns: list[FreezePattern], variables: Iterable[Variable]) -> frozenset[str]:
    """Our names of the variables that these patterns keep from changing."""
    frozen: set[str] = set()
    updated: set[str] = set()
    for pattern in patterns:
        (frozen if pattern.field == "freeze_variables" else updated).update(pattern.variables)
    if any(pattern.field == "update_trainable_variables" for pattern in patterns):
        frozen.update(variable.name for variable in variables if variable.name not in updated)
    return frozenset(frozen)


def _compile(field: str, text: str) -> re.Pattern[str]:
    import re

    try:
        return re.compile(text)
    except re.error as error:
        raise UserError(f"train_config.{field} {text!r} is not a regular expression: {error}") from None
