"""ResNet V1 (He et al. 2015, arXiv:1512.03385) of bottleneck units: 50, 101 and 152 layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.blocks import normalize
from cfgtool.networks.hyperparams import Generation, Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import BatchNorm, Ops, Padding, Weights
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Units of the blocks 1 to 4, by the number of layers (conv2_x to conv5_x in table 1 of the paper)."""

_STEM = 64
_EXPANSION = 4
"""How much wider a unit's output is than the convolutions inside."""

_NUMBERED = ((1, "conv"), (1, "bn"), (2, "conv"), (2, "bn"), (0, "conv"), (3, "conv"), (0, "bn"), (3, "bn"))
"""The layers of a unit in the order in which a Keras functional model numbers them, 0 being the shortcut."""


class ResNetV1(NamedTuple):
    """A network of `size` layers as `generation` builds it.

    `hyper` holds for the convolutions, `output` is the activation after each unit's sum. The generations
    apply `depth_multiplier` and `min_depth` to other widths. `pooling` is the padding of the pooling after the
    first convolution.
    """

    size: int
    hyper: Hyperparams
    output: str
    generation: Generation
    depth_multiplier: float = 1.0
    min_depth: int = 8
    pooling: Padding = "SAME"

    @property
    def scope(self) -> str:
        """The TF1 scope of the whole network."""
        return f"resnet_v1_{self.size}"

    @property
    def stem_width(self) -> int:
        """Filters of the first convolution, which slim never changes."""
        return _STEM if self.generation == "tf1" else self._width(_STEM)

    def unit_widths(self, block: int) -> tuple[int, int]:
        """Filters inside the units of a block, and of their outputs."""
        base = _STEM << (block - 1)
        inside = self._width(base)
        if self.generation == "tf1":
            return inside, _EXPANSION * inside
        return inside, self._width(_EXPANSION * base)

    def _width(self, filters: int) -> int:
        width = max(int(filters * self.depth_multiplier), self.min_depth)
        if width < 1:
            raise UserError(
                f"depth_multiplier {self.depth_multiplier:g} leaves a convolution {width} of {filters} filters",
                hint="raise depth_multiplier or min_depth",
            )
        return width


class _Layer(NamedTuple):
    """The places of a convolution and of its batch norm."""

    conv: Names
    norm: Names | None


def size_in(type_: str) -> int:
    """The number of layers that the name of a feature extractor type states after `resnet`."""
    return next(size for size in UNITS if f"resnet{size}" in type_)


def own_hyper(generation: Generation, *, decay: float = 0.0001, train: bool = True) -> Hyperparams:
    """The settings of the network where no config overrides them; `decay` is its weight decay, `train` says
    whether batch norms normalise by the batch in training.
    """
    slim = generation == "tf1"
    # Both write the same number. Slim means half the sum of squares by it, Keras the whole sum.
    weights = Weights(
        Initializer("variance_scaling", factor=2.0 if slim else 1.0), l2=decay if slim else 2.0 * decay
    )
    return Hyperparams(weights, BatchNorm(decay=0.997, epsilon=1e-5, train=train), "relu", bias=False)


def overridden(hyper: Hyperparams, generation: Generation) -> tuple[Hyperparams, str]:
    """What a config's `hyper` makes of the network: its settings, and the activation after each sum.

    Keras follows the config, but for a bias. Slim hands normalisation settings of its own to every
    convolution, and has the ReLU after the sum written out in the unit.
    """
    if generation == "tf2":
        return hyper._replace(bias=False), hyper.activation
    norm = hyper.norm
    if norm is not None:
        norm = norm._replace(decay=0.997, epsilon=1e-5, scale=True)
    return hyper._replace(norm=norm), "relu"


def override_differences(hyper: Hyperparams) -> Iterator[str]:
    """How the two generations' networks differ under an override with the settings `hyper`: see `Ops.differs`."""
    (slim, slim_output), (keras, keras_output) = overridden(hyper, "tf1"), overridden(hyper, "tf2")
    if slim.norm and keras.norm and slim.norm.epsilon != keras.norm.epsilon:
        configured = f"{keras.norm.epsilon:g} from conv_hyperparams in TF2"
        yield f"the backbone's batch norms have an epsilon of {slim.norm.epsilon:g} in TF1, and {configured}"
    if slim_output != keras_output:
        configured = f"{keras_output} from conv_hyperparams in TF2"
        yield f"the activation after each of the backbone's sums is {slim_output} in TF1, and {configured}"


