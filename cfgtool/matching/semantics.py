"""What each restore type asks for, and under which names: the tables of both generations.

They say what the OD API does: `restore_from_objects` of a TF2 meta-architecture, `restore_map` of a TF1 one.
A row is a pair of prefixes: of a variable's name in the network, and of its name in the checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.networks.variables import Variable

Rows = tuple[tuple[str, str], ...]

_SSD = "model/_feature_extractor/"
_TF2: dict[str, dict[str, Rows]] = {
    "ssd": {
        "full": (("model/", "model/"),),
        "detection": ((_SSD, _SSD),),
        "classification": (
            (f"{_SSD}classification_backbone/", "feature_extractor/"),
            (f"{_SSD}_efficientnet/", "feature_extractor/"),
        ),
    },
}
_TF1: dict[str, dict[str, Rows]] = {
    "ssd": {
        "detection": (("FeatureExtractor/", "FeatureExtractor/"),),
        "classification": (("FeatureExtractor/", ""),),
    },
}
_EVERYTHING: Rows = (("", ""),)


class Request:
    """What a restore type asks for in a network of one generation, from a checkpoint of one format.

    `load_all` is TF1's `load_all_detection_checkpoint_vars`: with `detection` it asks for everything.
    Raises UserError for a meta-architecture that is not described.
    """

    __slots__ = ("_foreign", "_own_rows", "_rows", "_tf2")

    def __init__(
        self, architecture: str, restore_type: str, generation: str, format_: str, load_all: bool
    ) -> None:
        self._tf2 = generation == "tf2"
        self._own_rows = _rows(architecture, generation, restore_type, load_all)
        self._foreign = (format_ == "tf2-object") != self._tf2
        self._rows = self._own_rows
        if self._foreign:
            other = "tf1" if self._tf2 else "tf2"
            # Only the names of a classification checkpoint differ from those of the network.
            as_is = restore_type != "classification"
            self._rows = _EVERYTHING if as_is else _rows(architecture, other, restore_type, load_all)

    def wants(self, variable: Variable) -> bool:
        """True if the restore type covers the variable."""
        name = variable.tf2_key if self._tf2 else variable.tf1_name
        return name is not None and _renamed(name, self._own_rows) is not None

    def key(self, variable: Variable) -> str | None:
        """The key to look for in the checkpoint, None if such a checkpoint cannot hold the variable."""
        name = variable.tf2_key if self._tf2 != self._foreign else variable.tf1_name
        return None if name is None else _renamed(name, self._rows)


def restore_types(architecture: str, generation: str) -> tuple[str, ...]:
    """The restore types that the OD API knows for a meta-architecture; none for one not described."""
    return tuple((_TF2 if generation == "tf2" else _TF1).get(architecture, ()))


def _rows(architecture: str, generation: str, restore_type: str, load_all: bool) -> Rows:
    types = (_TF2 if generation == "tf2" else _TF1)[architecture]
    if load_all and generation == "tf1" and restore_type == "detection":
        return _EVERYTHING
    return types[restore_type]


def check_described(architecture: str, generation: str) -> None:
    """Raise UserError for a meta-architecture whose restore types are not in the tables."""
    if not restore_types(architecture, generation):
        message = f"restoring into {architecture!r} is not described for {generation.upper()}"
        raise UserError(message, hint=f"described are {', '.join(_TF2)}")


def _renamed(name: str, rows: Rows) -> str | None:
    for prefix, replacement in rows:
        if name.startswith(prefix):
            return replacement + name[len(prefix) :]
    return None
