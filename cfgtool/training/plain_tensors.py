"""Operations without variables on tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

import tensorflow as tf

from cfgtool.networks.ops import Kernel, Padding, window
from cfgtool.training.kernels import add_doubled, doubled_sum


def _hard_sigmoid(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu6(x + 3.0) / 6.0


_ACTIVATIONS = {
    "relu": tf.nn.relu,
    "relu_6": tf.nn.relu6,
    "swish": tf.nn.silu,
    "sigmoid": tf.nn.sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "rounded_hard_sigmoid": lambda x: tf.nn.relu6(x + 3.0) * 0.16667,
    "hard_swish": lambda x: x * _hard_sigmoid(x),
}


class PlainTensorOps:
    """The part of `ops.Ops[tf.Tensor]` that has no variables and draws nothing at random.

    In training some operations have gradients of our own.
    """

    training = False

    def shape(self, x: tf.Tensor) -> tuple[int | None, ...]:
        """See `Ops.shape`."""
        return tuple(x.shape.as_list())

    def activation(self, x: tf.Tensor, kind: str) -> tf.Tensor:
        """See `Ops.activation`."""
        return x if kind == "none" else _ACTIVATIONS[kind](x)

    def add(self, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        """See `Ops.add`."""
        return a + b

    def upsample_add(self, small: tf.Tensor, large: tf.Tensor) -> tf.Tensor:
        """See `Ops.upsample_add`."""
        _, height, width, _ = small.shape
        _, full_height, full_width, _ = large.shape
        if height and width and (full_height, full_width) == (2 * height, 2 * width):
            return add_doubled(small, large) if self.training else doubled_sum(small, large)
        size = tf.shape(large)
        doubled = tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2)
        return large + doubled[:, : size[1], : size[2]]

    def multiply(self, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        """See `Ops.multiply`."""
        return a * b

    def scale(self, x: tf.Tensor, factor: float) -> tf.Tensor:
        """See `Ops.scale`."""
        return x * tf.cast(factor, x.dtype)

    def concat(self, values: Sequence[tf.Tensor], axis: int) -> tf.Tensor:
        """See `Ops.concat`."""
        return tf.concat(values, axis)

    def max_pool(self, x: tf.Tensor, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> tf.Tensor:
        """See `Ops.max_pool`."""
        return tf.nn.max_pool2d(x, window(kernel), stride, explicit_padding(padding, kernel, 1))

    def avg_pool(self, x: tf.Tensor, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> tf.Tensor:
        """See `Ops.avg_pool`."""
        if padding == "FIXED":
            raise ValueError("a mean over explicit zeros is not defined here")
        return tf.nn.avg_pool2d(x, window(kernel), stride, padding)

    def global_mean(self, x: tf.Tensor) -> tf.Tensor:
        """See `Ops.global_mean`."""
        return tf.reduce_mean(x, [1, 2], keepdims=True)

    def resize(
        self,
        x: tf.Tensor,
        size: tuple[int, int],
        *,
        method: Literal["nearest", "bilinear", "corners"] = "nearest",
    ) -> tf.Tensor:
        """See `Ops.resize`."""
        if method == "corners":
            return tf.cast(tf.compat.v1.image.resize_bilinear(x, size, align_corners=True), x.dtype)
        return tf.cast(tf.image.resize(x, size, method), x.dtype)

    def upsample(
        self, x: tf.Tensor, factor: int, *, method: Literal["nearest", "bilinear"] = "nearest"
    ) -> tf.Tensor:
        """See `Ops.upsample`."""
        if method == "bilinear":
            y = tf.cast(tf.image.resize(x, factor * tf.shape(x)[1:3], method), x.dtype)
            return tf.ensure_shape(y, [x.shape[0], *(n and n * factor for n in x.shape[1:3]), x.shape[3]])
        return tf.repeat(tf.repeat(x, factor, axis=1), factor, axis=2)

    def cut(self, x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
        """See `Ops.cut`."""
        _, height, width, channels = x.shape
        if None not in (height, width) and like.shape[1:3] == (height, width):
            return x
        size = tf.shape(like)
        y = x[:, : size[1], : size[2]]
        return tf.ensure_shape(y, [x.shape[0], *like.shape[1:3], channels])

    def shift(self, x: tf.Tensor) -> tf.Tensor:
        """See `Ops.shift`."""
        return tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]])[:, 1:, 1:]

    def split(self, x: tf.Tensor, parts: int) -> list[tf.Tensor]:
        """See `Ops.split`."""
        return list(tf.split(x, parts, axis=-1))

    def pad(self, x: tf.Tensor, height: tuple[int, int], width: tuple[int, int]) -> tf.Tensor:
        """See `Ops.pad`."""
        return tf.pad(x, [[0, 0], list(height), list(width), [0, 0]])

    def pad_to_multiple(self, x: tf.Tensor, multiple: int) -> tf.Tensor:
        """See `Ops.pad_to_multiple`."""
        if multiple == 1:
            return x
        size = tf.shape(x)[1:3]
        below, right = tf.unstack(-size % multiple)
        _, height, width, channels = x.shape
        y = tf.pad(x, [[0, 0], [0, below], [0, right], [0, 0]])
        y.set_shape([x.shape[0], *(n and n + -n % multiple for n in (height, width)), channels])
        return y

    def reshape(self, x: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
        """See `Ops.reshape`."""
        if -1 in shape and None not in x.shape[1:]:
            # With one entry of -1 the product of all is minus the product of the others.
            rest = x.shape[1:].num_elements() // -prod(shape)
            shape = tuple(rest if size == -1 else size for size in shape)
        batch = x.shape[0] if x.shape[0] is not None else (-1 if -1 not in shape else tf.shape(x)[0])
        return tf.reshape(x, [batch, *shape])

    def clip(self, x: tf.Tensor, low: float, high: float) -> tf.Tensor:
        """See `Ops.clip`."""
        return tf.clip_by_value(x, low, high)


def explicit_padding(padding: Padding, kernel: Kernel, dilation: int) -> str | list[list[int]]:
    """What TensorFlow takes for a `Padding`: a word, or zeros before and after in each axis."""
    if padding != "FIXED":
        return padding
    totals = [dilation * (size - 1) for size in window(kernel)]
    return [[0, 0], *([total // 2, total - total // 2] for total in totals), [0, 0]]
