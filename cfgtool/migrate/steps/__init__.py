"""All steps, found by walking this package: a module `s<number>_<what>.py` lists its own in `STEPS`.

To add one, write a function from a draft and a plan to changes, give it a free number in the module of its
family, and add a case under tests/migrate/cases. A step must not propose anything for its own result, and
must leave alone whatever it is not sure of.
"""

from __future__ import annotations

import importlib
import pkgutil

from cfgtool.migrate.model import Step


def _collect() -> tuple[Step, ...]:
    # Sorted for a stable order among equal numbers; the numbers decide.
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found: list[Step] = []
    for name in names:
        found += importlib.import_module(f"{__name__}.{name}").STEPS
    return tuple(sorted(found, key=lambda step: step.number))


STEPS: tuple[Step, ...] = _collect()
"""Every step in the order in which they are carried out."""
