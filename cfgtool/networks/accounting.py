"""What a network costs, layer by layer: parameters, multiply-adds, activations, and the memory of training.

Kept apart from the dry run, which every command pays for: only who asks for a layer's costs counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cfgtool.networks.description import NetworkDescription, describe
from cfgtool.networks.shapes import Shape, ShapeOps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from cfgtool.networks.names import Names
    from cfgtool.networks.ops import Weights
    from cfgtool.networks.variables import Initializer, Variable
    from cfgtool.schema import Config

_BYTES = 4  # of a float32
INPUT = "input"
"""The layer that operations belong to which come before any other."""
CROPS = "crops"
"""The layer that cuts the boxes out of the feature maps."""


class Layer(NamedTuple):
    """The costs of one layer and of the operations without a name that follow it, for one image.

    `multiply_adds` of convolutions; `activation_bytes`, float32, of all that the operations return; `outputs`
    the shapes [height, width, channels] that left it, one for each time that it was used, with the number of
    boxes in front where each box has one. The greater `last_use`, the later it was used for the last time.
    """

    name: str
    variables: tuple[Variable, ...]
    multiply_adds: int
    activation_bytes: int
    outputs: tuple[Shape, ...]
    last_use: int


class Account(NamedTuple):
    """A network and its layers in the order of first use; the layers' costs sum up to the network's."""

    network: NetworkDescription
    layers: tuple[Layer, ...]


class TrainingMemory(NamedTuple):
    """Bytes that a training step holds at once; what the framework needs itself comes on top."""

    weights: int
    gradients: int
    slots: int
    activations: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)

    @property
    def fixed(self) -> int:
        """What does not grow with the batch."""
        return self.total - self.activations


class CostOps(ShapeOps):
    """`ShapeOps`, for one image, that remembers which layer counted what; `settle` after the run completes
    `costs`, by name in the order of last use, and `entered` has the names in the order of first use.

    An operation without a layer of its own (an activation, an addition) belongs to the layer before it; what
    crops boxes begins a layer `CROPS`.
    """

    __slots__ = ("_base", "_bytes_seen", "_current", "_shape", "_sums_seen", "costs", "entered")

    def __init__(self, *, training: bool = False) -> None:
        super().__init__(training=training)
        self.costs: dict[str, tuple[int, int, tuple[Shape, ...]]] = {}
        self.entered: dict[str, None] = {}
        self._base: dict[str, int] = {}
        self._current = INPUT
        self._shape: Shape | None = None
        self._sums_seen = self._bytes_seen = 0

    def settle(self) -> None:
        """Charge what was counted since the last time to the current layer."""
        if self.multiply_adds == self._sums_seen and self.activation_bytes == self._bytes_seen:
            return
        self.entered.setdefault(self._current)
        # Put back at the end: the order is that of the last use.
        sums, size, outputs = self.costs.pop(self._current, (0, 0, ()))
        self.costs[self._current] = (
            sums + self.multiply_adds - self._sums_seen,
            size + self.activation_bytes - self._bytes_seen,
            outputs if self._shape is None else (*outputs, self._shape[1 if self._shape[0] == 1 else 0 :]),
        )
        self._sums_seen, self._bytes_seen = self.multiply_adds, self.activation_bytes
        self._shape = None

    def fork(self) -> CostOps:
        """See `ShapeOps.fork`."""
        self.settle()
        fork = CostOps(training=self.training)
        fork._current = self._current
        fork._base = {name: sums for name, (sums, _, _) in self.costs.items()}
        return fork

    def join(self, fork: ShapeOps, before: int) -> None:
        """See `ShapeOps.join`."""
        self.settle()
        if isinstance(fork, CostOps):
            fork.settle()
            for name, (sums, _, _) in fork.costs.items():
                _, size, outputs = self.costs[name]
                self.costs[name] = (fork._base.get(name, 0) + sums, size, outputs)
        super().join(fork, before)
        self._sums_seen = self.multiply_adds

    def crop_and_resize(
        self,
        maps: Sequence[Shape],
        boxes: Shape,
        size: tuple[int, int],
        *,
        image: Shape,
        fade: bool = False,
    ) -> Shape:
        """See `RegionOps.crop_and_resize`."""
        self._enter(CROPS)
        return super().crop_and_resize(maps, boxes, size, image=image, fade=fade)

    def _enter(self, name: str) -> None:
        """Go on to another layer; what was counted until now is the current one's."""
        self.settle()
        self._current = name
        self.entered.setdefault(name)

    def _made(self, shape: Shape) -> Shape:
        self._shape = shape
        return super()._made(shape)

    def _record(
        self,
        layer: Names,
        leaf: str,
        shape: Shape,
        initializer: Initializer,
        weights: Weights,
        *,
        trainable: bool,
    ) -> None:
        # The first variable of a layer comes when all operations before it have counted.
        self._enter(layer.name)
        super()._record(layer, leaf, shape, initializer, weights, trainable=trainable)


def account(
    config: Config,
    generation: Literal["auto", "tf1", "tf2"] = "auto",
    size: tuple[int, int] | None = None,
    keypoints: Mapping[str, int] | None = None,
) -> Account:
    """The network of a whole pipeline config with the costs of its layers; arguments and errors as of
    `describe`.
    """
    ops = CostOps()
    network = describe(config, generation, keypoints=keypoints, size=size, ops=ops)
    ops.settle()
    variables: dict[str, list[Variable]] = {}
    for variable in network.variables:
        variables.setdefault(variable.name.rpartition("/")[0], []).append(variable)
    rank = {name: number for number, name in enumerate(ops.costs)}
    layers = tuple(
        Layer(name, tuple(variables.get(name, ())), *ops.costs.get(name, (0, 0, ())), rank.get(name, -1))
        for name in _in_order(list(variables), list(ops.entered))
    )
    return Account(network, layers)


def _in_order(named: list[str], entered: list[str]) -> list[str]:
    """The layers that have variables, and before what follows on them those that have none."""
    known = set(named)
    for place, name in enumerate(entered):
        if name not in known:
            after = next((other for other in entered[place + 1 :] if other in known), None)
            named.insert(len(named) if after is None else named.index(after), name)
    return named


def training_memory(
    network: NetworkDescription, batch: int, slots: int = 1, frozen: Set[str] = frozenset()
) -> TrainingMemory:
    """The memory of a training step on `batch` images, all in float32.

    Every weight is held; a trained one (trainable, its name not in `frozen`) also has a gradient and `slots`
    values of the optimizer; the output of every operation is kept for each image until the way back.
    """
    trained = sum(
        variable.size for variable in network.variables if variable.trainable and variable.name not in frozen
    )
    return TrainingMemory(
        _BYTES * network.parameters,
        _BYTES * trained,
        _BYTES * slots * trained,
        batch * network.activation_bytes,
    )


def optimizer_slots(config: Config) -> int:
    """Values that an optimizer holds for each trained weight; `config` is the `Optimizer` message.

    One for momentum, two for Adam, one or two for RMSProp (without or with momentum), one more for the moving
    average, none for an empty message.
    """
    kind = config.which("optimizer")
    if kind is None:
        return 0
    average = int(config.flag("use_moving_average"))
    if kind == "rms_prop_optimizer":
        return 1 + bool(config.message(kind).number("momentum_optimizer_value")) + average
    return (2 if kind == "adam_optimizer" else 1) + average
