"""A run of `cfgtool lint` over all its files: what came of them, what is told, and the exit status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cfgtool.cli.lint_files import treat_all
from cfgtool.cli.output import write
from cfgtool.lint.reporters import Results

if TYPE_CHECKING:
    from cfgtool.cli.lint_files import Outcome, Work
    from cfgtool.errors import UserError


class Run:
    """What came of the files so far."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.outcomes: list[Outcome] = []
        self.errors: list[UserError] = []

    def treat(self, files: list[tuple[str, bool]], jobs: int) -> None:
        """Do the work; what fixing makes of standard input, and differences, are written as they come."""
        told = {str(error) for error in self.errors}
        for error in self.errors:
            complain(error)
        for outcome in treat_all(files, self.work, jobs):
            self.outcomes.append(outcome)
            if outcome.output and self.work.mode == "fix":
                from cfgtool.files import encode_text

                sys.stdout.buffer.write(encode_text(outcome.output))
                sys.stdout.buffer.flush()
            else:
                write(outcome.output, sys.stdout)
            # A mistake in the settings is found again at every file, and told once.
            if outcome.error is not None and str(outcome.error) not in told:
                told.add(str(outcome.error))
                self.errors.append(outcome.error)
                complain(outcome.error)

    def results(self, in_colour: bool) -> Results:
        """What the reporters print."""
        reports = [outcome.report for outcome in self.outcomes if outcome.report is not None]
        return Results(reports, self.errors, self.work.lookup.catalogues(), in_colour)

    def tell(self) -> None:
        """Say on standard error what was done, and what was not checked and why."""
        lines = []
        for outcome in self.outcomes:
            report = outcome.report
            if outcome.skipped:
                lines.append(outcome.skipped)
            if report is None:
                continue
            lines += [f"{report.path}: note: {note}" for note in report.notes]
            if report.generation == "tf1" and report.reason != "asked for":
                lines.append(
                    f"{report.path}: note: judged as a config for TF1: {report.reason} (see --target)"
                )
        for baseline in self.work.lookup.baselines():
            lines += [
                f"{name}: note: stale in the baseline: there is no such file; --write-baseline drops it"
                for name in baseline.missing_files()
            ]
        lines += self._summary()
        write("".join(f"{line}\n" for line in lines), sys.stderr)

    def _summary(self) -> list[str]:
        from cfgtool.lint.reporters.summary import summary

        lines = []
        fixed = sum(outcome.fixed for outcome in self.outcomes)
        if fixed:
            to_apply = any(outcome.changed for outcome in self.outcomes)
            lines.append(f"{fixed} fix{'es' * (fixed != 1)} {'to apply' if to_apply else 'applied'}")
        reports = [outcome.report for outcome in self.outcomes if outcome.report is not None]
        return [*lines, summary(reports)] if reports else lines

    def status(self) -> int:
        """The exit status."""
        if self.errors:
            return 2
        return int(any(outcome.changed or outcome.fails for outcome in self.outcomes))

    def write_baseline(self, path: str) -> int:
        """Write the findings as known; returns the exit status.

        A run in which a file could not be read writes none: it would be incomplete.
        """
        if self.errors:
            return 2
        from cfgtool.files import atomic_write
        from cfgtool.lint.baseline import written_baseline

        reports = self.results(False).reports
        atomic_write(path, written_baseline(path, reports).encode("utf-8"))
        count = sum(len(report.findings) for report in reports)
        write(f"{path}: {count} finding{'s' * (count != 1)} written as known\n", sys.stderr)
        return 0


def complain(error: UserError) -> None:
    """Say on standard error what the user can mend."""
    write(f"cfgtool: error: {error}\n", sys.stderr)
