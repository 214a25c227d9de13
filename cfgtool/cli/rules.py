"""`cfgtool rules`: what the linter looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.lint.rules import Catalogue

app = typer.Typer(add_completion=False, help="List the rules of the linter.")

Format = Annotated[str, typer.Option("--format", help="text or json.")]
Packs = Annotated[list[str] | None, typer.Option("--rules", help="A TOML pack of more rules.")]


@app.command()
def rules(format: Format = "text", packs: Packs = None) -> None:
    """List the rules of the linter: code, name, severity, summary.

    Those of packs and plugins that the configuration of the current folder names are among them.
    """
    if format not in ("text", "json"):
        raise UserError(f"no format {format!r}", hint="formats are text, json")
    catalogue = known_rules(packs)
    if format == "text":
        for rule in catalogue.rules():
            print(f"{rule.code}  {rule.severity:<7}  {rule.name:<36}  {rule.summary}")
    else:
        import json

        print(json.dumps(_rows(catalogue), indent=2))


def known_rules(packs: list[str] | None) -> Catalogue:
    """The bundled rules, those that the configuration of the current folder names, and those of `packs`.

    Raises UserError if a pack, a plugin or the configuration is not in order.
    """
    from cfgtool.lint.configuration import Lookup

    return Lookup({"rules": packs} if packs else None).settings(None).catalogue


def _rows(catalogue: Catalogue) -> list[dict[str, object]]:
    from cfgtool.lint.pages import url

    return [
        {
            "code": rule.code,
            "name": rule.name,
            "category": rule.category,
            "severity": rule.severity,
            "generations": list(rule.generations),
            "fix": rule.fix,
            "since": rule.since,
            "summary": rule.summary,
            "url": None if rule.code in catalogue.own_docs else url(rule.code),
        }
        for rule in catalogue.rules()
    ]
