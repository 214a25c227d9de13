"""The paths that a config names: which fields hold them, and the files that they mean."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lint.context import is_placeholder, remapped
from cfgtool.lsp.places import Step, scalars
from cfgtool.textproto import Scalar, string_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from cfgtool.lsp.opened import Opened

    Kind = Literal["label map", "checkpoint", "records", "folder"]

_KINDS: dict[str, Kind] = {
    "label_map_path": "label map",
    "keypoint_label_map_path": "label map",
    "fine_tune_checkpoint": "checkpoint",
    "input_path": "records",
    "export_path": "folder",
    "visualization_export_dir": "folder",
}
_MOST_FILES = 1000


class PathValue(NamedTuple):
    """A path in the text: its kind, its value, and the span between the quotes."""

    kind: Kind
    value: str
    start: int
    end: int


def path_kind(field: str) -> Kind | None:
    """What the path in the field of that name leads to; None for a field that holds no path."""
    return _KINDS.get(field)


def path_of_step(opened: Opened, step: Step) -> PathValue | None:
    """The path that a field's value is; None for another field, and for a path that cannot be on this
    machine.
    """
    kind = path_kind(step.field.name)
    node = step.node
    if kind is None or step.type is None or not isinstance(node, Scalar) or node.kind != "string":
        return None
    value = string_value(opened.document, node).decode("utf-8", "surrogateescape")
    if is_placeholder(value) or "://" in value or min(value) < " ":
        return None
    # The end of a string without a closing quote is the end of its text.
    closed = node.end - node.start > 1 and opened.text[node.end - 1] == opened.text[node.start]
    return PathValue(kind, value, node.start + 1, node.end - closed)


def paths(opened: Opened) -> Iterator[PathValue]:
    """Every path of the text."""
    for step in scalars(opened.document, opened.root):
        path = path_of_step(opened, step)
        if path is not None:
            yield path


def folders(opened: Opened) -> list[str]:
    """Where relative paths start: the current folder, as in training, then that of the config."""
    beside = os.path.dirname(opened.path) if opened.path else ""
    return ["", beside] if beside else [""]


def files(opened: Opened, path: PathValue) -> list[str]:
    """The files that a path means, sorted, at most a thousand: of a checkpoint its index, of a pattern all
    that match. Empty if there are none.
    """
    name = remapped(path.value, opened.settings.remaps)
    for folder in folders(opened):
        found = _files_in(os.path.join(folder, name), path.kind)
        if found:
            return found[:_MOST_FILES]
    return []


def _files_in(name: str, kind: Kind) -> list[str]:
    if kind == "checkpoint":
        candidates = [f"{name}.index", name]
        return next(([path] for path in candidates if os.path.isfile(path)), [])
    if kind == "records":
        from cfgtool.data.paths import expand_pattern

        return [path for path in expand_pattern(name) if os.path.isfile(path)]
    return [name] if os.path.isfile(name) else []
