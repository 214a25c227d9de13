"""`cfgtool fmt`: one layout for all configs, comments and values kept."""

from __future__ import annotations

from typing import Annotated

import typer

from cfgtool.cli.rewriting import deliver, read_input, shown_name, tell, unified_difference, write_out
from cfgtool.errors import UserError
from cfgtool.lint.configuration import Lookup
from cfgtool.lint.discovery import Discovery, expand_all, is_foreign
from cfgtool.textproto import parse

app = typer.Typer(add_completion=False, help="Write configs in one layout, keeping values and comments.")

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH...", help="Configs, label maps, folders, or -.")
]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a file would change.")]
Diff = Annotated[bool, typer.Option("--diff", help="As --check, and show what would change.")]


@app.command()
def fmt(paths: Paths = None, check: Check = False, diff: Diff = False) -> int:
    """Write configs and label maps in one layout, in place; standard input goes to standard output.

    Values and comments stay; numbers lose digits that single precision does not have. There is nothing to configure.
    Exits with 0 when done, 1 with --check or --diff if a file would change, 2 if one cannot be read, parsed or
    written.
    """
    if not paths:
        raise UserError("no config given", hint="name one or more files or folders, or - for standard input")
    failed: list[UserError] = []
    files = expand_all(Discovery(Lookup()), paths, failed)
    for error in failed:
        tell(f"cfgtool: error: {error}")
    changed = count = 0
    for path, found in files:
        try:
            differs = _format(path, found, check, diff)
        except UserError as error:
            failed.append(error)
            tell(f"cfgtool: error: {error}")
            continue
        if differs is None:
            continue
        count += 1
        changed += differs
        if differs and (check or diff or path != "-"):
            tell(f"{shown_name(path)}: {'would be ' if check or diff else ''}formatted")
    if count > 1:
        tell(f"{changed} of {count} files {'would be ' if check or diff else ''}formatted")
    return 2 if failed else int((check or diff) and changed > 0)


def _format(path: str, found: bool, check: bool, diff: bool) -> bool | None:
    """Format one file, or only look; returns whether the text is another then.

    None for a file that nobody named, and that is plainly of another program.
    """
    from cfgtool.schema.formatting import format_text

    before = read_input(path)
    if found and is_foreign(parse(before), path):
        tell(f"{path}: note: skipped: nothing in it belongs to a pipeline config")
        return None
    try:
        after = format_text(before)
    except UserError as error:
        error.path = shown_name(path)
        raise
    if diff:
        write_out(unified_difference(shown_name(path), before, after))
    elif not check:
        deliver(path, before, after)
    return after != before
