"""Which meta-architecture a pipeline config chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

TRAINED = ("ssd", "faster_rcnn", "center_net")
"""The meta-architectures that a run can work on."""


class Architecture(NamedTuple):
    """`kind` is one of `TRAINED`, `message` what it is configured by, `model.<kind>`."""

    kind: str
    message: Config


def architecture(config: Config) -> Architecture:
    """That of a pipeline config. Raises UserError for one that is not trained here."""
    model = config.message("model")
    kind = model.which("model")
    if kind not in TRAINED:
        what = f"meta-architecture {kind!r} is not supported" if kind else "the config has no model"
        raise UserError(what, hint=f"choose one of {', '.join(TRAINED)}")
    return Architecture(kind, model.message(kind))
