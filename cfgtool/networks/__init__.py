"""Networks, each written once as a function over `ops.Ops`: run on shapes it is the dry run, run on
tensors the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.networks.description import NetworkDescription, describe
    from cfgtool.networks.extractors import described_extractors, known_extractors
    from cfgtool.networks.freezing import frozen_variables
    from cfgtool.networks.variables import Difference, Initializer, Variable

__all__ = [
    "Difference",
    "Initializer",
    "NetworkDescription",
    "Variable",
    "describe",
    "described_extractors",
    "frozen_variables",
    "known_extractors",
]

_HOMES = {
    "Difference": "variables",
    "Initializer": "variables",
    "NetworkDescription": "description",
    "Variable": "variables",
    "describe": "description",
    "described_extractors": "extractors",
    "frozen_variables": "freezing",
    "known_extractors": "extractors",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for: a linter that only wants the list of types loads no
    network.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
