"""`cfgtool migrate`: deprecated and dead spellings rewritten, comments kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfgtool.cli.rewriting import deliver, read_input, shown_name, tell, unified_difference, write_out
from cfgtool.errors import UserError
from cfgtool.files import atomic_write

if TYPE_CHECKING:
    from cfgtool.migrate import Migration

app = typer.Typer(add_completion=False, help="Rewrite deprecated and dead fields, keeping comments.")

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH...", help="Configs, or - for standard input.")
]
Target = Annotated[str, typer.Option("--to", help="same (keep the generation) or tf2.")]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit with 1 if there is something to do.")
]
Diff = Annotated[bool, typer.Option("--diff", help="As --check, and show what would change.")]
Stdout = Annotated[
    bool, typer.Option("--stdout", help="Write the result to standard output, not to the file.")
]
Unsafe = Annotated[
    bool, typer.Option("--unsafe-fixes", help="Also make changes that may alter what is meant.")
]
Written = Annotated[
    str | None,
    typer.Option(
        "--written",
        metavar="YYYY-MM",
        help="When the config was written: defaults that changed since are written out.",
    ),
]
Select = Annotated[
    str, typer.Option("--select", metavar="STEPS", help="Only these steps, such as B8,D (all of table D).")
]
Ignore = Annotated[str, typer.Option("--ignore", metavar="STEPS", help="All steps but these.")]
ReportFile = Annotated[str | None, typer.Option("--report", metavar="F.json", help="Write a report as JSON.")]


@app.command()
def migrate(
    paths: Paths = None,
    to: Target = "same",
    check: Check = False,
    diff: Diff = False,
    stdout: Stdout = False,
    unsafe_fixes: Unsafe = False,
    written: Written = None,
    select: Select = "",
    ignore: Ignore = "",
    report: ReportFile = None,
) -> int:
    """Rewrite deprecated and dead fields of configs in place, keeping comments and layout.

    With --to tf2 a TF1 feature extractor becomes the TF2 one of the same design. What was done and what is
    left to do goes to standard error; docs/migration-steps.md lists the steps. Exits with 0 when done, 1 with --check or
    --diff if there is something to do, 2 if a file cannot be read, parsed or written.
    """
    from cfgtool.migrate.age import day_written
    from cfgtool.migrate.selection import chosen

    _refuse_options(paths, to, stdout and not (check or diff))
    day_written(written)
    steps = chosen(select, ignore)
    options: dict[str, Any] = {"target": to, "unsafe": unsafe_fixes, "written": written, "steps": steps}
    dry = check or diff
    reports: list[dict[str, object]] = []
    failed = changed = False
    for path in dict.fromkeys(paths or ()):
        name = shown_name(path)
        try:
            result = _migrate(path, name, options)
            if diff:
                write_out(unified_difference(name, result.before, result.after))
            elif not dry:
                deliver(path, result.before, result.after, stdout)
        except UserError as error:
            failed = True
            tell(f"cfgtool: error: {error}")
            reports.append({"file": name, "error": str(error)})
            continue
        changed = changed or result.changed
        _tell(name, result, written=not dry, reports=reports)
        _tell_next(path, result)
    if report is not None:
        _write_report(report, reports)
    return 2 if failed else int(dry and changed)


def _refuse_options(paths: list[str] | None, to: str, stdout: bool) -> None:
    """Raise UserError for a command line that makes no sense."""
    targets = ("same", "tf2")
    if to not in targets:
        raise UserError(f"no target {to!r}", hint=f"targets of --to are {', '.join(targets)}")
    if not paths:
        raise UserError("no config given", hint="name one or more files, or - for standard input")
    if stdout and len(dict.fromkeys(paths)) > 1:
        raise UserError(
            f"--stdout takes one file, not {len(paths)}", hint="leave it out to rewrite files in place"
        )


def _migrate(path: str, name: str, options: dict[str, Any]) -> Migration:
    from cfgtool.migrate import migrate as run

    text = read_input(path)
    try:
        return run(text, **options)
    except UserError as error:
        error.path = name
        raise


def _tell(name: str, result: Migration, *, written: bool, reports: list[dict[str, object]]) -> None:
    from cfgtool.migrate.report import as_dict, summary

    reports.append(as_dict(name, result))
    tell(summary(name, result, written=written).removesuffix("\n"))


def _tell_next(path: str, result: Migration) -> None:
    """Say how the start checkpoint is taken along to TF2."""
    if result.plan.target != "tf2":
        return
    from cfgtool.cli.migrate_checkpoint import checkpoint_advice

    advice = checkpoint_advice(path, result)
    if advice is not None:
        tell(f"{shown_name(path)}: {advice}")


def _write_report(path: str, reports: list[dict[str, object]]) -> None:
    import json

    atomic_write(path, (json.dumps(reports, indent=2) + "\n").encode())
