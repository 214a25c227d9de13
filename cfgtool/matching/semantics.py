"""What each restore type asks for, per meta-architecture and generation, and under which names.

The tables say what the OD API does (`restore_from_objects` in TF2, `restore_map` in TF1).
"""

from __future__ import annotations

from cfgtool.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cfgtool.networks.variables import Variable

_TF1_EXTRACTOR = "FeatureExtractor/"
_TF2_EXTRACTOR = "model/_feature_extractor/"
_TF2_BACKBONE = _TF2_EXTRACTOR + "classification_backbone/"


class Request:
    """One restore type: which variables it asks for (`wants`) and how checkpoints name them (`tf2_key`, `tf1_name`).

    The two naming functions give None for a variable that such a checkpoint cannot hold.
    """

    __slots__ = ("tf1_name", "tf2_key", "wants")

    def __init__(
        self,
        wants: Callable[[Variable], bool],
        tf2_key: Callable[[Variable], str | None],
        tf1_name: Callable[[Variable], str | None],
    ) -> None:
        self.wants = wants
        self.tf2_key = tf2_key
        self.tf1_name = tf1_name


def _everything(variable: Variable) -> bool:  # noqa: ARG001
    return True


def _extractor(variable: Variable) -> bool:
    return not variable.name.startswith("head/")


def _backbone(variable: Variable) -> bool:
    return variable.name.startswith("backbone/")


def _plain_key(variable: Variable) -> str | None:
    return variable.tf2_key


def _plain_name(variable: Variable) -> str | None:
    return variable.tf1_name


def _classification_key(variable: Variable) -> str | None:
    """The backbone alone is saved under another root."""
    key = variable.tf2_key
    return "feature_extractor/" + key.removeprefix(_TF2_BACKBONE) if key and key.startswith(_TF2_BACKBONE) else None


def _classification_name(variable: Variable) -> str | None:
    """A classifier's variables have no scope of the detector around them."""
    name = variable.tf1_name
    return name.removeprefix(_TF1_EXTRACTOR) if name and name.startswith(_TF1_EXTRACTOR) else None


_FULL = Request(_everything, _plain_key, _plain_name)
_DETECTION = Request(_extractor, _plain_key, _plain_name)

_REQUESTS: dict[tuple[str, str], dict[str, Request]] = {
    ("ssd", "tf2"): {
        "full": _FULL,
        "detection": _DETECTION,
        "classification": Request(_backbone, _classification_key, _classification_name),
    },
    ("ssd", "tf1"): {
        "detection": _DETECTION,
        # In TF1 the map holds the extra and pyramid layers too, which no classifier has.
        "classification": Request(_extractor, _classification_key, _classification_name),
    },
}
"""(meta-architecture, generation) -> restore type -> what it asks for."""


def restore_types(meta_architecture: str, generation: str) -> list[str]:
    """The restore types that the OD API knows there."""
    return list(_REQUESTS.get((meta_architecture, generation), {}))


def request(meta_architecture: str, generation: str, restore_type: str, *, load_all: bool = False) -> Request:
    """What a restore type asks for.

    `load_all` is TF1's `load_all_detection_checkpoint_vars`: with `detection` it asks for everything. Raises UserError for
    types that the OD API refuses there.
    """
    known = _REQUESTS.get((meta_architecture, generation))
    if known is None:
        raise UserError(f"restoring into {meta_architecture!r} is not described yet", hint="described is 'ssd'")
    if restore_type not in known:
        raise UserError(refusal(generation, restore_type), hint=f"use one of {', '.join(known)}")
    if load_all and generation == "tf1" and restore_type == "detection":
        return _FULL
    return known[restore_type]


def refusal(generation: str, restore_type: str) -> str:
    """What is wrong with a restore type that the generation does not know."""
    trainer = "TF1" if generation == "tf1" else "TF2"
    return f"fine_tune_checkpoint_type {restore_type!r} is not one that the OD API's {trainer} trainer knows (ValueError)"
