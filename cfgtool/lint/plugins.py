"""Rules of other packages: entry points of the group `cfgtool.rules`, loaded only where settings name them.

An entry point leads to a package whose modules are checks (a `RULE` and a `check`, as our own), to one such module, or
to the path of a rule pack. What goes wrong in a plugin is one message that names it.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cfgtool.errors import UserError
from cfgtool.lint.packs import EMPTY, HEADINGS, add_check, load_pack
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

GROUP = "cfgtool.rules"


def load_plugin(name: str) -> dict[str, Any]:
    """The catalogue data, and the docs, of the rules that the plugin `name` brings.

    Raises UserError if there is no such plugin, or it is not as a plugin has to be.
    """
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    point = next((each for each in found if each.name == name), None)
    if point is None:
        known = ", ".join(sorted({each.name for each in found}))
        raise UserError(
            f"no plugin {name!r} is installed",
            hint=f"installed are {known}" if known else "none is installed",
        )
    try:
        target = point.load()
    except Exception as error:
        raise UserError(f"plugin {name!r} cannot be loaded: {_words(error)}") from None
    if isinstance(target, str | os.PathLike):
        return load_pack(os.fspath(target))
    if not isinstance(target, ModuleType):
        what = f"{point.value!r} is {type(target).__name__}"
        raise UserError(
            f"plugin {name!r} is not one: {what}",
            hint="it has to be a package of checks, or the path of a pack",
        )
    return _compiled(name, target)


def _compiled(name: str, package: ModuleType) -> dict[str, Any]:
    """The data of the checks of a package, or of one module."""
    data = {key: dict(value) for key, value in EMPTY.items()}
    names = [package.__name__]
    if hasattr(package, "__path__"):
        found = (info.name for info in pkgutil.iter_modules(package.__path__))
        names = [f"{package.__name__}.{each}" for each in found if not each.startswith("_")]
    for each in names:
        try:
            module = importlib.import_module(each)
        except Exception as error:
            raise UserError(f"plugin {name!r}: {each!r} cannot be imported: {_words(error)}") from None
        _refuse_unfit(name, module)
        try:
            add_check(data, module, each, plugin=name)
        except UserError as error:
            raise UserError(f"plugin {name!r}: {error.message}") from None
        _refuse_undocumented(name, module.RULE, data["docs"][module.RULE.code])
    if not data["rules"]:
        raise UserError(f"plugin {name!r} holds no rule", hint="its modules have to hold a RULE and a check")
    return data


def _refuse_unfit(name: str, module: ModuleType) -> None:
    if not isinstance(getattr(module, "RULE", None), Rule) or not callable(getattr(module, "check", None)):
        raise UserError(
            f"plugin {name!r}: {module.__name__!r} is not a check",
            hint="it has to hold RULE, a cfgtool.lint.rules.Rule, and a function check",
        )


def _refuse_undocumented(name: str, rule: Rule, docs: dict[str, str]) -> None:
    wanted = [heading for heading, key in HEADINGS.items() if key in ("why", "example", "instead")]
    for heading in wanted:
        if HEADINGS[heading] not in docs:
            raise UserError(
                f"plugin {name!r}: the documentation of {rule.code!r} has no heading {heading!r}",
                hint=f"its docstring has to have {', '.join(wanted)}",
            )


def run_check(code: str, record: dict[str, Any], context: Context, config: Config) -> Iterator[Finding]:
    """The findings of a plugin's check. Raises UserError, naming plugin and rule, if the check raises anything."""
    try:
        yield from importlib.import_module(record["module"]).check(context, config)
    except Exception as error:
        message = f"plugin {record['plugin']!r}: rule {code!r} failed: {_words(error)}"
        raise UserError(message, path=context.path) from None


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
