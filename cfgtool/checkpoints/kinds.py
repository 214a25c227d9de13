"""Which kind of checkpoint a file is, by its first or last bytes."""

from __future__ import annotations

import os
from typing import BinaryIO

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.table import MAGIC
from cfgtool.checkpoints.wire import varint
from cfgtool.errors import UserError
from cfgtool.files import is_file

SAVED_MODEL = "saved_model.pb"
"""The file of every SavedModel."""

_HEAD = 1 << 12


def is_single_file(path: str) -> bool:
    """True for a file that ends like a table: a checkpoint of the V1 format."""
    try:
        with _opened(path) as file:
            if file.seek(0, os.SEEK_END) < len(MAGIC):
                return False
            file.seek(-len(MAGIC), os.SEEK_END)
            return file.read() == MAGIC
    except (OSError, UserError):
        return False


def is_graph_file(path: str) -> bool:
    """True for a graph, or a SavedModel, whose graph may have constants for variables."""
    if os.path.basename(path) == SAVED_MODEL:
        return is_file(path)
    try:
        with _opened(path) as file:
            return _starts_like_graph(file.read(_HEAD))
    except (OSError, UserError):
        return False


def _opened(path: str) -> BinaryIO:
    if "://" in path:
        from cfgtool import remote

        return remote.open_file(path)
    return open(path, "rb")


def _starts_like_graph(head: bytes) -> bool:
    """True if a node comes first that has a name and an operation (`GraphDef`)."""
    try:
        _, node = varint(head, 1)
        length, name = varint(head, node + 1)
    except DamageError:
        return False
    end = name + length
    return head[0] == head[node] == 0x0A and head[end : end + 1] == b"\x12"


def is_in_saved_model(prefix: str) -> bool:
    """True for the prefix of the variables of a SavedModel."""
    folder, name = os.path.split(prefix)
    return (
        name == "variables"
        and os.path.basename(folder) == "variables"
        and is_file(os.path.join(os.path.dirname(folder), SAVED_MODEL))
    )
