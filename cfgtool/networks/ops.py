"""The operations that networks are written in, generic in the value that flows through them.

A network is a plain function over `Ops`. With `shapes.ShapeOps` values are shapes and the variables are
listed; with `cfgtool.training.tensors.TensorOps` values are tensors and the network computes. Images are
`[batch, height, width, channels]`. A layer that is called again under the same name uses the same
variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

from cfgtool.networks.names import Names
from cfgtool.networks.region_ops import RegionOps
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

Padding = Literal["SAME", "VALID", "FIXED"]
"""FIXED: (kernel - 1) // 2 zeros before and the rest after, whatever the size of the input; the OD API's
`use_explicit_padding`.
"""

Fusion = Literal["weighted_sum", "attention", "fast_attention"]
"""How the numbers of a weighted sum are normalised: not at all; each for itself by softmax, which makes it 1; negative
ones set to 0 and divided by their sum and 0.0001.
"""

Kernel = int | tuple[int, int]
"""Edge of a square window, or its height and width."""

ZEROS = Initializer("constant")
ONES = Initializer("constant", value=1.0)


class Weights(NamedTuple):
    """How a kernel starts and what is added to the loss for it: `l2` w means w/2 times the sum of squares."""

    initializer: Initializer
    l2: float = 0.0
    l1: float = 0.0


Bias = Initializer | Weights
"""How a bias starts; `Weights` where something is added to the loss for it."""

GLOROT = Weights(Initializer("glorot_uniform"))
"""What a Keras layer takes when nothing is said: the start of kernels that the OD API forgets to
configure.
"""


class BatchNorm(NamedTuple):
    """Batch normalisation (`hyperparams.batch_norm`); `train` False: the moving statistics are used, and
    stay, in training too.

    `sample`: the moving variance averages that of a sample (divided by n - 1), as the fused operation has it;
    otherwise that of the batch itself, as Keras has it for vectors.
    """

    decay: float = 0.9997
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    train: bool = True
    sample: bool = True


def window(kernel: Kernel) -> tuple[int, int]:
    """Height and width of a window."""
    return (kernel, kernel) if isinstance(kernel, int) else kernel


class Ops(RegionOps[T], Protocol[T]):
    """What a network may do with a value.

    Variables of a layer: `conv` kernel [kh, kw, in, filters], bias [filters]; `depthwise_conv`
    depthwise_kernel [kh, kw, in, 1]; `separable_conv` depthwise_kernel [kh, kw, in, multiplier],
    pointwise_kernel [1, 1, in * multiplier, filters], bias; `transposed_conv` kernel [kh, kw, filters, in],
    bias; `batch_norm` gamma, beta, moving_mean, moving_variance, each [in]; `weighted_sum`
    bifpn_combine_weights [values, 1].
    """

    training: bool

    def differs(self, scope: Names, what: str) -> None:
        """Say that this part, configured as it is, computes something else in the other generation.

        Called in both generations alike, and only where the settings let the difference show; `what` is a
        clause with both sides ("TF1 does this, TF2 that").
        """

    def shape(self, x: T) -> tuple[int | None, ...]:
        """The static shape; None where it is not known before the network runs."""

    def conv(
        self,
        x: T,
        layer: Names,
        filters: int,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> T:
        """Convolution, with a bias where an initializer for one is given."""

    def depthwise_conv(
        self,
        x: T,
        layer: Names,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> T:
        """One filter per channel."""

    def separable_conv(
        self,
        x: T,
        layer: Names,
        filters: int,
        kernel: Kernel,
        *,
        depthwise: Weights,
        pointwise: Weights,
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        multiplier: int = 1,
    ) -> T:
        """A depthwise convolution with `multiplier` filters per channel and a 1x1 convolution, with nothing
        in between.
        """

    def transposed_conv(
        self,
        x: T,
        layer: Names,
        filters: int,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Bias | None = None,
        stride: int = 1,
    ) -> T:
        """The transpose of a convolution with SAME padding: height and width times `stride`."""

    def batch_norm(self, x: T, layer: Names, norm: BatchNorm) -> T:
        """Normalise each channel: by the batch in training, by the moving statistics otherwise."""

    def dense(self, x: T, layer: Names, units: int, *, weights: Weights, bias: Bias | None = None) -> T:
        """A fully connected layer over the last axis; variables kernel [in, units], bias [units]."""

    def activation(self, x: T, kind: str) -> T:
        """`none`, `relu`, `relu_6`, `swish`, `sigmoid`, `hard_sigmoid` (relu_6(x + 3) / 6), `hard_swish` (x
        times that) or `rounded_hard_sigmoid` (with 0.16667 for a sixth, as slim has it), elementwise.
        """

    def add(self, a: T, b: T) -> T:
        """The sum of two values of one rank; axes of size 1 are broadcast."""

    def weighted_sum(self, values: Sequence[T], layer: Names, method: Fusion) -> T:
        """The sum of values of one shape, each times a number that is learned and starts at 1."""

    def multiply(self, a: T, b: T) -> T:
        """The product of two values of one rank; axes of size 1 are broadcast."""

    def scale(self, x: T, factor: float) -> T:
        """`x` times a constant."""

    def upsample_add(self, small: T, large: T) -> T:
        """`large` plus `small` doubled in height and width (nearest neighbour) and cut to the size of
        `large`.
        """

    def concat(self, values: Sequence[T], axis: int) -> T:
        """The values behind one another along `axis`."""

    def max_pool(self, x: T, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> T:
        """The largest value of each window."""

    def avg_pool(self, x: T, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> T:
        """The mean of each window; what lies beyond the edge does not count."""

    def global_mean(self, x: T) -> T:
        """The mean over height and width: [batch, 1, 1, channels]."""

    def resize(
        self, x: T, size: tuple[int, int], *, method: Literal["nearest", "bilinear", "corners"] = "nearest"
    ) -> T:
        """`x` at another height and width, pixel centres at halves (`tf.image.resize` of TF2).

        `corners`: bilinear with the centres of the corner pixels in one place (`align_corners` of TF1).
        """

    def upsample(self, x: T, factor: int, *, method: Literal["nearest", "bilinear"] = "nearest") -> T:
        """Height and width times `factor`: every pixel repeated, or as `resize` interpolates."""

    def cut(self, x: T, like: T) -> T:
        """The upper left part of `x` that is as high and wide as `like`."""

    def shift(self, x: T) -> T:
        """`x` moved up and left by one pixel, with zeros at the lower and right edge."""

    def split(self, x: T, parts: int) -> list[T]:
        """The channels in `parts` equal runs."""

    def pad(self, x: T, height: tuple[int, int], width: tuple[int, int]) -> T:
        """Zeros before and after, in height and in width."""

    def pad_to_multiple(self, x: T, multiple: int) -> T:
        """Zeros below and at the right, until height and width are multiples."""

    def reshape(self, x: T, shape: tuple[int, ...]) -> T:
        """`[batch, *shape]`; one entry of `shape` may be -1."""

    def dropout(self, x: T, keep_probability: float) -> T:
        """In training, a random share of the values set to zero and the rest scaled up; nothing otherwise."""

    def stochastic_depth(self, x: T, keep_probability: float) -> T:
        """In training, random examples of the batch set to zero and the others scaled up; nothing otherwise
        (Huang et al. 2016, arXiv:1603.09382).
        """

    def unused(self, layers: Callable[[Ops[T], T], object], x: T) -> None:
        """Layers whose output nobody looks at: their variables are listed, nothing is computed."""

    def clip(self, x: T, low: float, high: float) -> T:
        """Values limited to [low, high]."""
