"""What the tests of commands share."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Protocol


class Run(Protocol):
    """Starts `cfgtool` in this process, with the outcome that a process of its own would have."""

    def __call__(self, *args: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]: ...
