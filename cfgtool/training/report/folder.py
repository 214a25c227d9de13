"""What lies in the model dir of a run, besides its checkpoints' data, read without TensorFlow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfgtool.checkpoints import open_checkpoint
from cfgtool.data.keypoints import configured_counts
from cfgtool.errors import UserError
from cfgtool.files import read_bytes, read_proto
from cfgtool.matching import configured_plan
from cfgtool.networks import describe
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.report.history import History, read_history

CONFIG_FILE = "pipeline.config"
ENVIRONMENT_FILE = "environment.json"
PICTURES = Path("eval", "pictures")
_MOST_PICTURES = 24
_MOST_PICTURE_BYTES = 24 << 20
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Restored:
    """Where a run took its start weights from; `severity` as in the verdict of `cfgtool match`."""

    severity: str
    text: str
    hint: str | None = None


@dataclass(frozen=True)
class RunFolder:
    """A run as its files tell it. What is not there is None or empty; `notes` say what could not be read.

    `starts` are the entries of `environment.json`, oldest first; `pictures` names and contents of PNG files.
    """

    path: Path
    history: History
    config_text: str | None
    config: Config | None
    starts: Sequence[Mapping[str, Any]] = ()
    pictures: Sequence[tuple[str, bytes]] = ()
    notes: Sequence[str] = ()
    checkpoints: Sequence[str] = field(default=())


def read_run(model_dir: Path) -> RunFolder:
    """The run in `model_dir`. Raises UserError where there is none (see `read_history`)."""
    history = read_history(model_dir)
    notes = []
    if history.cut_off:
        notes.append("the last line of the metrics is not whole (being written, or cut off) and is left out")
    text = config = None
    try:
        text = read_proto(str(model_dir / CONFIG_FILE))
        config = read_config(parse(text))
    except UserError as error:
        notes.append(f"{CONFIG_FILE}: {error.message}")
    starts, said = _starts(model_dir / ENVIRONMENT_FILE)
    pictures, more = _pictures(model_dir / PICTURES)
    notes += [note for note in (said, more) if note]
    found = sorted((path.stem for path in model_dir.glob("*.index")), key=_natural)
    return RunFolder(model_dir, history, text, config, starts, pictures, notes, found)


def restored(config: Config) -> Restored:
    """What the start checkpoint of a run gave it, worked out again from the checkpoint where it still is."""
    path = config.message("train_config").text("fine_tune_checkpoint")
    if not path:
        return Restored("ok", "started from initial weights: no fine_tune_checkpoint is set")
    try:
        network = describe(config, keypoints=configured_counts(config))
        plan = configured_plan(config, network, open_checkpoint(path))
    except UserError as error:
        return Restored("ok", f"started from {path}, which cannot be looked into now: {error.message}")
    verdict = plan.verdict
    return Restored(verdict.severity, f"started from {path}: {verdict.text}", verdict.hint)


def _starts(path: Path) -> tuple[list[Mapping[str, Any]], str | None]:
    """The entries of the file, and a note if it is broken; it need not be there."""
    if not path.is_file():
        return [], None
    try:
        content = json.loads(read_bytes(str(path)))
        return [start for start in content["starts"] if isinstance(start, dict)], None
    except UserError as error:
        return [], f"{path.name}: {error.message}"
    except (ValueError, KeyError, TypeError):
        return [], f"{path.name} is no JSON object with a list of starts"


def _pictures(folder: Path) -> tuple[list[tuple[str, bytes]], str | None]:
    """The last pictures by name, as many as a page can take, and a note on what is left out."""
    paths = sorted(folder.glob("*.png"), key=lambda path: _natural(path.name))
    found: list[tuple[str, bytes]] = []
    size = 0
    for path in reversed(paths):
        if len(found) == _MOST_PICTURES:
            break
        try:
            content = read_bytes(str(path))
        except UserError:
            continue
        size += len(content)
        if size > _MOST_PICTURE_BYTES:
            break
        if content.startswith(_PNG):
            found.append((path.name, content))
    left = len(paths) - len(found)
    note = (
        f"{left} of the {len(paths)} pictures in {PICTURES.as_posix()} are not on this page" if left else None
    )
    return found[::-1], note


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts names by the numbers in them: step_9 before step_10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
