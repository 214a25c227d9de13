"""From the values of a configuration and of the command line to the settings that the engine takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cfgtool.errors import UserError
from cfgtool.lint import rules as rules_module
from cfgtool.lint.engine import Settings
from cfgtool.lint.profiles import PROFILES, codes_of
from cfgtool.lint.selection import selected_codes

if TYPE_CHECKING:
    from cfgtool.lint.ignoring import Patterns
    from cfgtool.lint.rules import Catalogue
    from cfgtool.lint.settings_file import Configuration

SUMS = ("rules", "plugins", "exclude")
"""Keys whose values on the command line are added to the file's; of all others the command line's counts."""


class Resolved:
    """Settings, before and after what a configuration says of single files.

    `origins` says for each value in force whether it is from the "command line" or from which file.
    """

    __slots__ = ("_made", "_per_file", "origins", "settings", "values")

    def __init__(
        self,
        settings: Settings,
        per_file: list[tuple[Patterns, frozenset[str]]],
        values: dict[str, Any],
        origins: dict[str, str],
    ) -> None:
        self.settings = settings
        self._per_file = per_file
        self._made: dict[tuple[bool, ...], Settings] = {}
        self.values = values
        self.origins = origins

    def for_file(self, path: str | None) -> Settings:
        """The settings for one file; the same object for files of which the same is said."""
        if path is None or not self._per_file:
            return self.settings
        hit = tuple(bool(patterns.match(path)) for patterns, _ in self._per_file)
        if hit not in self._made:
            off = frozenset().union(
                *(codes for (_, codes), is_hit in zip(self._per_file, hit, strict=True) if is_hit)
            )
            on = self.settings.codes
            on = frozenset(self.settings.catalogue.records) if on is None else on
            self._made[hit] = self.settings.replaced(codes=on - off) if off else self.settings
        return self._made[hit]


def resolve(configuration: Configuration | None, overrides: dict[str, Any]) -> Resolved:
    """The settings of a configuration under the command line's `overrides`.

    Raises UserError for a rule, a pack, a plugin or a baseline that is not there, at the file that names it.
    """
    values, origins = _joined(configuration, overrides)
    return _resolved(values, origins, configuration.folder if configuration else os.getcwd())


def _joined(
    configuration: Configuration | None, overrides: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values in force, and where each is from."""
    values = dict(configuration.values) if configuration else {}
    if "select" in overrides:
        # Who asks for rules gets them, whatever the file says of its own wishes.
        for key in ("profile", "select", "extend-select", "ignore"):
            values.pop(key, None)
        if "severity" in values:
            values["severity"] = {code: word for code, word in values["severity"].items() if word != "off"}
    elif "profile" in overrides:
        values.pop("select", None)
    origins = dict.fromkeys(values, configuration.file if configuration else "")
    for key, value in overrides.items():
        if key in SUMS and key in values:
            values[key] = [*values[key], *value]
            origins[key] += " and command line"
        else:
            values[key] = value
            origins[key] = "command line"
    return values, origins


def _resolved(values: dict[str, Any], origins: dict[str, str], folder: str) -> Resolved:
    catalogue = catalogue_of(values)
    profile = values.get("profile", "default")
    severities = {
        each: word
        for code, word in values.get("severity", {}).items()
        for each in _named(catalogue, [code], origins["severity"])
    }
    for key in ("select", "extend-select", "ignore"):
        _named(catalogue, values.get(key, []), origins.get(key))
    settings = Settings(
        values.get("target", "auto"),
        _codes_on(values, catalogue, [code for code, word in severities.items() if word == "off"]),
        catalogue,
        severities={code: word for code, word in severities.items() if word != "off"},
        remaps=tuple(sorted(values.get("path-remaps", {}).items(), key=lambda pair: -len(pair[0]))),
        baseline=_baseline(values.get("baseline")),
        fail_on=PROFILES[profile].fail_on,
    )
    per_file = _per_file(
        values.get("per-file-ignores", {}), catalogue, folder, origins.get("per-file-ignores")
    )
    return Resolved(settings, per_file, values, origins)


def catalogue_of(values: dict[str, Any]) -> Catalogue:
    """The bundled rules, with those of the packs and plugins that `values` names."""
    catalogue = rules_module.load()
    packs, plugins = values.get("rules"), values.get("plugins")
    if not packs and not plugins:
        return catalogue
    from cfgtool.lint.packs import load_pack

    parts = [load_pack(path) for path in dict.fromkeys(packs or ())]
    if plugins:
        from cfgtool.lint.plugins import load_plugin

        parts += [load_plugin(name) for name in dict.fromkeys(plugins)]
    return catalogue.extended(parts)


def _codes_on(values: dict[str, Any], catalogue: Catalogue, off: list[str]) -> frozenset[str] | None:
    """The codes that are on; None for all, which costs nothing."""
    base = codes_of(values.get("profile", "default"), catalogue)
    select, extend, ignore = (values.get(key, []) for key in ("select", "extend-select", "ignore"))
    if not (select or extend or ignore):
        return base if not off else frozenset(base or catalogue.records) - frozenset(off)
    chosen = selected_codes(catalogue, select, ignore, extend=extend, base=base)
    return chosen - frozenset(off)


def _named(catalogue: Catalogue, selectors: list[str], origin: str | None) -> frozenset[str]:
    """The codes that selectors mean. Raises UserError, at the file they are from, for one that means nothing."""
    try:
        return selected_codes(catalogue, selectors, [], base=())
    except UserError as error:
        error.path = None if origin == "command line" else origin
        raise


def _baseline(path: str | None) -> Any:
    if not path:
        return None
    from cfgtool.lint.baseline import read_baseline

    return read_baseline(path)


def _per_file(
    table: dict[str, list[str]], catalogue: Catalogue, folder: str, origin: str | None
) -> list[tuple[Patterns, frozenset[str]]]:
    if not table:
        return []
    from cfgtool.lint.ignoring import Patterns

    return [
        (Patterns(folder, [pattern], origin), _named(catalogue, codes, origin))
        for pattern, codes in table.items()
    ]
