"""`cfgtool set`: fields of a config changed from a script, comments and layout kept."""

from __future__ import annotations

from typing import Annotated

import typer

from cfgtool.cli.rewriting import deliver, read_input, shown_name, tell, unified_difference, write_out
from cfgtool.errors import UserError

app = typer.Typer(add_completion=False, help="Set fields of a config, keeping comments and layout.")

Config = Annotated[str, typer.Argument(metavar="CONFIG", help="The config or label map, or -.")]
Assignments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH=VALUE...", help="train_config.batch_size=8; += appends, [0] [-1] [*] are elements."
    ),
]
Unset = Annotated[
    list[str] | None,
    typer.Option("--unset", metavar="PATH", help="Delete this field; before anything is set."),
]
Stdout = Annotated[
    bool, typer.Option("--stdout", help="Write the result to standard output, not to the file.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit with 1 if the config would change.")
]
Diff = Annotated[bool, typer.Option("--diff", help="As --check, and show what would change.")]


@app.command("set")
def set_(
    config: Config,
    assignments: Assignments = None,
    unset: Unset = None,
    stdout: Stdout = False,
    check: Check = False,
    diff: Diff = False,
) -> int:
    """Set fields of a config in place: all of them, or none if one does not fit.

    Values are written as in a config; strings need no quotes, lists are [a, b], messages {...}. A member of a oneof
    replaces the one that is set, which is said on standard error. Exits with 0 when done, 1 with --check or --diff
    if the config would change, 2 if something does not fit.
    """
    if not assignments and not unset:
        raise UserError("nothing to set", hint="such as train_config.batch_size=8, or --unset PATH")
    before, name = read_input(config), shown_name(config)
    from cfgtool.schema.editing import edit_text

    try:
        edited = edit_text(before, assignments or (), unset or ())
    except UserError as error:
        error.path = name
        raise
    for note in edited.notes:
        tell(f"{name}: note: {note}")
    if diff:
        write_out(unified_difference(name, before, edited.text))
    elif not check:
        deliver(config, before, edited.text, stdout)
    return int((check or diff) and edited.text != before)
