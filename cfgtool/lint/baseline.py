"""A baseline: findings that are known and not reported, so that a tree with old flaws can be kept from new ones.

An entry names the file, the rule, the place in the config and the fingerprint of the finding, none of which change
when lines move, and how often it is there.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from cfgtool.errors import UserError
from cfgtool.files import read_text
from cfgtool.lint.fingerprints import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding
    from cfgtool.lint.settling import Judged
    from cfgtool.textproto import Document

    Key = tuple[str, str, str]
    """Code, path in the config, fingerprint."""

VERSION = 1


class Baseline:
    """The known findings of each file; names of files are relative to the folder of the baseline."""

    __slots__ = ("entries", "folder")

    def __init__(self, folder: str, entries: dict[str, dict[Key, int]]) -> None:
        self.folder = os.path.abspath(folder)
        self.entries = entries

    def without_known(
        self, findings: list[Finding], document: Document, path: str, judged: Judged
    ) -> tuple[list[Finding], list[str]]:
        """The findings that are not known, and a note on the known ones that are gone, if any are.

        A known finding is called gone only if its rule was asked.
        """
        left = dict(self.entries.get(self.name_of(path), {}))
        if not left:
            return findings, []
        kept = []
        for finding in findings:
            key = (finding.code, finding.path, fingerprint(finding, document))
            if left.get(key, 0) > 0:
                left[key] -= 1
            else:
                kept.append(finding)
        gone: dict[str, int] = {}
        for (code, place, _), count in left.items():
            if count and judged(code):
                where = f"{code} at '{place}'" if place else code
                gone[where] = gone.get(where, 0) + count
        if not gone:
            return kept, []
        shown = ", ".join(where + (f" ({count} times)" if count > 1 else "") for where, count in gone.items())
        return kept, [f"stale in the baseline: {shown}; --write-baseline renews it"]

    def missing_files(self) -> list[str]:
        """Names of files with known findings that are not there any more."""
        return [
            name
            for name in self.entries
            if not ("://" in name or os.path.exists(os.path.join(self.folder, name)))
        ]

    def name_of(self, path: str) -> str:
        """The name that a file has in the baseline."""
        if "://" in path:
            return path
        return os.path.relpath(os.path.abspath(path), self.folder).replace(os.sep, "/")


def read_baseline(path: str) -> Baseline:
    """The baseline in `path`. Raises UserError if there is none, or it is of another make."""
    if not os.path.exists(path):
        raise UserError("no such file", path=path, hint=f"cfgtool lint --write-baseline {path} writes it")
    try:
        data = json.loads(read_text(path))
        if data["cfgtool-baseline"] != VERSION:
            raise UserError(
                f"is a baseline of version {data['cfgtool-baseline']!r}",
                path=path,
                hint=f"this cfgtool reads version {VERSION}; remove the file, and --write-baseline writes it anew",
            )
        entries: dict[str, dict[Key, int]] = {}
        for name, rows in data["files"].items():
            for row in rows:
                key = (str(row["code"]), str(row["path"]), str(row["fingerprint"]))
                entries.setdefault(name, {})[key] = int(row["count"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError("is not a baseline", path=path, hint="--write-baseline writes one") from None
    return Baseline(os.path.dirname(os.path.abspath(path)), entries)


def written_baseline(path: str, reports: Iterable[Report]) -> str:
    """The text of a baseline at `path` with the findings of `reports`.

    Files that were not looked at this time keep their entries, if they are still there. Raises UserError if `path`
    holds something else than a baseline.
    """
    folder = os.path.dirname(os.path.abspath(path))
    old = read_baseline(path) if os.path.exists(path) else Baseline(folder, {})
    gone = set(old.missing_files())
    files: dict[str, list[dict[str, Any]]] = {
        name: [_row(*key, count) for key, count in rows.items()]
        for name, rows in old.entries.items()
        if name not in gone
    }
    for report in reports:
        if report.path is None:
            continue
        counts: dict[Key, int] = {}
        for finding in report.findings:
            key = (finding.code, finding.path, fingerprint(finding, report.document))
            counts[key] = counts.get(key, 0) + 1
        files[old.name_of(report.path)] = [_row(*key, count) for key, count in counts.items()]
    kept = {
        name: sorted(rows, key=lambda row: list(row.values())) for name, rows in sorted(files.items()) if rows
    }
    return json.dumps({"cfgtool-baseline": VERSION, "files": kept}, indent=1) + "\n"


def _row(code: str, path: str, mark: str, count: int) -> dict[str, Any]:
    return {"code": code, "path": path, "fingerprint": mark, "count": count}
