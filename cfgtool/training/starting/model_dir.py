"""The model dir of a run: its checkpoints, and whether there is room for more."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from cfgtool.checkpoints import Checkpoint, read_checkpoint
from cfgtool.checkpoints.values import Values
from cfgtool.errors import UserError
from cfgtool.files import atomic_write
from cfgtool.training.starting.estimates import in_bytes

STATE_FILE = "checkpoint"
ENVIRONMENT_FILE = "environment.json"
_NEWEST = re.compile(r'^model_checkpoint_path: "(.*)"$', re.MULTILINE)
_ALL = re.compile(r'^all_model_checkpoint_paths: "(.*)"$', re.MULTILINE)
_LOCAL = re.compile(
    r'(?:(?:all_)?model_checkpoint_paths?: "[\w.-]+"|(?:all_model_checkpoint|last_preserved)_timestamps?: [\d.e+-]+|)\n'
)
"""A line of a state file that names nothing outside its folder."""
_WRITTEN = (".lock", STATE_FILE, ENVIRONMENT_FILE, "metrics.jsonl", "best.json", "pipeline.config")
"""Files of a model dir that a run goes on with, whatever they are."""
_STEP = "step"


def latest_checkpoint(model_dir: Path) -> Checkpoint | None:
    """The newest checkpoint of a model dir that is whole, None if its state file names none.

    Raises UserError as `whole_checkpoints` does.
    """
    found, _ = whole_checkpoints(model_dir)
    return found[0] if found else None


def named_checkpoints(state: Path) -> list[str]:
    """The names of the checkpoints that a state file lists, newest first."""
    text = state.read_text(encoding="utf-8", errors="replace")
    # The newest comes last in the list of all.
    listed = _NEWEST.findall(text) + _ALL.findall(text)[::-1]
    return list(dict.fromkeys(Path(name).name for name in listed))


def keep_state_local(model_dir: Path) -> None:
    """Make the state file name checkpoints of its own folder only.

    A run that goes on removes the oldest checkpoints that its state file names. Where that came from another machine, or
    with a copied folder, it has whole paths: those of the original, which are not this run's to remove.
    """
    state = model_dir / STATE_FILE
    if not state.is_file():
        return
    lines = state.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    if all(_LOCAL.fullmatch(line) for line in lines):
        return
    names = [name for name in named_checkpoints(state)[::-1] if (model_dir / f"{name}.index").is_file()]
    names = [name for name in names if re.fullmatch(r"[\w.-]+", name)]
    if not names:
        state.unlink()
        return
    text = f'model_checkpoint_path: "{names[-1]}"\n'
    text += "".join(f'all_model_checkpoint_paths: "{name}"\n' for name in names)
    # Without its time TensorFlow counts a checkpoint as one to be kept for ever.
    times = ((model_dir / f"{name}.index").stat().st_mtime for name in names)
    text += "".join(f"all_model_checkpoint_timestamps: {time:.6f}\n" for time in times)
    atomic_write(str(state), text.encode())


def whole_checkpoints(model_dir: Path) -> tuple[list[Checkpoint], list[str]]:
    """The checkpoints of the state file, newest first, and a note on each that is not whole.

    Whole: the index can be read and the data files are as long as it says; sums are not checked. Raises UserError if
    the state file names checkpoints and none of them is whole.
    """
    state = model_dir / STATE_FILE
    if not state.is_file():
        return [], []
    names = named_checkpoints(state)
    found, notes = [], []
    for name in names:
        try:
            found.append(_whole(str(model_dir / name)))
        except UserError as error:
            notes.append(f"{name} is not used: {error.message}")
    if names and not found:
        raise UserError(
            f"none of the {len(names)} checkpoints of the earlier run is whole: {'; '.join(notes)}",
            path=str(model_dir),
            hint="give --restart to move that run aside and start anew",
        )
    return found, notes


def _whole(prefix: str) -> Checkpoint:
    """The checkpoint at `prefix`. Raises UserError if a part of its files is missing."""
    checkpoint = read_checkpoint(prefix)
    ends: dict[int, int] = {}
    for entry in checkpoint.entries.values():
        ends[entry.shard] = max(ends.get(entry.shard, 0), entry.offset + entry.size)
    for shard, end in ends.items():
        path = Path(checkpoint.data_file(shard))
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            raise UserError(f"{path.name} is missing", path=prefix)
        if size < end:
            raise UserError(f"{path.name} has {size:,} of its {end:,} bytes", path=prefix)
    return checkpoint


def step_of(checkpoint: Checkpoint) -> int | None:
    """The training step that a checkpoint of a run was saved at, None if it does not say."""
    entry = checkpoint.entries.get(_STEP)
    if entry is None or entry.shape != ():
        return None
    with Values(checkpoint) as values:
        return int.from_bytes(values.raw(entry), "little", signed=True)


def refuse_overwriting(model_dir: Path, start: Checkpoint | None) -> None:
    """Raise UserError if the run's first checkpoints would replace files that no run of ours has written.

    `start` is the start checkpoint, None without one.
    """
    if start is not None and Path(start.path).absolute().parent == model_dir.absolute():
        raise UserError(
            f"the start checkpoint {Path(start.path).name!r} is in the model dir, where the run saves its own",
            path=str(model_dir),
            hint="choose another --model-dir",
        )
    stray = sorted(path.stem for path in model_dir.glob("ckpt-*.index"))
    ours = (model_dir / STATE_FILE).exists() or (model_dir / ENVIRONMENT_FILE).exists()
    if stray and not ours:
        raise UserError(
            f"the model dir has {stray[0]!r}, which no run has left there and this one would replace",
            path=str(model_dir),
            hint="choose another --model-dir, or give --restart to move it aside",
        )


def check_writable(model_dir: Path) -> None:
    """Raise UserError if a run could not write into the model dir, could not make it, or would write elsewhere."""
    place = _existing(model_dir)
    for name in _WRITTEN:
        path = model_dir / name
        if path.is_symlink() and not path.resolve().is_relative_to(model_dir.resolve()):
            raise UserError(
                f"{name!r} is a symbolic link to {str(path.resolve())!r}, where a run would write",
                path=str(model_dir),
                hint="remove the link: a run writes into its model dir only",
            )
    if not place.is_dir():
        what = "the model dir" if place == model_dir else f"{str(place)!r}, where it would be made,"
        raise UserError(f"{what} is a file, not a folder", path=str(model_dir))
    if not os.access(place, os.W_OK | os.X_OK):
        what = "the model dir" if place == model_dir else f"{str(place)!r}, where it would be made,"
        raise UserError(f"no permission to write: {what} is read-only", path=str(model_dir))


def free_bytes(model_dir: Path) -> int:
    """What is free on the disk of the model dir."""
    return shutil.disk_usage(_existing(model_dir)).free


def check_space(model_dir: Path, size: int, count: int, *, restart: bool = False) -> None:
    """Raise UserError if `count` checkpoints of `size` bytes do not fit; those that they replace are counted in.

    One more is needed in between: the oldest goes when the newest is written.
    """
    old = (
        0
        if restart
        else sum(path.stat().st_size for path in model_dir.glob("ckpt-[0-9]*.*") if path.is_file())
    )
    needed, free = size * (count + 1) - old, free_bytes(model_dir)
    if needed <= free:
        return
    fitting = max(0, (free + old) // size - 1)
    hint = f"--keep {fitting} fits" if fitting else "make room, or choose another disk"
    raise UserError(
        f"the disk has {in_bytes(free)} free, and the run takes {in_bytes(needed)}: {count + 1} checkpoints of"
        f" {in_bytes(size)}, one of them while it is written",
        path=str(model_dir),
        hint=hint,
    )


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
