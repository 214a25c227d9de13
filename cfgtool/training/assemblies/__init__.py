"""Detectors ready to train or to predict, one class for each meta-architecture."""

from __future__ import annotations

from cfgtool.schema import Config
from cfgtool.training.architecture import architecture
from cfgtool.training.assemblies.base import Assembly, Batch
from cfgtool.training.assemblies.center_net import CenterNetAssembly
from cfgtool.training.assemblies.faster_rcnn import FasterRcnnAssembly
from cfgtool.training.assemblies.ssd import SsdAssembly

__all__ = ["Assembly", "Batch", "build_assembly"]

_OF: dict[str, type[CenterNetAssembly | FasterRcnnAssembly | SsdAssembly]] = {
    "center_net": CenterNetAssembly,
    "faster_rcnn": FasterRcnnAssembly,
    "ssd": SsdAssembly,
}


def build_assembly(
    config: Config, *, seed: int = 0, precision: str = "float32", static_shapes: bool = False
) -> Assembly:
    """The detector of a whole pipeline config, with start weights from `seed`.

    `precision` as `Assembly` says; `static_shapes` is what XLA needs. Raises UserError for what cannot be built or
    honoured.
    """
    make = _OF[architecture(config).kind]
    return make(config, seed=seed, precision=precision, static_shapes=static_shapes)
