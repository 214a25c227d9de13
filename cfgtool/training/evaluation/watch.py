"""The checkpoints of a model dir one after another, those too that a run beside us is still to write."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cfgtool.checkpoints import Checkpoint, read_checkpoint
from cfgtool.errors import UserError
from cfgtool.training.starting.model_dir import STATE_FILE, named_checkpoints

_NUMBER = re.compile(r"(\d+)$")

Say = Callable[[str], None]


def listed_checkpoints(model_dir: Path) -> list[Path]:
    """Prefixes of the complete checkpoints of a model dir, oldest first.

    They are those of its state file, which is written after them; without one, those with an index.
    """
    state = model_dir / STATE_FILE
    if state.is_file():
        prefixes = [model_dir / name for name in named_checkpoints(state)]
    else:
        prefixes = [path.with_suffix("") for path in model_dir.glob("*.index")]
    return sorted((prefix for prefix in prefixes if _index(prefix).is_file()), key=_order)


@dataclass
class Watch:
    """What of a model dir to wait for.

    `timeout` seconds without a new checkpoint end the wait, `interval` seconds lie between two looks. `newest_only`:
    of the checkpoints that are there at the start, only the newest one counts.
    """

    model_dir: Path
    timeout: float
    interval: float
    newest_only: bool = True
    say: Say = lambda text: None
    _seen: set[tuple[str, int]] = field(default_factory=set)

    def checkpoints(self, finished: Callable[[], bool]) -> Iterator[Checkpoint]:
        """Each checkpoint once, in the order in which they were written, until `finished` or the time is over.

        One that the run deletes before its turn is left out, and `say` is told. Raises UserError for a broken one.
        """
        present = self._fresh()
        for prefix in present[:-1] if self.newest_only else ():
            self._seen.add(_identity(prefix))
        deadline = time.monotonic() + self.timeout
        while not finished():
            fresh = self._fresh()
            for prefix in fresh:
                checkpoint = self._opened(prefix)
                if checkpoint is not None:
                    yield checkpoint
                if finished():
                    return
            if fresh:
                deadline = time.monotonic() + self.timeout
                continue
            left = deadline - time.monotonic()
            if left <= 0.0:
                self.say(f"no new checkpoint for {self.timeout:g} s, stopped waiting")
                return
            time.sleep(min(self.interval, left))

    def _fresh(self) -> list[Path]:
        found = []
        for prefix in listed_checkpoints(self.model_dir):
            try:
                if _identity(prefix) not in self._seen:
                    found.append(prefix)
            except FileNotFoundError:
                continue
        return found

    def _opened(self, prefix: Path) -> Checkpoint | None:
        """The checkpoint of that prefix; None, and a note, if the run has deleted it in the meantime."""
        try:
            self._seen.add(_identity(prefix))
            checkpoint = read_checkpoint(str(prefix))
            if checkpoint.has_data:
                return checkpoint
        except (FileNotFoundError, UserError):
            if _index(prefix).is_file():
                raise
        self.say(f"{prefix.name} is gone, skipped")
        return None


def gone(checkpoint: Checkpoint) -> bool:
    """Whether the files of a checkpoint have been deleted since it was opened."""
    return not _index(Path(checkpoint.path)).is_file() or not checkpoint.has_data


def _index(prefix: Path) -> Path:
    return prefix.with_name(f"{prefix.name}.index")


def _identity(prefix: Path) -> tuple[str, int]:
    """Name and time of writing: a run that starts anew writes other checkpoints under the same names."""
    return prefix.name, _index(prefix).stat().st_mtime_ns


def _order(prefix: Path) -> tuple[int, str]:
    number = _NUMBER.search(prefix.name)
    return (int(number[1]) if number else -1), prefix.name
