"""The operations that networks are written in, generic in the value that flows through them.

A network is a plain function over `Ops`. With `shapes.ShapeOps` values are shapes and the variables are
listed; with `cfgtool.training.tensors.TensorOps` values are tensors and the network computes. Images are
`[batch, height, width, channels]`. A layer that is called again under the same name uses the same
variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

from cfgtool.networks.names import Names
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

Padding = Literal["SAME", "VALID", "FIXED"]
"""FIXED: (kernel - 1) // 2 zeros before and the rest after, whatever the size of the input; the OD API's
`use_explicit_padding`.
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


GLOROT = Weights(Initializer("glorot_uniform"))
"""What a Keras layer takes when nothing is said: the start of kernels that the OD API forgets to
configure.
"""


class BatchNorm(NamedTuple):
    """Batch normalisation (`hyperparams.batch_norm`); `train` False: the moving statistics are used, and
    stay, in training too.
    """

    decay: float = 0.9997
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    train: bool = True


def window(kernel: Kernel) -> tuple[int, int]:
    """Height and width of a window."""
    return (kernel, kernel) if isinstance(kernel, int) else kernel


class Ops(Protocol[T]):
    """What a network may do with a value.

    Variables of a layer: `conv` kernel [kh, kw, in, filters], bias [filters]; `depthwise_conv`
    depthwise_kernel [kh, kw, in, 1]; `separable_conv` depthwise_kernel, pointwise_kernel [1, 1, in, filters],
    bias; `batch_norm` gamma, beta, moving_mean, moving_variance, each [in].
    """

    training: bool

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
        bias: Initializer | None = None,
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
        bias: Initializer | None = None,
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
        bias: Initializer | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
    ) -> T:
        """A depthwise convolution and a 1x1 convolution, with nothing in between."""

    def batch_norm(self, x: T, layer: Names, norm: BatchNorm) -> T:
        """Normalise each channel: by the batch in training, by the moving statistics otherwise."""

    def dense(
        self, x: T, layer: Names, units: int, *, weights: Weights, bias: Initializer | None = None
    ) -> T:
        """A fully connected layer over the last axis; variables kernel [in, units], bias [units]."""

    def activation(self, x: T, kind: str) -> T:
        """`none`, `relu`, `relu_6`, `swish`, `sigmoid`, `hard_sigmoid` (relu_6(x + 3) / 6) or `hard_swish`
        (x times that), elementwise.
        """

    def add(self, a: T, b: T) -> T:
        """The sum of two values of one shape."""

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

    def resize(self, x: T, size: tuple[int, int], *, method: Literal["nearest", "bilinear"] = "nearest") -> T:
        """`x` at another height and width, pixel centres at halves (`tf.image.resize` of TF2)."""

    def upsample(self, x: T, factor: int) -> T:
        """Every pixel repeated `factor` times in height and width."""

    def pad(self, x: T, height: tuple[int, int], width: tuple[int, int]) -> T:
        """Zeros before and after, in height and in width."""

    def pad_to_multiple(self, x: T, multiple: int) -> T:
        """Zeros below and at the right, until height and width are multiples."""

    def reshape(self, x: T, shape: tuple[int, ...]) -> T:
        """`[batch, *shape]`; one entry of `shape` may be -1."""

    def dropout(self, x: T, keep_probability: float) -> T:
        """In training, a random share of the values set to zero and the rest scaled up; nothing otherwise."""

    def clip(self, x: T, low: float, high: float) -> T:
        """Values limited to [low, high]."""
