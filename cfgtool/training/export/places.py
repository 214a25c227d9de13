"""What `cfgtool predict` is given: which kind of model, which images, and where pictures go. No TensorFlow."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cfgtool.errors import UserError
from cfgtool.training.export.plan import CONFIG, SAVED_MODEL, TFLITE

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""What a file must end in to be an image of a folder; one that is named may end in anything."""
_GRAPH = "saved_model.pb"


class ModelPlace(NamedTuple):
    """`kind` is "saved_model", "tflite" or "config"; `path` the folder or file, `folder` where its label map would be.

    `model_dir` is set for a config that was found in the folder of a run.
    """

    kind: str
    path: Path
    folder: Path
    model_dir: Path | None = None


def find_model(path: Path) -> ModelPlace:
    """The model that `path` means: the folder of an export, a SavedModel, a .tflite file, the folder of a run, a config.

    Raises UserError if there is nothing of the kind.
    """
    if path.is_dir():
        return _in_folder(path)
    if not path.exists():
        raise UserError("no such model", path=str(path), hint="name the folder of an export, or a config")
    if path.name == _GRAPH:
        return _in_folder(path.parent)
    kind = "tflite" if path.suffix == ".tflite" else "config"
    return ModelPlace(kind, path, path.parent)


def _in_folder(folder: Path) -> ModelPlace:
    if (folder / _GRAPH).is_file():
        outer = folder.parent if folder.name == SAVED_MODEL else folder
        return ModelPlace("saved_model", folder, outer)
    if (folder / SAVED_MODEL / _GRAPH).is_file():
        return ModelPlace("saved_model", folder / SAVED_MODEL, folder)
    if (folder / TFLITE).is_file():
        return ModelPlace("tflite", folder / TFLITE, folder)
    if (folder / CONFIG).is_file() and (folder / "checkpoint").is_file():
        return ModelPlace("config", folder / CONFIG, folder, folder)
    raise UserError(
        f"holds no model: neither {SAVED_MODEL}/, {TFLITE} nor a run",
        path=str(folder),
        hint="export one into it",
    )


def image_files(patterns: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """(path, None) for each image of files, folders and globs, or (pattern, what is wrong)."""
    for pattern in patterns:
        if os.path.isdir(pattern):
            names = sorted(name for name in os.listdir(pattern) if name.lower().endswith(ENDINGS))
            found = [os.path.join(pattern, name) for name in names]
            problem = f"no file in this folder ends in {', '.join(ENDINGS)}"
        elif os.path.exists(pattern):
            found, problem = [pattern], ""
        else:
            found = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))
            problem = "no such file" if glob.escape(pattern) == pattern else "matches no file"
        yield from ((path, None) for path in found)
        if not found:
            yield pattern, problem


def picture_paths(output: Path, images: Sequence[str], *, force: bool) -> list[Path]:
    """Where the picture of each image goes: `output` itself for one image if it is named like one, else below it.

    Raises UserError if a file is there already, or one file would have to take several pictures.
    """
    if output.suffix.lower() in ENDINGS and not output.is_dir():
        if len(images) > 1:
            raise UserError(
                f"{len(images)} pictures do not fit into one file", path=str(output), hint="name a folder"
            )
        if not output.parent.is_dir():
            raise UserError("there is no such folder", path=str(output.parent))
        paths = [output] * len(images)
    elif output.exists() and not output.is_dir():
        raise UserError("is a file, not a folder", path=str(output))
    else:
        paths = list(_below(output, images))
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise UserError("exists already", path=str(there[0]), hint="--force replaces it")
    return paths


def _below(folder: Path, images: Sequence[str]) -> Iterator[Path]:
    """One PNG an image, called like it; a number tells images of one name apart."""
    taken: set[str] = set()
    for image in images:
        stem = Path(image).stem
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        yield folder / f"{name}.png"
