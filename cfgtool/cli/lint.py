"""`cfgtool lint`: every mistake of a config, at its place, with what to write instead."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from cfgtool.errors import UserError
from cfgtool.files import decode_text, encode_text, read_text
from cfgtool.lint.discovery import STDIN, expand
from cfgtool.lint.engine import Report, Settings, analyse
from cfgtool.lint.findings import serious
from cfgtool.lint.reporters import FORMATS, summary

app = typer.Typer(add_completion=False, help="Report every mistake of a config at its place.")

TARGETS = ("auto", "tf1", "tf2")

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", help="Configs, label maps, folders, or - (default: .)."),
]
Format = Annotated[str, typer.Option("--format", help="text, concise or json.")]
Select = Annotated[
    list[str] | None, typer.Option("--select", help="Codes, prefixes (CFG1) or names, with commas.")
]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="As --select: rules to leave out.")]
Target = Annotated[str, typer.Option("--target", help="Judge as a config for: auto, tf1 or tf2.")]
Apply = Annotated[bool, typer.Option("--fix", help="Apply the safe fixes.")]
Unsafe = Annotated[bool, typer.Option("--unsafe-fixes", help="With --fix or --diff: unsafe fixes too.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and change nothing.")]
StdinName = Annotated[str | None, typer.Option("--stdin-filename", help="The file that - stands for.")]
Packs = Annotated[list[str] | None, typer.Option("--rules", help="A TOML pack of more rules.")]


class _Job:
    """What was asked for, and what came of it so far."""

    def __init__(self, settings: Settings, stdin_name: str | None, unsafe: bool) -> None:
        self.settings = settings
        self.stdin_name = stdin_name
        self.unsafe = unsafe
        self.reports: list[Report] = []
        self.failed = False
        self.fixed = 0
        self.changed = False

    def shown_name(self, path: str) -> str:
        """What a path is called in messages."""
        return self.stdin_name or "<stdin>" if path == STDIN else path

    def read(self, path: str) -> str:
        """The text of a file or of standard input."""
        if path != STDIN:
            return read_text(path)
        data = sys.stdin.buffer.read()
        if b"\0" in data:
            raise UserError("is binary, not a text proto", path=self.shown_name(path))
        return decode_text(data)


@app.command()
def lint(
    paths: Paths = None,
    format: Format = "text",
    select: Select = None,
    ignore: Ignore = None,
    target: Target = "auto",
    fix: Apply = False,
    unsafe_fixes: Unsafe = False,
    diff: Diff = False,
    stdin_filename: StdinName = None,
    rules: Packs = None,
) -> int:
    """Report every mistake of a config at its place, with what to write instead.

    Exits with 0 if there is nothing above a remark, 1 with findings, 2 if a file cannot be read.
    """
    _spare_the_collector()
    if format not in FORMATS:
        raise UserError(f"no format {format!r}", hint=f"formats are {', '.join(FORMATS)}")
    job = _Job(_settings(target, select, ignore, rules), stdin_filename, unsafe_fixes)
    for path in _files(paths or ["."], job):
        try:
            text = job.read(path)
            if diff:
                _show_diff(text, path, job)
            elif fix:
                _fix(text, path, job)
            else:
                _judge(text, path, job)
        except UserError as error:
            _complain(error, job)
    if not diff:
        to_stdout = not (fix and STDIN in (paths or ()))
        _print(FORMATS[format](job.reports, _colour(sys.stdout)), sys.stdout if to_stdout else sys.stderr)
    _tell(job)
    if job.failed:
        return 2
    return int(job.changed or any(serious(f) for report in job.reports for f in report.findings))


def _spare_the_collector() -> None:
    """Keep the cyclic collector from walking every imported module, during a run that lasts milliseconds and after.

    A fifth of the time of linting one file went there. Many files still get collected now and then.
    """
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)


def _settings(
    target: str, select: list[str] | None, ignore: list[str] | None, packs: list[str] | None
) -> Settings:
    """The settings that the options mean. Raises UserError for one that means nothing."""
    if target not in TARGETS:
        raise UserError(f"no target {target!r}", hint=f"targets are {', '.join(TARGETS)}")
    settings = Settings(target)
    if packs:
        from cfgtool.lint.packs import load_pack

        settings.catalogue = settings.catalogue.extended([load_pack(path) for path in packs])
    if select or ignore:
        from cfgtool.lint.selection import selected_codes

        settings.codes = selected_codes(settings.catalogue, _words(select), _words(ignore))
    return settings


def _words(options: list[str] | None) -> list[str]:
    return [word.strip() for option in options or () for word in option.split(",") if word.strip()]


def _files(paths: list[str], job: _Job) -> list[str]:
    """All files once, in the order of the paths."""
    found: dict[str, None] = {}
    for path in paths:
        try:
            found.update(dict.fromkeys(expand(path)))
        except UserError as error:
            _complain(error, job)
    return list(found)


def _judge(text: str, path: str, job: _Job) -> None:
    from cfgtool.textproto import parse

    job.reports.append(analyse(parse(text), job.shown_name(path), job.settings))


def _fix(text: str, path: str, job: _Job) -> None:
    """Fix one file in place; standard input is fixed to standard output."""
    from cfgtool.files import atomic_write
    from cfgtool.lint.fixing import fix_text

    outcome = fix_text(text, job.shown_name(path), job.settings, job.unsafe)
    if path == STDIN:
        sys.stdout.buffer.write(encode_text(outcome.text))
        sys.stdout.buffer.flush()
    elif outcome.text != text:
        atomic_write(path, encode_text(outcome.text))
    job.fixed += outcome.applied
    job.reports.append(outcome.report)


def _show_diff(text: str, path: str, job: _Job) -> None:
    """Print what fixing would change; the findings that remain count for the exit status."""
    from difflib import unified_diff

    from cfgtool.lint.fixing import fix_text

    name = job.shown_name(path)
    outcome = fix_text(text, name, job.settings, job.unsafe)
    before, after = text.splitlines(keepends=True), outcome.text.splitlines(keepends=True)
    lines = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(before, after, name, name)
    ]
    _print("".join(lines), sys.stdout)
    job.changed = job.changed or outcome.text != text
    job.fixed += outcome.applied
    job.reports.append(outcome.report)


def _complain(error: UserError, job: _Job) -> None:
    job.failed = True
    _print(f"cfgtool: error: {error}\n", sys.stderr)


def _tell(job: _Job) -> None:
    """Say on standard error what was done, and what was not checked and why."""
    lines = []
    for report in job.reports:
        lines += [f"{report.path}: note: {note}" for note in report.notes]
        if report.generation == "tf1" and job.settings.target == "auto":
            lines.append(f"{report.path}: note: judged as a config for TF1: {report.reason} (see --target)")
    if job.fixed:
        lines.append(f"{job.fixed} fix{'es' * (job.fixed != 1)} {'to apply' if job.changed else 'applied'}")
    if job.reports:
        lines.append(summary(job.reports))
    _print("".join(f"{line}\n" for line in lines), sys.stderr)


def _colour(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(text: str, stream: object) -> None:
    """Write text that may hold bytes which were no UTF-8, or characters that the terminal does not have."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))  # type: ignore[attr-defined]
