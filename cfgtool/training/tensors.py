"""Networks on tensors: the TensorFlow side of `cfgtool.networks`.

`TensorOps` runs a network function on tensors, with the variables that the dry run listed; it creates
none of its own, so the dry run and the model cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Literal, NamedTuple

import tensorflow as tf

from cfgtool.networks.description import NetworkDescription, describe
from cfgtool.networks.freezing import frozen_variables
from cfgtool.networks.heads.predictions import Predictions
from cfgtool.networks.names import Names
from cfgtool.networks.ops import BatchNorm, Kernel, Padding, window
from cfgtool.networks.ops import Weights as KernelWeights
from cfgtool.networks.ssd import ssd
from cfgtool.networks.variables import Initializer
from cfgtool.training.tensor_weights import Weights

if TYPE_CHECKING:
    from cfgtool.schema import Config

Update = tuple[tf.Variable, tf.Tensor]
"""A variable and the value that it is to have after the step."""

_ACTIVATIONS = {
    "relu": tf.nn.relu,
    "relu_6": tf.nn.relu6,
    "swish": tf.nn.silu,
    "sigmoid": tf.nn.sigmoid,
}


class Forward(NamedTuple):
    """One pass: the raw predictions (float32) and, in training, the new moving statistics, which nobody
    has assigned yet.
    """

    predictions: Predictions[tf.Tensor]
    updates: list[Update]


class Detector:
    """A network with weights.

    `weights.tree` is what a checkpoint holds under `model`; `description` is what the dry run said.
    """

    def __init__(
        self, config: Config, description: NetworkDescription, weights: Weights, compute_dtype: tf.DType
    ) -> None:
        self.config = config
        self.description = description
        self.weights = weights
        self.compute_dtype = compute_dtype

    # Nothing in a network depends on a tensor's value; rewriting its Python for that would double the
    # time to trace.
    @tf.autograph.experimental.do_not_convert
    def forward(
        self, images: tf.Tensor, *, training: bool = False, dropout_seed: tf.Tensor | None = None
    ) -> Forward:
        """Raw predictions for preprocessed `images` [batch, height, width, channels], float32.

        `dropout_seed` int32 [2] makes dropout a function of it; without one it is drawn anew each time.
        """
        ops = TensorOps(
            self.weights, training=training, compute_dtype=self.compute_dtype, dropout_seed=dropout_seed
        )
        image = tf.cast(images, self.compute_dtype)
        raw = ssd(ops, self.config.find("model.ssd"), image, self.description.generation)
        predictions = Predictions(
            raw.feature_maps,
            tf.cast(raw.box_encodings, tf.float32),
            tf.cast(raw.class_predictions, tf.float32),
        )
        return Forward(predictions, ops.updates)


def build_detector(
    config: Config,
    *,
    generation: Literal["auto", "tf1", "tf2"] = "auto",
    seed: int = 0,
    compute_dtype: str = "float32",
) -> Detector:
    """The detector of a whole pipeline config with start weights.

    `train_config`'s patterns decide what is frozen. `compute_dtype` `bfloat16` or `float16`: convolutions
    compute in it, variables and outputs stay float32. Raises UserError as `networks.describe` does.
    """
    description = describe(config, generation)
    frozen = frozen_variables(config.message("train_config"), description.variables)
    weights = Weights(description.variables, seed=seed, frozen=frozen)
    return Detector(config, description, weights, tf.as_dtype(compute_dtype))


def apply_updates(updates: Sequence[Update]) -> None:
    """Give the variables their new values; call it once per step, in the step."""
    for variable, value in updates:
        variable.assign(value)


class TensorOps:
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

    def shape(self, x: tf.Tensor) -> tuple[int | None, ...]:
        """See `Ops.shape`."""
        return tuple(x.shape.as_list())

    def conv(
        self,
        x: tf.Tensor,
        layer: Names,
        filters: int,  # noqa: ARG002
        kernel: Kernel,
        *,
        weights: KernelWeights,  # noqa: ARG002
        bias: Initializer | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> tf.Tensor:
        """See `Ops.conv`."""
        values = self._variable(layer, "kernel")
        pads = _padding(padding, kernel, dilation)
        y = tf.nn.conv2d(x, values, stride, pads, dilations=dilation)
        return self._bias(y, layer, bias)

    def depthwise_conv(
        self,
        x: tf.Tensor,
        layer: Names,
        kernel: Kernel,
        *,
        weights: KernelWeights,  # noqa: ARG002
        bias: Initializer | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> tf.Tensor:
        """See `Ops.depthwise_conv`."""
        values = self._variable(layer, "depthwise_kernel")
        y = _depthwise(x, values, stride, _padding(padding, kernel, dilation), dilation)
        return self._bias(y, layer, bias)

    def separable_conv(
        self,
        x: tf.Tensor,
        layer: Names,
        filters: int,  # noqa: ARG002
        kernel: Kernel,
        *,
        depthwise: KernelWeights,  # noqa: ARG002
        pointwise: KernelWeights,  # noqa: ARG002
        bias: Initializer | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
    ) -> tf.Tensor:
        """See `Ops.separable_conv`."""
        values = self._variable(layer, "depthwise_kernel")
        y = _depthwise(x, values, stride, _padding(padding, kernel, 1), 1)
        y = tf.nn.conv2d(y, self._variable(layer, "pointwise_kernel"), 1, "SAME")
        return self._bias(y, layer, bias)

    def batch_norm(self, x: tf.Tensor, layer: Names, norm: BatchNorm) -> tf.Tensor:
        """See `Ops.batch_norm`."""
        mean = self._weights[f"{layer.name}/moving_mean"]
        variance = self._weights[f"{layer.name}/moving_variance"]
        gamma = self._weights[f"{layer.name}/gamma"] if norm.scale else tf.ones_like(mean)
        beta = self._weights[f"{layer.name}/beta"] if norm.center else tf.zeros_like(mean)
        learns = self.training and norm.train and f"{layer.name}/moving_mean" not in self._weights.frozen
        # The operation computes the moving average itself, by which two small operations per layer and
        # step are saved. The variance that it averages is that of a sample (divided by n - 1), as in
        # Keras.
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
        if learns:
            self.updates += [(mean, new_mean), (variance, new_variance)]
        return y

    def activation(self, x: tf.Tensor, kind: str) -> tf.Tensor:
        """See `Ops.activation`."""
        return x if kind == "none" else _ACTIVATIONS[kind](x)

    def add(self, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        """See `Ops.add`."""
        return a + b

    def upsample_add(self, small: tf.Tensor, large: tf.Tensor) -> tf.Tensor:
        """See `Ops.upsample_add`."""
        _, height, width, channels = small.shape
        _, full_height, full_width, _ = large.shape
        if height and width and full_height == 2 * height and full_width == 2 * width:
            # A broadcasting addition: the doubled map is never stored.
            windows = tf.reshape(large, [-1, height, 2, width, 2, channels])
            total = windows + tf.reshape(small, [-1, height, 1, width, 1, channels])
            return tf.reshape(total, [-1, full_height, full_width, channels])
        size = tf.shape(large)
        doubled = tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2)
        return large + doubled[:, : size[1], : size[2]]

    def concat(self, values: Sequence[tf.Tensor], axis: int) -> tf.Tensor:
        """See `Ops.concat`."""
        return tf.concat(values, axis)

    def max_pool(self, x: tf.Tensor, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> tf.Tensor:
        """See `Ops.max_pool`."""
        return tf.nn.max_pool2d(x, window(kernel), stride, _padding(padding, kernel, 1))

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

    def dropout(self, x: tf.Tensor, keep_probability: float) -> tf.Tensor:
        """See `Ops.dropout`."""
        if not self.training:
            return x
        self._dropouts += 1
        if self._dropout_seed is None:
            return tf.nn.dropout(x, 1.0 - keep_probability)
        seed = self._dropout_seed + tf.constant([0, self._dropouts])
        return tf.nn.experimental.stateless_dropout(x, 1.0 - keep_probability, seed)

    def clip(self, x: tf.Tensor, low: float, high: float) -> tf.Tensor:
        """See `Ops.clip`."""
        return tf.clip_by_value(x, low, high)

    def _variable(self, layer: Names, leaf: str) -> tf.Tensor:
        name = f"{layer.name}/{leaf}"
        if self._dtype == tf.float32:
            return self._weights[name]
        if name not in self._cast:
            self._cast[name] = tf.cast(self._weights[name], self._dtype)
        return self._cast[name]

    def _bias(self, x: tf.Tensor, layer: Names, bias: Initializer | None) -> tf.Tensor:
        return x if bias is None else tf.nn.bias_add(x, self._variable(layer, "bias"))


def _padding(padding: Padding, kernel: Kernel, dilation: int) -> str | list[list[int]]:
    if padding != "FIXED":
        return padding
    totals = [dilation * (size - 1) for size in window(kernel)]
    return [[0, 0], *([total // 2, total - total // 2] for total in totals), [0, 0]]


def _depthwise(
    x: tf.Tensor, kernel: tf.Tensor, stride: int, padding: str | list[list[int]], dilation: int
) -> tf.Tensor:
    return tf.nn.depthwise_conv2d(x, kernel, [1, stride, stride, 1], padding, dilations=[dilation, dilation])
