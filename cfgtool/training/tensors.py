"""Networks on tensors: the TensorFlow side of `cfgtool.networks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import tensorflow as tf

from cfgtool.data.keypoints import configured_counts
from cfgtool.networks.description import NetworkDescription, describe
from cfgtool.networks.freezing import frozen_variables
from cfgtool.networks.heads.predictions import Predictions
from cfgtool.networks.ssd.detector import ssd
from cfgtool.training import replicas
from cfgtool.training.tensor_ops import TensorOps, Update
from cfgtool.training.tensor_weights import Weights

if TYPE_CHECKING:
    from cfgtool.schema import Config


class Forward(NamedTuple):
    """One pass: the raw predictions (float32) and, in training, the new moving statistics, which nobody
    has assigned yet.
    """

    predictions: Predictions[tf.Tensor]
    updates: list[Update]


class Detector:
    """A network with weights.

    `weights.tree` is what a checkpoint holds under `model`; `description` is what the dry run said; `keypoints` are the
    numbers of keypoints by class, where the model has any.
    """

    def __init__(
        self,
        config: Config,
        description: NetworkDescription,
        weights: Weights,
        compute_dtype: tf.DType,
        keypoints: Mapping[str, int] | None = None,
    ) -> None:
        self.config = config
        self.description = description
        self.weights = weights
        self.compute_dtype = compute_dtype
        self.keypoints = keypoints

    def ops(self, *, training: bool = False, dropout_seed: tf.Tensor | None = None) -> TensorOps:
        """The operations over these weights, for one pass in the detector's type; `dropout_seed` as in `forward`."""
        return TensorOps(
            self.weights, training=training, compute_dtype=self.compute_dtype, dropout_seed=dropout_seed
        )

    # Nothing in a network depends on a tensor's value; rewriting its Python for that would double the
    # time to trace.
    @tf.autograph.experimental.do_not_convert
    def forward(
        self, images: tf.Tensor, *, training: bool = False, dropout_seed: tf.Tensor | None = None
    ) -> Forward:
        """Raw predictions of an SSD for preprocessed `images` [batch, height, width, channels], float32.

        `dropout_seed` int32 [2] makes dropout a function of it; without one it is drawn anew each time.
        """
        ops = self.ops(training=training, dropout_seed=dropout_seed)
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
    compute in it, variables and outputs stay float32. Raises UserError as `networks.describe` does, and for a keypoint
    label map that cannot be read.
    """
    keypoints = configured_counts(config)
    description = describe(config, generation, keypoints=keypoints)
    frozen = frozen_variables(config.message("train_config"), description.variables)
    weights = Weights(description.variables, seed=seed, frozen=frozen)
    return Detector(config, description, weights, tf.as_dtype(compute_dtype), keypoints)


def apply_updates(updates: Sequence[Update]) -> None:
    """Give the variables their new values, of several replicas the means; call it once per step, in the step."""
    values = [value for _, value in updates]
    if replicas.count() > 1:
        values = [value / replicas.count() for value in replicas.totals(values)]
    for (variable, _), value in zip(updates, values, strict=True):
        variable.assign(value)
