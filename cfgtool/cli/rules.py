"""`cfgtool rules`: what the linter looks for."""

from __future__ import annotations

from typing import Annotated

import typer

from cfgtool.errors import UserError

app = typer.Typer(add_completion=False, help="List the rules of the linter.")

Format = Annotated[str, typer.Option("--format", help="text or json.")]


@app.command()
def rules(format: Format = "text") -> None:
    """List the rules of the linter: code, name, severity, summary."""
    from cfgtool.lint.rules import load

    if format == "text":
        for rule in load().rules():
            print(f"{rule.code}  {rule.severity:<7}  {rule.name:<36}  {rule.summary}")
    elif format == "json":
        import json

        from cfgtool.lint.pages import url

        rows = [
            {
                "code": rule.code,
                "name": rule.name,
                "category": rule.category,
                "severity": rule.severity,
                "generations": list(rule.generations),
                "fix": rule.fix,
                "since": rule.since,
                "summary": rule.summary,
                "url": url(rule.code),
            }
            for rule in load().rules()
        ]
        print(json.dumps(rows, indent=2))
    else:
        raise UserError(f"no format {format!r}", hint="formats are text, json")