def resnet_v1(ops: Ops[T], image: T, scope: Names, network: ResNetV1) -> list[T]:
    """The outputs of the blocks 1 to 4, strides 4, 8, 16 and 32 against the image.

    Strides are at the start of a block. Slim has them behind it where the outputs are looked at, which
    computes the same.
    """
    layers = Layers(scope, functional=True)
    x = stem(ops, image, layers, network)
    maps: list[T] = []
    for number in range(1, 5):
        x = block(ops, x, layers, number, network, entry=1 if number == 1 else 2)
        maps.append(x)
    return maps


def stem(ops: Ops[T], image: T, layers: Layers, network: ResNetV1) -> T:
    """The first convolution and the pooling after it, stride 4 in all."""
    conv = layers.next("stem", keras="conv1_conv", tf1="conv1")
    norm = None
    if network.hyper.norm is not None:
        norm = layers.next("stem/batch_norm", keras="conv1_bn", tf1="conv1/BatchNorm")
    x = _conv(ops, image, _Layer(conv, norm), network.hyper, network.stem_width, 7, stride=2, padding="FIXED")
    x = ops.activation(x, network.hyper.activation)
    return ops.max_pool(x, 3, stride=2, padding=network.pooling)


def block(
    ops: Ops[T],
    x: T,
    layers: Layers,
    number: int,
    network: ResNetV1,
    *,
    entry: int = 1,
    leave: int = 1,
    dilation: int = 1,
) -> T:
    """Block `number` (1 to 4): `entry` is the stride of its first unit's 1x1 convolutions, `leave` that of its
    last unit's 3x3 convolution, `dilation` the rate of all 3x3 convolutions.
    """
    count = UNITS[network.size][number - 1]
    for unit in range(1, count + 1):
        strides = (entry if unit == 1 else 1, leave if unit == count else 1)
        x = _unit(ops, x, layers, (number, unit), network, strides, dilation)
    return x


def _unit(
    ops: Ops[T],
    x: T,
    layers: Layers,
    place: tuple[int, int],
    network: ResNetV1,
    strides: tuple[int, int],
    dilation: int,
) -> T:
    """The bottleneck unit `place` (block and number); `strides` are those of its 1x1 and 3x3 convolution."""
    hyper = network.hyper
    entry, leave = strides
    inside, outside = network.unit_widths(place[0])
    # Keras projects at the start of every block, slim wherever the widths differ.
    starts = network.generation == "tf2" and place[1] == 1
    projects = starts or ops.shape(x)[3] != outside
    layer = _unit_layers(layers, place, projects=projects, normalized=hyper.norm is not None)
    if projects:
        shortcut = _conv(ops, x, layer[0], hyper, outside, 1, stride=entry * leave)
    else:
        shortcut = x if entry * leave == 1 else ops.max_pool(x, 1, stride=entry * leave)
    y = ops.activation(_conv(ops, x, layer[1], hyper, inside, 1, stride=entry), hyper.activation)
    padding: Padding = "SAME" if leave == 1 else "FIXED"
    y = _conv(ops, y, layer[2], hyper, inside, 3, stride=leave, padding=padding, dilation=dilation)
    y = ops.activation(y, hyper.activation)
    y = _conv(ops, y, layer[3], hyper, outside, 1)
    return ops.activation(ops.add(shortcut, y), network.output)


def _unit_layers(
    layers: Layers, place: tuple[int, int], *, projects: bool, normalized: bool
) -> dict[int, _Layer]:
    """The layers of a unit: 0 the shortcut, 1 to 3 the convolutions."""
    block_, unit = place
    found: dict[tuple[int, str], Names] = {}
    for number, kind in _NUMBERED:
        if (number == 0 and not projects) or (kind == "bn" and not normalized):
            continue
        name = f"block_{block_}/unit_{unit}/{f'conv_{number}' if number else 'shortcut'}"
        tf1 = f"block{block_}/unit_{unit}/bottleneck_v1/{f'conv{number}' if number else 'shortcut'}"
        found[number, kind] = layers.next(
            f"{name}/batch_norm" if kind == "bn" else name,
            keras=f"conv{block_ + 1}_block{unit}_{number}_{kind}",
            tf1=f"{tf1}/BatchNorm" if kind == "bn" else tf1,
        )
    return {
        number: _Layer(conv, found.get((number, "bn")))
        for (number, kind), conv in found.items()
        if kind == "conv"
    }


def _conv(
    ops: Ops[T],
    x: T,
    layer: _Layer,
    hyper: Hyperparams,
    filters: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: Padding = "SAME",
    dilation: int = 1,
) -> T:
    """A convolution and its normalisation."""
    x = ops.conv(
        x,
        layer.conv,
        filters,
        kernel,
        weights=hyper.weights,
        bias=hyper.bias_start,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    return x if layer.norm is None else normalize(ops, x, layer.norm, hyper.norm)
