"""cfgtool: lint, migrate, match and train TensorFlow Object Detection API `pipeline.config` files.

`cfgtool.load(path)` and `cfgtool.loads(text)` give a `ConfigDocument`; see `cfgtool.document`. Nothing is imported before
it is used.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["ConfigDocument", "Edit", "Finding", "Fix", "Place", "UserError", "load", "loads"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.document import ConfigDocument, Place, load, loads
    from cfgtool.errors import UserError
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.textproto import Edit

_MODULES = {
    "Edit": "cfgtool.textproto",
    "Finding": "cfgtool.lint.findings",
    "Fix": "cfgtool.lint.findings",
    "UserError": "cfgtool.errors",
}
"""Public name -> its module, where that is not `cfgtool.document`."""


def __getattr__(name: str) -> object:
    """Import what is public on first use: the command line must start fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_MODULES.get(name, "cfgtool.document")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
