"""Keep the outputs shown in the documentation true: run each shown command and compare, or rewrite.

A shown output is a fenced block right below a comment that names its command:

    <!-- shows: cfgtool lint fixtures/demo/pipeline.config -->
    ```
    ...
    ```

The comment may end in `| head N` or `| tail N`: only the first or last N lines are shown, and a line `...` stands for
the rest. A command after `$ ` is shown above its output.

    python -m tools.shown_outputs            rewrite the blocks
    python -m tools.shown_outputs --check    exit 1 if a block is not what the command prints
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"(<!-- shows: (?P<command>.+?) -->\n```[a-z]*\n)(?P<output>.*?)(?P<end>```)", re.DOTALL)


def documents() -> list[Path]:
    """Every Markdown file that may show outputs."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def run(command: str) -> str:
    """What `command` prints on standard output and standard error, from the root of the repository."""
    shown = command.startswith("$ ")
    command, _, limit = command.removeprefix("$ ").partition(" | head ")
    command, _, last = command.partition(" | tail ")
    words = shlex.split(command)
    if words[0] == "cfgtool":
        words = [sys.executable, "-m", *words]
    environment = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1"}
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = done.stdout.rstrip("\n").split("\n")
    if limit and len(lines) > int(limit):
        lines = [*lines[: int(limit)], "..."]
    if last and len(lines) > int(last):
        lines = ["...", *lines[-int(last) :]]
    if shown:
        lines.insert(0, f"$ {command}")
    return "\n".join(lines) + "\n"


def renew(text: str) -> str:
    """`text` with every shown output replaced by what its command prints now."""
    return _BLOCK.sub(lambda match: match[1] + run(match["command"]) + match["end"], text)


def main(arguments: list[str]) -> int:
    """Check or rewrite all documents; returns the exit status."""
    stale = []
    for path in documents():
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        renewed = renew(text)
        if renewed != text:
            stale.append(path.relative_to(ROOT))
            if "--check" not in arguments:
                path.write_text(renewed, encoding="utf-8")
    for path in stale:
        print(f"{path}: shown outputs {'are stale' if '--check' in arguments else 'rewritten'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
