"""Helpers of the tests of the language server: texts with a `|` where the cursor is, opened."""

from __future__ import annotations

from pathlib import Path

from cfgtool.lint.engine import Settings
from cfgtool.lsp.opened import Opened
from cfgtool.lsp.uris import uri_of

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "fixtures" / "demo" / "pipeline.config"


def opened(text: str, path: Path | None = DEMO, target: str = "auto") -> Opened:
    """A text that is open under the name `path` (None: it has no file)."""
    uri = "untitled:Untitled-1" if path is None else uri_of(str(path))
    return Opened(uri, text, Settings(target), 1)


def at_cursor(marked: str, path: Path | None = DEMO, target: str = "auto") -> tuple[Opened, int]:
    """The text without its one `|`, opened, and where that was."""
    assert marked.count("|") == 1
    offset = marked.index("|")
    return opened(marked.replace("|", ""), path, target), offset


def demo() -> Opened:
    """The config of the demo."""
    return opened(DEMO.read_text(encoding="utf-8"))
