"""A network in numbers, as text for people and as JSON for programs: what `cfgtool describe` shows."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Literal

from cfgtool.networks.accounting import account, optimizer_slots, training_memory
from cfgtool.networks.anchor_counts import anchors_per_location
from cfgtool.networks.description import UNVERIFIED
from cfgtool.networks.freezing import frozen_variables
from cfgtool.networks.modules import Module, folded_modules, module_tree, whole_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.shapes import Shape
    from cfgtool.schema import Config


class Summary:
    """The network of a whole pipeline config, counted; `size` [height, width] and `batch` take the place of
    the config's, `keypoints` are those of `describe`. Raises UserError as `describe` does.
    """

    __slots__ = ("account", "anchors_per_map", "batch", "frozen", "memory", "optimizer", "slots")

    def __init__(
        self,
        config: Config,
        generation: Literal["auto", "tf1", "tf2"],
        size: tuple[int, int] | None,
        batch: int | None,
        keypoints: Mapping[str, int] | None = None,
    ) -> None:
        train = config.message("train_config")
        optimizer = train.message("optimizer")
        self.account = account(config, generation, size, keypoints)
        network = self.account.network
        self.frozen = frozen_variables(train, network.variables)
        self.batch = train.integer("batch_size") if batch is None else batch
        self.optimizer = optimizer.which("optimizer")
        self.slots = optimizer_slots(optimizer)
        self.memory = training_memory(network, self.batch, self.slots, self.frozen)
        self.anchors_per_map = _anchors_per_map(config, network)


def _anchors_per_map(config: Config, network: NetworkDescription) -> list[int] | None:
    """Anchors of each feature map; None where the network does not have them on all of these maps."""
    if network.meta_architecture != "ssd":
        return None
    per_location = anchors_per_location(config.find("model.ssd.anchor_generator"))
    if len(per_location) != len(network.feature_maps):
        return None
    counts = [
        count * prod(shape[:2]) for count, shape in zip(per_location, network.feature_maps, strict=True)
    ]
    return counts if sum(counts) == network.anchors else None


def summary_as_json(summary: Summary, depth: int | None = None) -> dict[str, object]:
    """The summary as `describe --format json` promises it; modules under their whole names, to `depth`."""
    network, memory = summary.account.network, summary.memory
    total = whole_module(summary.account, summary.frozen)._asdict()
    for unasked in ("name", "level", "outputs"):
        del total[unasked]
    return {
        "meta_architecture": network.meta_architecture,
        "feature_extractor": network.feature_extractor,
        "generation": network.generation,
        "verified": network.verified,
        "input_shape": network.input_shape,
        "modules": [module._asdict() for module in module_tree(summary.account, summary.frozen, depth)],
        "totals": {"variables": len(network.variables), **total},
        "feature_maps": network.feature_maps,
        "anchors": network.anchors,
        "anchors_per_map": summary.anchors_per_map,
        "training": {
            "batch": summary.batch,
            "optimizer": summary.optimizer,
            "optimizer_slots": summary.slots,
            "bytes": {**memory._asdict(), "total": memory.total},
        },
    }


def summary_as_text(summary: Summary, depth: int = 2) -> Iterator[str]:
    """A tree of modules to `depth` levels, like neighbours in one line, then maps, anchors and memory."""
    network = summary.account.network
    shape = "x".join(map(str, network.input_shape))
    yield (
        f"{network.feature_extractor} ({network.meta_architecture}, {network.generation.upper()}),"
        f" an image of {shape}"
    )
    if not network.verified:
        yield UNVERIFIED
    yield ""
    modules = list(folded_modules(summary.account, summary.frozen, depth))
    yield from _table([*modules, whole_module(summary.account, summary.frozen)])
    yield ""
    yield f"feature maps  {'  '.join(map(_shape, network.feature_maps))}"
    if network.anchors:
        each = " + ".join(f"{count:,}" for count in summary.anchors_per_map or ())
        yield f"anchors       {network.anchors:,}" + (f" = {each}" if each else "")
    first, second = _memory(summary)
    yield f"training      {first}"
    yield f"{'':14}{second}"


def _table(modules: Sequence[Module]) -> Iterator[str]:
    """The modules with their costs; the last one is the sum."""
    frozen = any(module.frozen_parameters for module in modules)
    heads = ["module", "parameters", "trained", "frozen", "multiply-adds", "activations", "output"]
    rows = [heads]
    rows += (
        [
            "  " * module.level + module.name,
            f"{module.parameters:,}",
            _number(module.trained_parameters),
            _number(module.frozen_parameters),
            _millions(module.multiply_adds),
            _bytes(module.activation_bytes),
            _outputs(module.outputs),
        ]
        for module in modules
    )
    rows[-1][-1] = ""
    if not frozen:
        rows = [[*row[:3], *row[4:]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{row[0]:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        yield "  ".join([*cells, row[-1]]).rstrip()


def _memory(summary: Summary) -> Iterator[str]:
    """The memory of a training step: the sum, and what it is made of."""
    memory = summary.memory
    kind = (summary.optimizer or "no_optimizer").removesuffix("_optimizer").replace("_", " ")
    each = _bytes(summary.account.network.activation_bytes)
    yield f"batch of {summary.batch}, about {_bytes(memory.total)}: weights {_bytes(memory.weights)}"
    yield (
        f"  + gradients {_bytes(memory.gradients)} + optimizer {_bytes(memory.slots)} ({kind})"
        f" + activations {summary.batch} x {each}"
    )


def _number(value: int) -> str:
    return f"{value:,}" if value else "-"


def _millions(count: int) -> str:
    return f"{count / 1e6:,.1f} M" if count else "-"


def _bytes(size: int) -> str:
    """A size in KiB, MiB or GiB."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1024:,.1f} KiB" if size else "-"


def _shape(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "1"


def _outputs(outputs: Sequence[Shape]) -> str:
    """The first shape, and how many more there are."""
    if not outputs:
        return ""
    return _shape(outputs[0]) + (f" +{len(outputs) - 1}" if len(outputs) > 1 else "")
