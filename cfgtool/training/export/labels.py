"""The classes of a detector by name: found through the config, written beside a model, read again for pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cfgtool.data.expected import num_classes
from cfgtool.data.label_map import LabelMap, read_label_map
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

LABEL_MAP = "label_map.pbtxt"
LABELS = "labels.txt"
UNNAMED = "???"
"""What the labels file of a TFLite model has for an id without a class."""


def configured_label_map(config: Config) -> str | None:
    """The label map of the first reader that names one, evaluation first; None without any."""
    readers = [*config.messages("eval_input_reader"), config.message("train_input_reader")]
    return next((path for path in (reader.text("label_map_path") for reader in readers) if path), None)


def find_label_map(config: Config, named: str | None) -> tuple[LabelMap | None, tuple[str, ...]]:
    """The label map `named`, or that of the config, and what is to be said about it.

    An exporting machine need not have what the config names: then classes have no names. Raises UserError if `named`
    is not there, for a label map with mistakes, and for one with ids that the network does not have.
    """
    path = named or configured_label_map(config)
    if path is None:
        return None, ("no label map is configured; classes have numbers",)
    if named is None and not os.path.isfile(path):
        return None, (
            f"the label map {path!r} is not there; classes have numbers (--label-map names another)",
        )
    label_map = read_label_map(path)
    classes = num_classes(config) or 0
    if label_map.max_id > classes:
        raise UserError(
            f"the label map has id {label_map.max_id}, but num_classes is {classes}",
            path=path,
            hint="give the label map that the network was trained with by --label-map",
        )
    return label_map, ()


def label_lines(label_map: LabelMap | None, classes: int) -> str:
    """One name a line, line k for class k of a TFLite model, which is id k + 1."""
    names = label_map.titles() if label_map is not None else {}
    return "".join(f"{names.get(number, UNNAMED)}\n" for number in range(1, classes + 1))


def read_names(path: Path) -> dict[int, str]:
    """Class id, from 1, -> name, of a label map or a labels file. Raises UserError if it cannot be read."""
    if path.suffix == ".txt":
        lines = _text(path).splitlines()
        return {number: name for number, name in enumerate(lines, 1) if name and name != UNNAMED}
    return read_label_map(str(path)).titles()


def names_beside(folder: Path) -> dict[int, str]:
    """The names of the label map or the labels file in `folder`; none without one."""
    for name in (LABEL_MAP, LABELS):
        if (folder / name).is_file():
            return read_names(folder / name)
    return {}


def _text(path: Path) -> str:
    from cfgtool.files import read_text

    return read_text(str(path))
