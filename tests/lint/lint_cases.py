"""Shared by the lint tests: lint a text, and the cases that live as files."""

from __future__ import annotations

from pathlib import Path

from cfgtool.files import decode_text
from cfgtool.lint.engine import Settings, lint_document
from cfgtool.lint.findings import Finding
from cfgtool.lint.rules import load
from cfgtool.lint.selection import selected_codes
from cfgtool.textproto import parse

CASES = Path(__file__).parent / "cases"


def lint(text: str, target: str = "auto", path: str | None = None) -> list[Finding]:
    """The findings in `text`."""
    return lint_document(parse(text), path, Settings(target))


def codes(text: str, target: str = "auto") -> list[str]:
    """The codes of the findings in `text`, in order of their places."""
    return [finding.code for finding in lint(text, target)]


def read(path: Path) -> str:
    """The text of a case, byte for byte."""
    return decode_text(path.read_bytes())


def lines(text: str) -> list[str]:
    """The findings in `text` as the expected output of a case has them: `line:col: CODE message`.

    A first line `# select: CFG0, CFG105` keeps a case to the rules that it is about.
    """
    document = parse(text)
    first = document.line_text(1)
    selected = first.removeprefix("# select: ").split(", ") if first.startswith("# select: ") else []
    settings = Settings(codes=selected_codes(load(), selected, []))
    return [
        "{}:{}: {} {}".format(*document.position(finding.start), finding.code, finding.message)
        for finding in lint_document(document, None, settings)
    ]
