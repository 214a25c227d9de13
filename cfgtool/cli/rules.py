"""`cfgtool rules`: what the linter looks for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.lint.rules import Catalogue, Rule

app = typer.Typer(add_completion=False, help="List the rules of the linter.")

Category = Annotated[
    str | None,
    typer.Option(
        "--category",
        help="Only syntax, dead-field, generation, model, checkpoint, data, schedule or evaluation.",
    ),
]
Generation = Annotated[
    str | None, typer.Option("--generation", help="Only rules that hold for tf1, or for tf2.")
]
Fixable = Annotated[
    bool, typer.Option("--fixable", help="Only rules that lint --fix, or with --unsafe-fixes, mends.")
]
Format = Annotated[str, typer.Option("--format", help="text, json or markdown.")]
Packs = Annotated[list[str] | None, typer.Option("--rules", help="A TOML pack of more rules.")]


@app.command()
def rules(
    category: Category = None,
    generation: Generation = None,
    fixable: Fixable = False,
    format: Format = "text",
    packs: Packs = None,
) -> None:
    """List the rules of the linter: code, severity, name, summary.

    Those of packs and plugins that the configuration of the current folder names are among them.
    """
    from cfgtool.lint.rules import CATEGORIES, GENERATIONS

    _check("category", category, CATEGORIES.values())
    _check("generation", generation, GENERATIONS)
    _check("format", format, ("text", "json", "markdown"))
    chosen = [
        rule
        for rule in known_rules(packs).rules()
        if category in (None, rule.category)
        and (generation is None or generation in rule.generations)
        and (not fixable or rule.fix in ("safe", "unsafe"))
    ]
    if not chosen and format == "text":
        print("no rule is of that kind", file=sys.stderr)
    else:
        print(_SHOWN[format](chosen))


def known_rules(packs: list[str] | None) -> Catalogue:
    """The bundled rules, those that the configuration of the current folder names, and those of `packs`.

    Raises UserError if a pack, a plugin or the configuration is not in order.
    """
    from cfgtool.lint.configuration import Lookup

    return Lookup({"rules": packs} if packs else None).settings(None).catalogue


def _check(what: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        from cfgtool.schema.nearest import nearest

        near = nearest(value, known)
        kinds = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
        hint = f"did you mean '{near}'" if near else f"{kinds} are {', '.join(known)}"
        raise UserError(f"no {what} {value!r}", hint=hint)


def _as_text(rules: list[Rule]) -> str:
    """One line a rule, for eyes and for grep."""
    from cfgtool.lint.paint import painter, wants_colour

    paint = painter(wants_colour(sys.stdout))
    column = max(len(rule.name) for rule in rules)
    return "\n".join(
        f"{rule.code}  {paint(rule.severity.ljust(7), rule.severity)}  {rule.name.ljust(column)}  {rule.summary}"
        for rule in rules
    )


def _as_json(rules: list[Rule]) -> str:
    import json

    from cfgtool.lint.pages import row

    return json.dumps([row(rule) for rule in rules], indent=2)


def _as_markdown(rules: list[Rule]) -> str:
    from cfgtool.lint.pages import table, url

    return table(rules, url)


_SHOWN = {"text": _as_text, "json": _as_json, "markdown": _as_markdown}
