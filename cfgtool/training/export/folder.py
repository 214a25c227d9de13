"""The output folder: nothing of the user's is replaced unasked, and a new export appears only when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cfgtool.errors import UserError


def refuse_output(folder: Path, names: Sequence[str], *, force: bool) -> None:
    """Raise UserError if `names` cannot be written in `folder`: something is there and is not to be replaced."""
    if folder.exists() and not folder.is_dir():
        raise UserError("is a file, not a folder", path=str(folder))
    if (folder / "checkpoint").is_file():
        raise UserError(
            "is the folder of a training run, which an export must not mix with",
            path=str(folder),
            hint="choose another",
        )
    there = [name for name in names if os.path.lexists(folder / name)]
    if there and not force:
        raise UserError(
            "exists already", path=str(folder / there[0]), hint="--force replaces an earlier export"
        )


@contextmanager
def output_folder(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """A folder to write into, whose content takes its place in `folder` at the end; after an error nothing has changed.

    What `folder` has of `names` goes, what it has besides stays. Raises UserError if the disk refuses.
    """
    work = folder / f".export-{os.getpid()}"
    made = not folder.exists()
    try:
        work.mkdir(parents=True)
        new, old = work / "new", work / "old"
        new.mkdir()
        old.mkdir()
        yield new
        for name in names:
            if os.path.lexists(folder / name):
                (folder / name).rename(old / name)
        for path in sorted(new.iterdir()):
            path.rename(folder / path.name)
        made = False
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", path=str(folder)) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
