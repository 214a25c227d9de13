"""What `cfgtool lint` does with one file: judge it, fix it, or show what fixing would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.cli.rewriting import deliver, read_input, unified_difference
from cfgtool.errors import UserError
from cfgtool.lint.discovery import STDIN
from cfgtool.lint.findings import serious

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.data.reading import Progress
    from cfgtool.lint.configuration import Lookup
    from cfgtool.lint.engine import Report, Settings
    from cfgtool.textproto import Document

PARALLEL_FROM = 500
"""Fewer files than this are linted in less time than other processes take to start."""


class Work:
    """What is to be done with each file: `mode` is "judge", "fix" or "diff"."""

    def __init__(
        self, lookup: Lookup, mode: str, unsafe: bool, stdin_name: str | None, fail_on: str | None
    ) -> None:
        self.lookup = lookup
        self.mode = mode
        self.unsafe = unsafe
        self.stdin_name = stdin_name
        self.fail_on = fail_on
        self.all_records = False
        self.remote = False
        self.progress: Progress | None = None

    def read_all_records(self, *, show_progress: bool) -> None:
        """Read every record that a config names; several processes would show their progress over each other."""
        from cfgtool.cli.progress import record_progress

        self.all_records = True
        self.progress = record_progress() if show_progress else None

    def shown_name(self, path: str) -> str:
        """What a path is called in messages."""
        return self.stdin_name or "<stdin>" if path == STDIN else path

    def settings(self, path: str) -> Settings:
        """The settings that hold for a path; standard input is looked up by the name that it stands for."""
        settings = self.lookup.settings(self.stdin_name if path == STDIN else path)
        if self.all_records or self.remote:
            settings = settings.replaced(codes=settings.codes)
            settings.all_records, settings.progress = self.all_records, self.progress
            settings.remote = self.remote
        return settings


class Outcome:
    """What came of one file: a report, or an error, or neither for a file of another program."""

    __slots__ = ("changed", "error", "fails", "fixed", "output", "report", "skipped")

    def __init__(self) -> None:
        self.report: Report | None = None
        self.error: UserError | None = None
        self.skipped: str | None = None
        self.fixed = 0
        self.changed = False
        self.fails = False
        self.output = ""


def treat_all(files: list[tuple[str, bool]], work: Work, jobs: int) -> Iterable[Outcome]:
    """The outcomes of all files, in their order, from as many processes as asked for where that is worth it."""
    if jobs != 1 and len(files) >= PARALLEL_FROM and (STDIN, False) not in files:
        from cfgtool.cli.lint_parallel import treat_in_processes

        return treat_in_processes(files, work, jobs)
    return _in_turn(files, work)


def _in_turn(files: list[tuple[str, bool]], work: Work) -> Iterator[Outcome]:
    for path, found in files:
        yield treat(path, found, work)


def treat(path: str, found: bool, work: Work) -> Outcome:
    """Do the work on one file; `found` says that nobody named it, so that it may be of another program."""
    from cfgtool.textproto import parse

    outcome, name = Outcome(), work.shown_name(path)
    try:
        settings = work.settings(path)
        text = read_input(path, name)
        document = parse(text)
        if found and _is_foreign(document, path):
            outcome.skipped = f"{name}: note: skipped: nothing in it belongs to a pipeline config"
            return outcome
        if work.mode == "judge":
            from cfgtool.lint.engine import analyse

            report = analyse(document, name, settings)
        else:
            report = _fix(text, path, settings, work, outcome)
        fail_on = work.fail_on or settings.fail_on
        outcome.report = report.detached()
        outcome.fails = any(serious(finding, fail_on) for finding in report.findings)
    except UserError as error:
        outcome.error = error
    return outcome


def _is_foreign(document: Document, path: str) -> bool:
    from cfgtool.lint.discovery import is_foreign

    return is_foreign(document, path)


def _fix(text: str, path: str, settings: Settings, work: Work, outcome: Outcome) -> Report:
    """Fix one file in place, or say what that would change; standard input is fixed to the output.

    Returns the report on the fixed text.
    """
    from cfgtool.lint.fixing import fix_text

    name = work.shown_name(path)
    fixed = fix_text(text, name, settings, work.unsafe)
    outcome.fixed = fixed.applied
    if work.mode == "diff":
        outcome.output = unified_difference(name, text, fixed.text)
        outcome.changed = fixed.text != text
    elif path == STDIN:
        outcome.output = fixed.text
    else:
        deliver(path, text, fixed.text)
    return fixed.report
