"""`cfgtool migrate`: deprecated and dead spellings rewritten, comments kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfgtool.errors import UserError
from cfgtool.files import atomic_write, decode_text, encode_text, read_text

if TYPE_CHECKING:
    from cfgtool.migrate import Migration

app = typer.Typer(add_completion=False, help="Rewrite deprecated and dead fields, keeping comments.")

_STDIN = "-"
_STDIN_NAME = "<stdin>"

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
        name = _STDIN_NAME if path == _STDIN else path
        try:
            result = _migrate(path, name, options)
            if diff:
                _write_out(_unified_diff(name, result))
            elif not dry:
                _deliver(path, result, stdout)
        except UserError as error:
            failed = True
            print(f"cfgtool: error: {error}", file=sys.stderr)
            reports.append({"file": name, "error": str(error)})
            continue
        changed = changed or result.changed
        _tell(name, result, written=not dry, reports=reports)
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

    text = _read_stdin() if path == _STDIN else read_text(path)
    try:
        return run(text, **options)
    except UserError as error:
        error.path = name
        raise


def _read_stdin() -> str:
    data = sys.stdin.buffer.read()
    if b"\0" in data:
        raise UserError("is binary, not a text proto", path=_STDIN_NAME)
    return decode_text(data)


def _deliver(path: str, result: Migration, stdout: bool) -> None:
    """Write the result where it belongs; a file that does not change is not touched."""
    if stdout or path == _STDIN:
        _write_out(result.after)
    elif result.changed:
        atomic_write(path, encode_text(result.after))


def _write_out(text: str) -> None:
    """Write to standard output byte for byte, line ends included."""
    sys.stdout.flush()
    sys.stdout.buffer.write(encode_text(text))
    sys.stdout.buffer.flush()


def _unified_diff(name: str, result: Migration) -> str:
    from difflib import unified_diff

    before, after = _lines(result.before), _lines(result.after)
    found = unified_diff(before, after, name, name)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found
    )


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    return lines if lines[-1] else lines[:-1]


def _tell(name: str, result: Migration, *, written: bool, reports: list[dict[str, object]]) -> None:
    from cfgtool.migrate.report import as_dict, summary

    reports.append(as_dict(name, result))
    text = summary(name, result, written=written)
    print(text.encode("utf-8", "backslashreplace").decode(), end="", file=sys.stderr)


def _write_report(path: str, reports: list[dict[str, object]]) -> None:
    import json

    atomic_write(path, (json.dumps(reports, indent=2) + "\n").encode())
