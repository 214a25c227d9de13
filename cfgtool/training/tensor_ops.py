"""Operations on tensors, with the variables that the dry run listed: it creates none of its own, so the dry run
and the model cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from cfgtool.networks.names import Names
from cfgtool.networks.ops import BatchNorm, Bias, Fusion, Kernel, Ops, Padding, window
from cfgtool.networks.ops import Weights as KernelWeights
from cfgtool.training import replicas
from cfgtool.training.kernels import pointwise_conv
from cfgtool.training.plain_tensors import PlainTensorOps, explicit_padding
from cfgtool.training.region_tensors import RegionTensorOps
from cfgtool.training.tensor_weights import Weights

Update = tuple[tf.Variable, tf.Tensor]
"""A variable and the value that it is to have after the step."""


class TensorOps(PlainTensorOps, RegionTensorOps):
    """`ops.Ops[tf.Tensor]` over given variables.

    In training batch norm normalises by the batch and puts the new moving statistics into `updates`; a layer
    whose moving statistics are frozen, or whose `BatchNorm.train` is False, works as in inference.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        training: bool,
        compute_dtype: tf.DType = tf.float32,
        dropout_seed: tf.Tensor | None = None,
    ) -> None:
        self.training = training
        self.updates: list[Update] = []
        self._weights = weights
        self._dtype = compute_dtype
        self._dropout_seed = dropout_seed
        self._dropouts = 0
        self._cast: dict[str, tf.Tensor] = {}

    def differs(self, scope: Names, what: str) -> None:
        """See `Ops.differs`: for the dry run alone."""

    def conv(
        self,
        x: tf.Tensor,
        layer: Names,
        filters: int,  # noqa: ARG002
        kernel: Kernel,
        *,
        weights: KernelWeights,  # noqa: ARG002
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> tf.Tensor:
        """See `Ops.conv`."""
        values = self._variable(layer, "kernel")
        pads = explicit_padding(padding, kernel, dilation)
        if self.training and window(kernel) == (1, 1) and stride == 1:
            y = pointwise_conv(x, values)
        else:
            y = tf.nn.conv2d(x, values, stride, pads, dilations=dilation)
        return self._bias(y, layer, bias)

    def depthwise_conv(
        self,
        x: tf.Tensor,
        layer: Names,
        kernel: Kernel,
        *,
        weights: KernelWeights,  # noqa: ARG002
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> tf.Tensor:
        """See `Ops.depthwise_conv`."""
        values = self._variable(layer, "depthwise_kernel")
        y = _depthwise(x, values, stride, explicit_padding(padding, kernel, dilation), dilation)
        return self._bias(y, layer, bias)

    def separable_conv(
        self,
        x: tf.Tensor,
        layer: Names,
        filters: int,  # noqa: ARG002
        kernel: Kernel,
        *,
        depthwise: KernelWeights,  # noqa: ARG002
        pointwise: KernelWeights,
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        multiplier: int = 1,  # noqa: ARG002
    ) -> tf.Tensor:
        """See `Ops.separable_conv`."""
        values = self._variable(layer, "depthwise_kernel")
        y = _depthwise(x, values, stride, explicit_padding(padding, kernel, 1), 1)
        pointwise = self._variable(layer, "pointwise_kernel")
        y = pointwise_conv(y, pointwise) if self.training else tf.nn.conv2d(y, pointwise, 1, "SAME")
        return self._bias(y, layer, bias)

    def transposed_conv(
        self,
        x: tf.Tensor,
        layer: Names,
        filters: int,
        kernel: Kernel,  # noqa: ARG002
        *,
        weights: KernelWeights,  # noqa: ARG002
        bias: Bias | None = None,
        stride: int = 1,
    ) -> tf.Tensor:
        """See `Ops.transposed_conv`."""
        values = self._variable(layer, "kernel")
        size = tf.shape(x)
        y = tf.nn.conv2d_transpose(
            x, values, [size[0], stride * size[1], stride * size[2], filters], stride, "SAME"
        )
        y = tf.ensure_shape(y, [x.shape[0], *(n and n * stride for n in x.shape[1:3]), filters])
        return self._bias(y, layer, bias)

    def batch_norm(self, x: tf.Tensor, layer: Names, norm: BatchNorm) -> tf.Tensor:
        """See `Ops.batch_norm`."""
        mean = self._weights[f"{layer.name}/moving_mean"]
        variance = self._weights[f"{layer.name}/moving_variance"]
        gamma = self._weights[f"{layer.name}/gamma"] if norm.scale else tf.ones_like(mean)
        beta = self._weights[f"{layer.name}/beta"] if norm.center else tf.zeros_like(mean)
        learns = self.training and norm.train and f"{layer.name}/moving_mean" not in self._weights.frozen
        if learns and self._weights.sync_batch_norm and replicas.count() > 1:
            return self._shared_batch_norm(x, (mean, variance), (gamma, beta), norm)
        # The operation computes the moving average itself, by which two small operations per layer and
        # step are saved. The variance that it averages is that of a sample.
        y, new_mean, new_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=gamma,
            offset=beta,
            mean=mean,
            variance=variance,
            epsilon=norm.epsilon,
            exponential_avg_factor=1.0 - norm.decay if learns else 1.0,
            is_training=learns,
        )
        if learns and not norm.sample:
            kept = norm.decay * variance
            count = tf.cast(tf.size(x) // tf.size(mean), tf.float32)
            new_variance = kept + (new_variance - kept) * (count - 1.0) / count
        if learns:
            self.updates += [(mean, new_mean), (variance, new_variance)]
        return y

    def _shared_batch_norm(
        self,
        x: tf.Tensor,
        moving: tuple[tf.Variable, tf.Variable],
        affine: tuple[tf.Tensor, tf.Tensor],
        norm: BatchNorm,
    ) -> tf.Tensor:
        """Batch norm over the batches of all replicas, which are of one size."""
        wide = tf.cast(x, tf.float32)
        axes = list(range(x.shape.rank - 1))
        sums = tf.stack([tf.reduce_mean(wide, axes), tf.reduce_mean(tf.square(wide), axes)])
        mean, square = tf.unstack(replicas.total(sums) / replicas.count())
        variance = tf.maximum(square - tf.square(mean), 0.0)
        count = tf.cast(replicas.count() * (tf.size(x) // tf.size(mean)), tf.float32)
        kept = variance * count / tf.maximum(count - 1.0, 1.0) if norm.sample else variance
        for variable, value in zip(moving, (mean, kept), strict=True):
            self.updates.append((variable, norm.decay * variable + (1.0 - norm.decay) * value))
        gamma, beta = affine
        return tf.cast(tf.nn.batch_normalization(wide, mean, variance, beta, gamma, norm.epsilon), x.dtype)

    def dense(
        self,
        x: tf.Tensor,
        layer: Names,
        units: int,  # noqa: ARG002
        *,
        weights: KernelWeights,  # noqa: ARG002
        bias: Bias | None = None,
    ) -> tf.Tensor:
        """See `Ops.dense`."""
        y = tf.tensordot(x, self._variable(layer, "kernel"), 1)
        return self._bias(y, layer, bias)

    def dropout(self, x: tf.Tensor, keep_probability: float) -> tf.Tensor:
        """See `Ops.dropout`."""
        return self._drop(x, keep_probability, tf.shape(x))

    def stochastic_depth(self, x: tf.Tensor, keep_probability: float) -> tf.Tensor:
        """See `Ops.stochastic_depth`."""
        return self._drop(x, keep_probability, [tf.shape(x)[0], *[1] * (x.shape.rank - 1)])

    def unused(self, layers: Callable[[Ops[tf.Tensor], tf.Tensor], object], x: tf.Tensor) -> None:
        """See `Ops.unused`."""

    def weighted_sum(self, values: Sequence[tf.Tensor], layer: Names, method: Fusion) -> tf.Tensor:
        """See `Ops.weighted_sum`."""
        weights = self._variable(layer, "bifpn_combine_weights")
        if method == "attention":
            # Over the last axis, which has one entry: the OD API's softmax makes every weight 1.
            weights = tf.nn.softmax(weights)
        elif method == "fast_attention":
            positive = tf.nn.relu(weights)
            weights = positive / (tf.reduce_sum(positive) + 0.0001)
        return tf.add_n([weight * value for weight, value in zip(tf.unstack(weights), values, strict=True)])

    def _drop(
        self, x: tf.Tensor, keep_probability: float, shape: tf.Tensor | list[tf.Tensor | int]
    ) -> tf.Tensor:
        """In training, zero by draws of `shape`, which is broadcast over `x`."""
        if not self.training:
            return x
        self._dropouts += 1
        if self._dropout_seed is None:
            return tf.nn.dropout(x, 1.0 - keep_probability, shape)
        seed = self._dropout_seed + tf.constant([replicas.place() << 16, self._dropouts])
        return tf.nn.experimental.stateless_dropout(
            x, 1.0 - keep_probability, seed, rng_alg="philox", noise_shape=shape
        )

    def _variable(self, layer: Names, leaf: str) -> tf.Tensor:
        name = f"{layer.name}/{leaf}"
        if self._dtype == tf.float32:
            return self._weights[name]
        if name not in self._cast:
            self._cast[name] = tf.cast(self._weights[name], self._dtype)
        return self._cast[name]

    def _bias(self, x: tf.Tensor, layer: Names, bias: Bias | None) -> tf.Tensor:
        return x if bias is None else tf.nn.bias_add(x, self._variable(layer, "bias"))


def _depthwise(
    x: tf.Tensor, kernel: tf.Tensor, stride: int, padding: str | list[list[int]], dilation: int
) -> tf.Tensor:
    return tf.nn.depthwise_conv2d(x, kernel, [1, stride, stride, 1], padding, dilations=[dilation, dilation])
