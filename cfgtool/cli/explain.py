"""`cfgtool explain`: a rule, field, message or enumeration by any name that people have for it."""

from __future__ import annotations

from typing import Annotated

import typer

from cfgtool.errors import UserError

app = typer.Typer(add_completion=False, help="Explain a rule or a field of the config.")

Subject = Annotated[
    str,
    typer.Argument(
        metavar="CODE|FIELD",
        help="CFG101, train_config.batch_size, TrainConfig.batch_size, batch_size, TrainConfig, or SIGMOID.",
    ),
]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
Packs = Annotated[list[str] | None, typer.Option("--rules", help="A TOML pack of more rules.")]


@app.command()
def explain(subject: Subject, format: Format = "text", packs: Packs = None) -> None:
    """Explain a rule, or a field: what it means, which trainers read it, what it may hold, and where it stands.

    A field may be given by its path, as Message.field, or by its bare name; messages, members of a oneof, values of
    enumerations, and fields that the schema no longer has are explained as well. So are the rules of packs and plugins
    that the configuration of the current folder names.
    """
    import sys

    from cfgtool.cli.rules import known_rules
    from cfgtool.lint import explaining

    catalogue = known_rules(packs)
    if format == "json":
        import json

        print(json.dumps(explaining.explain_rows(subject, catalogue), indent=2))
    elif format == "text":
        import shutil

        from cfgtool.lint.paint import wants_colour

        width = shutil.get_terminal_size((80, 24)).columns
        print(explaining.explain(subject, catalogue, width=width, colour=wants_colour(sys.stdout)))
    else:
        raise UserError(f"no format {format!r}", hint="formats are text, json")
