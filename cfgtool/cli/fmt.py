"""`cfgtool fmt`: one layout for all configs, comments and values kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.rewriting import deliver, read_input, shown_name, tell, unified_difference, write_out
from cfgtool.errors import UserError
from cfgtool.lint.discovery import expand

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    changed = count = 0
    for path in _files(paths, failed):
        try:
            differs = _format(path, check, diff)
        except UserError as error:
            _complain(error, failed)
            continue
        count += 1
        changed += differs
        if differs and (check or diff or path != "-"):
            tell(f"{shown_name(path)}: {'would be ' if check or diff else ''}formatted")
    if count > 1:
        tell(f"{changed} of {count} files {'would be ' if check or diff else ''}formatted")
    return 2 if failed else int((check or diff) and changed > 0)


def _files(paths: list[str], failed: list[UserError]) -> Iterator[str]:
    """All files once, in the order of the paths."""
    seen: set[str] = set()
    for path in paths:
        try:
            found = expand(path)
        except UserError as error:
            _complain(error, failed)
            continue
        yield from (name for name in found if name not in seen)
        seen.update(found)


def _complain(error: UserError, failed: list[UserError]) -> None:
    failed.append(error)
    tell(f"cfgtool: error: {error}")


def _format(path: str, check: bool, diff: bool) -> bool:
    """Format one file, or only look; returns whether the text is another then."""
    from cfgtool.schema.formatting import format_text

    before = read_input(path)
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
