"""From what people write as a checkpoint's path to the prefix of its files."""

from __future__ import annotations

# os.path, because pathlib costs start-up time that the light commands do not have.
import os
from typing import NamedTuple

from cfgtool.checkpoints.kinds import SAVED_MODEL, is_graph_file, is_in_saved_model, is_single_file
from cfgtool.checkpoints.nearby import has_index, listed, names_in, near, prefixes, with_step
from cfgtool.errors import UserError
from cfgtool.files import is_file, is_folder

_STATE_FIELD = "model_checkpoint_path"
_SUFFIXES = (".index", ".meta")
NO_CHECKPOINT = (
    ".pb",
    ".pbtxt",
    ".h5",
    ".keras",
    ".tflite",
    ".onnx",
    ".pth",
    ".pt",
    ".tar.gz",
    ".tgz",
    ".zip",
    ".tar",
)
"""Ends of files that hold weights, or archives of them, and are no checkpoints."""
_ARCHIVES = (".tar.gz", ".tgz", ".zip", ".tar")
_NOT_WEIGHTS = (
    (_ARCHIVES, "an archive", "unpack it, and name the checkpoint in it: what comes before '.index'"),
    (".pbtxt", "a graph as text", "its weights are in the checkpoint beside it, if anywhere"),
    (
        ".meta",
        "the graph of a checkpoint",
        "the weights are in its .index and .data files, which are not here",
    ),
    ((".h5", ".keras"), "a file of Keras", "load it with Keras, and save a tf.train.Checkpoint"),
    (".tflite", "a model of TensorFlow Lite", "train from the checkpoint that it was made of"),
    (
        (".onnx", ".pth", ".pt", ".safetensors"),
        "a file of another framework",
        "there is no way from it to the OD API",
    ),
)


class Location(NamedTuple):
    """Where a checkpoint is. `notes` say what was made of the spelling, `error` what the OD API raises for
    it: the exception's type and text, None for a spelling that it takes. `kind` is "saved_model" or
    "frozen_graph" for what is no checkpoint of a trainer.
    """

    prefix: str
    notes: tuple[str, ...] = ()
    error: tuple[str, str] | None = None
    kind: str = "checkpoint"


def resolve_checkpoint(path: str) -> Location:
    """The checkpoint that `path` means.

    Understood beside the prefix itself: a file of the checkpoint, a folder (its `checkpoint` state file
    decides, or the only checkpoint in it), a state file, a prefix whose step is missing, a SavedModel, and a frozen
    graph. Raises UserError, naming candidates, if nothing fits.
    """
    if has_index(path):
        return Location(path)
    stripped = _strip(path)
    if stripped != path and has_index(stripped):
        return _corrected(path, stripped, "a file of the checkpoint", _file_error(path))
    if is_folder(path):
        return _in_folder(path)
    if is_file(path):
        return _file(path)
    steps = with_step(path)
    if len(steps) == 1:
        return _corrected(path, steps[0], "not there without its step", _missing_error(path))
    raise UserError(_absence(stripped), path=path, hint=near(path, steps))


def _file(path: str) -> Location:
    """What a file that is no part of a bundle means. Raises UserError if it is nothing to read weights from."""
    folder, name = os.path.split(path)
    if is_single_file(path) and not path.endswith(".index"):
        return Location(path)
    if name == SAVED_MODEL:
        return _saved_model(path, folder, _file_error(path))
    if name == "checkpoint":
        prefix = _latest(folder)
        if prefix is not None:
            return _corrected(
                path, prefix, "a state file, which names the newest checkpoint", _file_error(path)
            )
        raise UserError("is a state file, whose checkpoint is not there", path=path, hint=near(path, []))
    if is_graph_file(path):
        return _frozen_graph(path)
    for ends, what, hint in _NOT_WEIGHTS:
        if path.endswith(ends):
            raise UserError(f"is {what}, not a checkpoint", path=path, hint=hint)
    hint = "a checkpoint is named by what its files have in common, before '.index'"
    raise UserError("is a file, but not a checkpoint", path=path, hint=hint)


def _frozen_graph(path: str) -> Location:
    beside = prefixes(os.path.dirname(path))
    note = f"{path!r} is a frozen graph, which the OD API cannot start from: it would raise DataLossError"
    if len(beside) == 1:
        note += f"; beside it is the checkpoint {beside[0]!r}"
    return Location(path, (note,), _file_error(path), "frozen_graph")


