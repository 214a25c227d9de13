"""Write `docs/commands.md` from the commands themselves: every command, argument and option with its help.

    python -m tools.make_reference [--check]

`--check` writes nothing and exits with 1 if the page is stale.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import typer

from cfgtool.cli.main import COMMANDS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"

_INTRODUCTION = """\
<!-- Written by tools/make_reference.py. -->

# Commands

What `cfgtool COMMAND --help` says, on one page. Everywhere:

- the result goes to standard output; progress, notes and errors go to standard error;
- the exit status is 0 (nothing to report, or done), 1 (findings, or something would change) or 2 (wrong usage, a file
  that cannot be read, a run that failed); 130 after Ctrl-C;
- `-` in place of a config reads standard input, where the usage line of the command says so;
- the JSON formats are described in [json.md](json.md).
"""

Arguments = dict[str, str]
"""Parameter name -> help of a command's positional arguments."""


def page() -> str:
    """The text of `docs/commands.md`."""
    index = [f"| [`{name}`](#cfgtool-{name}) | {text} |" for name, (_, text) in COMMANDS.items()]
    parts = [_INTRODUCTION, "\n".join(["| command | purpose |", "| --- | --- |", *index]) + "\n"]
    for name, (module, _) in COMMANDS.items():
        app: typer.Typer = importlib.import_module(module).app
        command = typer.main.get_command(app)
        parts += _sections(command, f"cfgtool {name}", _arguments(app), "##")
    return "\n".join(parts)


def _arguments(app: typer.Typer) -> dict[str, Arguments]:
    """Function name -> help of its arguments. Taken from the functions: some click releases lose it on the way."""
    found: dict[str, Arguments] = {}
    for registered in app.registered_commands:
        assert registered.callback is not None
        helps: Arguments = {}
        for name, parameter in typer.utils.get_params_from_function(registered.callback).items():
            given = parameter.default
            if isinstance(given, typer.models.ArgumentInfo):
                helps[name] = given.help or ""
        found[registered.callback.__name__] = helps
    return found


def _sections(command: click.Command, name: str, helps: dict[str, Arguments], heading: str) -> Iterator[str]:
    """A section for a command; for a group, one for the group and one for each of its commands."""
    context = click.Context(command, info_name=name)
    yield f"{heading} {name}\n"
    yield _paragraphs(command.help)
    if isinstance(command, click.Group):
        for title in command.list_commands(context):
            inner = command.get_command(context, title)
            assert inner is not None
            yield from _sections(inner, f"{name} {title}", helps, heading + "#")
        return
    assert command.callback is not None
    own = helps[inspect.unwrap(command.callback).__name__]
    pieces = " ".join(piece for parameter in command.params for piece in parameter.get_usage_pieces(context))
    yield f"    {name} [OPTIONS] {pieces}".rstrip() + "\n"
    rows = [_row(parameter, context, own) for parameter in command.params]
    if rows:
        yield "\n".join(["| | |", "| --- | --- |", *rows]) + "\n"


def _row(parameter: click.Parameter, context: click.Context, helps: Arguments) -> str:
    """One line of the table: how to write it, and what it means."""
    if isinstance(parameter, click.Option):
        value = "" if parameter.is_flag else f" {parameter.make_metavar(context).partition(' ')[0]}"
        spelled = f"{', '.join(parameter.opts)}{value}"
        text = parameter.help or ""
        if parameter.required:
            text += " Required."
        elif parameter.default not in (None, False, [], ()) and not parameter.is_flag:
            text += f" Default: `{parameter.default}`."
        if parameter.multiple:
            text += " May be repeated."
    else:
        spelled = parameter.make_metavar(context).removeprefix("[").removesuffix("]")
        text = helps[parameter.name or ""]
    return f"| `{spelled}` | {text} |".replace("CODE|FIELD", "CODE\\|FIELD").replace(
        "CONFIG|RECORD", "CONFIG\\|RECORD"
    )


def _paragraphs(text: str | None) -> str:
    """Help text with one line per paragraph, as Markdown."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with `--check` say whether it is stale; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is stale")
    check = parser.parse_args(arguments).check
    text = page()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print("docs/commands.md is stale", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
