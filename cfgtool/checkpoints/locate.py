"""From what people write as a checkpoint's path to the prefix of its files."""

from __future__ import annotations

import os
import re

from cfgtool.errors import UserError

_SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_STATE_LINE = re.compile(r'^\s*model_checkpoint_path\s*:\s*(["\'])(.*?)\1', re.MULTILINE)


def resolve_checkpoint(path: str) -> tuple[str, tuple[str, ...]]:
    """The prefix that `path` means, and notes on what was made of it.

    Understood beside the prefix itself: a file of the checkpoint, a folder (its `checkpoint` state file decides, or the
    newest checkpoint in it), and a prefix whose step is missing. Raises UserError, naming candidates, if nothing fits.
    """
    if os.path.isfile(path + ".index"):
        return path, ()
    stripped = _SUFFIX.sub("", path)
    if stripped != path and os.path.isfile(stripped + ".index"):
        return stripped, (f"{path!r} is a file of the checkpoint; its prefix {stripped!r} is what the OD API wants",)
    if os.path.isdir(path):
        return _in_folder(path)
    if os.path.isfile(path):
        raise UserError(
            "is a file, but not of a checkpoint in TensorFlow's V2 format",
            path=path,
            hint="a checkpoint is named by the part before '.index'",
        )
    steps = _prefixes(os.path.dirname(path), os.path.basename(path) + "-")
    if len(steps) == 1:
        return steps[0], (f"{path!r} lacks the step; {steps[0]!r} is there",)
    raise UserError(_missing(path), path=path, hint=_candidates(path, steps))


def _in_folder(folder: str) -> tuple[str, tuple[str, ...]]:
    state = os.path.join(folder, "checkpoint")
    if os.path.isfile(state):
        with open(state, encoding="utf-8", errors="replace") as file:
            match = _STATE_LINE.search(file.read(1_000_000))
        if match:
            # The state file may come from another machine: only the name counts then.
            for prefix in (os.path.join(folder, match[2]), os.path.join(folder, os.path.basename(match[2]))):
                if os.path.isfile(prefix + ".index"):
                    return prefix, (f"{folder!r} is a folder; its newest checkpoint is {prefix!r}",)
    found = _prefixes(folder, "")
    if len(found) == 1:
        return found[0], (f"{folder!r} is a folder; {found[0]!r} is the checkpoint in it",)
    if not found:
        raise UserError("no checkpoint is in this folder", path=folder, hint=_candidates(os.path.join(folder, ""), []))
    raise UserError("several checkpoints are in this folder", path=folder, hint=f"name one of {_listed(found)}")


def _prefixes(folder: str, start: str) -> list[str]:
    """Checkpoint prefixes in `folder` whose names begin with `start`, in order of their steps."""
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []
    found = [name[: -len(".index")] for name in names if name.startswith(start) and name.endswith(".index")]
    found.sort(key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
    return [os.path.join(folder, name) for name in found]


def _missing(path: str) -> str:
    if os.path.isfile(path + ".meta") or any(_data_files(path)):
        return "the checkpoint has no .index file, which names its tensors"
    return "no such checkpoint"


def _data_files(path: str) -> list[str]:
    folder, name = os.path.split(path)
    try:
        return [file for file in os.listdir(folder or ".") if file.startswith(name + ".data-")]
    except OSError:
        return []


def _candidates(path: str, steps: list[str]) -> str:
    """The way out: checkpoints with that name, beside it, or a folder deeper."""
    if steps:
        return f"there are {_listed(steps)}"
    folder = os.path.dirname(path) or "."
    near = _prefixes(folder, "")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        near += _prefixes(os.path.join(folder, name), "") if os.path.isdir(os.path.join(folder, name)) else []
    if near:
        return f"near it {'are' if len(near) > 1 else 'is'} {_listed(near)}"
    return f"there is no folder {folder!r}" if not os.path.isdir(folder) else "no checkpoint is near it either"


def _listed(paths: list[str]) -> str:
    shown = ", ".join(repr(path) for path in paths[:4])
    return shown + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
