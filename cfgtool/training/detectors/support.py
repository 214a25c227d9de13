"""What the model of a config asks for and is refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.training.architecture import architecture
from cfgtool.training.detectors import ssd_support
from cfgtool.training.detectors.center_net import support as center_net_support
from cfgtool.training.detectors.faster_rcnn import support as faster_rcnn_support

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfgtool.schema import Config

_OF: dict[str, Callable[[Config], list[str]]] = {
    "center_net": center_net_support.untrainable,
    "faster_rcnn": faster_rcnn_support.unsupported,
    "ssd": ssd_support.unsupported,
}


def unsupported(config: Config) -> list[str]:
    """What a pipeline config's model asks for that is not done here: one sentence each, with the path of the field."""
    kind, message = architecture(config)
    return _OF[kind](message)