def _saved_model(path: str, folder: str, error: tuple[str, str]) -> Location:
    """The variables of the SavedModel in `folder`; of one without any, the constants of its graph."""
    prefix = os.path.join(folder, "variables", "variables")
    if has_index(prefix):
        found = _corrected(path, prefix, "a SavedModel, which has its variables in a checkpoint", error)
        return found._replace(kind="saved_model")
    if any(name.startswith("variables.") for name in names_in(os.path.dirname(prefix))):
        raise UserError("has no .index file, which names the tensors", path=prefix)
    prefix = os.path.join(folder, SAVED_MODEL)
    note = f"{path!r} is a SavedModel without variables; read are the constants of its graph {prefix!r}"
    note += f" (the OD API would raise {error[0]}, and takes neither)"
    return Location(prefix, (note,), error, "saved_model")


def _corrected(path: str, prefix: str, what: str, error: tuple[str, str]) -> Location:
    advice = f"the OD API would raise {error[0]}: write the prefix in the config"
    note = f"{path!r} is {what}; read as {prefix!r} ({advice})"
    return Location(prefix, (note,), error)


def _strip(path: str) -> str:
    """`path` without the ending of a checkpoint's file."""
    for suffix in _SUFFIXES:
        if path.endswith(suffix):
            return path[: -len(suffix)]
    head, mark, tail = path.rpartition(".data-")
    return head if mark and tail.replace("-of-", "").isdecimal() else path


def _missing_error(path: str) -> tuple[str, str]:
    text = f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {path}"
    return ("NotFoundError", text)


def _file_error(path: str) -> tuple[str, str]:
    if path.endswith(".index"):
        return ("OSError", "Checkpoint is expected to be an object-based checkpoint.")
    return ("DataLossError", f"Unable to open table file {path}")


def _in_folder(folder: str) -> Location:
    """The checkpoint that the state file of a folder names, or the only one in it, or a SavedModel or frozen graph."""
    newest = _latest(folder)
    if newest is not None:
        # Listing such a folder follows the state file, restoring does not.
        text = f"Unable to open table file {folder}: FAILED_PRECONDITION: {folder}; Is a directory"
        what = "a folder, whose state file names its newest checkpoint"
        return _corrected(folder, newest, what, ("DataLossError", text))
    error = ("ValueError", f"Couldn't find 'checkpoint' file or checkpoints in given directory {folder}")
    if is_file(os.path.join(folder, SAVED_MODEL)):
        return _saved_model(folder, folder, error)
    found = prefixes(folder)
    if len(found) == 1:
        if is_in_saved_model(found[0]):
            return _corrected(folder, found[0], "the folder of a SavedModel's variables", error)
        return _corrected(folder, found[0], "a folder with one checkpoint", error)
    if found:
        raise UserError(
            "is a folder with several checkpoints", path=folder, hint=f"name one: {listed(found)}"
        )
    files = [os.path.join(folder, name) for name in names_in(folder) if name.endswith((".ckpt", ".pb"))]
    files = [path for path in files if is_single_file(path) or is_graph_file(path)]
    if len(files) == 1 and is_graph_file(files[0]):
        return _frozen_graph(files[0])._replace(error=error)
    if len(files) == 1:
        return _corrected(folder, files[0], "a folder with one checkpoint in one file", error)
    if files:
        raise UserError(
            "is a folder with several files of weights", path=folder, hint=f"name one: {listed(files)}"
        )
    raise UserError("is a folder without a checkpoint", path=folder, hint=near(os.path.join(folder, ""), []))


def _latest(folder: str) -> str | None:
    """The checkpoint that the state file of a folder names, if it is there."""
    named = _state(os.path.join(folder, "checkpoint"))
    if named:
        # A state file that moved with its folder still holds the old path; only the name is right then.
        # One that is elsewhere must not lead to a file here.
        names = (named, os.path.basename(named))
        for candidate in names[1:] if "://" in folder and os.path.isabs(named) else names:
            prefix = os.path.join(folder, candidate)
            if has_index(prefix):
                return prefix
    return None


def _state(path: str) -> str | None:
    """The newest checkpoint by a state file (text of a `CheckpointState`), None without one."""
    try:
        if "://" in path:
            from cfgtool import remote

            lines = remote.read_range(path, 0, 1 << 20).decode("utf-8", "replace").splitlines()
        else:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines = file.read(1 << 20).splitlines()
    except (OSError, UserError):
        return None
    for line in lines:
        name, _, value = line.partition(":")
        value = value.split("#")[0].strip()
        if name.strip() == _STATE_FIELD and len(value) > 2 and value[0] in "\"'":
            return value[1:].split(value[0])[0]
    return None


def _absence(prefix: str) -> str:
    folder, name = os.path.split(prefix)
    if any(other.startswith((f"{name}.data-", f"{name}.meta")) for other in names_in(folder)):
        return "has no .index file, which names the tensors"
    if prefix.endswith(NO_CHECKPOINT):
        return "no such file, and a file of this kind is not a checkpoint"
    return "no such checkpoint"
