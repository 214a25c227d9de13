"""`cfgtool explain`: a rule by its code or name, a field by its path or name."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="Explain a rule or a field of the config.")

Subject = Annotated[
    str, typer.Argument(metavar="CODE|FIELD", help="CFG101, or train_config.fine_tune_checkpoint_type.")
]
Packs = Annotated[list[str] | None, typer.Option("--rules", help="A TOML pack of more rules.")]


@app.command()
def explain(subject: Subject, packs: Packs = None) -> None:
    """Explain a rule, or a field: its type, default, meaning, and the rules about it.

    Rules of packs and plugins that the configuration of the current folder names are known.
    """
    from cfgtool.cli.rules import known_rules
    from cfgtool.lint.explaining import explain as explanation

    print(explanation(subject, known_rules(packs)))
