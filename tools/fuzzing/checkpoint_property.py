"""What must hold for the readers of checkpoints, whatever the files are."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache

from cfgtool.checkpoints import Checkpoint, open_checkpoint, resolve_checkpoint
from cfgtool.checkpoints.compare import compare
from cfgtool.checkpoints.tensor_proto import MAX_FILLED
from cfgtool.checkpoints.values import Values
from cfgtool.checkpoints.verify import verify
from cfgtool.cli.checkpoint_text import listing_lines, verification_lines
from cfgtool.errors import UserError
from tools.fuzzing.checkpoint_inputs import FOLDER, Case

_MOST = 64
"""So many values are read at most."""


def checkpoints(case: Case) -> None:
    """Files are read or refused with a message; what checksums guard and find whole is what it was."""
    folder = _folder()
    written = []
    for name, data in case.files.items():
        written.append(os.path.join(folder, name))
        os.makedirs(os.path.dirname(written[-1]), exist_ok=True)
        with open(written[-1], "wb") as file:
            file.write(data)
    try:
        _check(os.path.join(folder, case.path), case)
    finally:
        for path in written:
            os.unlink(path)


def _check(path: str, case: Case) -> None:
    size = sum(map(len, case.files.values()))
    try:
        location = resolve_checkpoint(path)
        found = verify(location)
        assert "".join(verification_lines(location.prefix, found))
        checkpoint = open_checkpoint(path)
    except UserError as error:
        _say(error)
        return
    checkpoint.find("model/_feature_extractor/classification_backbone/kernel")
    assert "".join(listing_lines(checkpoint, all_entries=True, flat=False))
    values = _values(checkpoint, size)
    if case.told and not found.damages:
        assert values == _original(case.seed), "a change is not told"
    try:
        assert compare(checkpoint, checkpoint, everything=True).same
    except UserError:
        assert len(values) < len(checkpoint.entries) or not checkpoint.in_graph


def _say(error: UserError) -> None:
    """A message is one line and says where."""
    assert error.message, "no message"
    assert "\n" not in error.message, error.message
    assert error.path, error.message


def _values(checkpoint: Checkpoint, size: int) -> dict[str, bytes]:
    """The values that can be read; none takes more memory than the files may ask for."""
    found = {}
    with Values(checkpoint, check=True) as values:
        for entry in list(checkpoint.entries.values())[:_MOST]:
            try:
                raw = values.raw(entry)
            except UserError:
                continue
            assert len(raw) <= (MAX_FILLED if checkpoint.in_graph else 32 * size), entry
            found[entry.name] = bytes(raw)
            if entry.dtype == "string":
                try:
                    values.strings(entry)
                except UserError:
                    continue
    return found


@cache
def _original(seed: str) -> dict[str, bytes]:
    return _values(open_checkpoint(str(FOLDER / seed)), 1 << 30)


@cache
def _folder() -> str:
    """A folder of this process, in memory where the machine has such a place."""
    import atexit

    fast = "/dev/shm"
    path = tempfile.mkdtemp(prefix="fuzzing-", dir=fast if os.access(fast, os.W_OK) else None)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path
