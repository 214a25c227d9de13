"""Writing generated files, or telling which of them are stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def stale(files: dict[Path, str], folder: Path | None = None) -> list[Path]:
    """The files whose content is not what it should be, and the pages in `folder` that are none of them."""
    wrong = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    return wrong + [path for path in sorted(folder.glob("*.md") if folder else ()) if path not in files]


def renew(files: dict[Path, str], check: bool, folder: Path | None = None) -> int:
    """Write what is stale and delete the pages in `folder` that are none; with `check` only tell.

    Returns the exit status: 1 if `check` and something is stale.
    """
    wrong = stale(files, folder)
    for path in wrong:
        print(f"{'stale' if check else 'wrote'}: {path.relative_to(ROOT)}", file=sys.stderr)
        if check:
            continue
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return int(check and bool(wrong))
