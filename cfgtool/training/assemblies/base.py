"""What training, evaluation and export ask of a detector, whatever its meta-architecture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from cfgtool.schema import Config
from cfgtool.training.tensors import build_detector

Batch = Mapping[str, Any]
Values = dict[str, tf.Tensor]


class Assembly(ABC):
    """A detector ready to train or to predict: network, weights, losses and post-processing put together.

    Batches are dicts as `cfgtool.training.input.pipeline` makes them.
    """

    loss_terms: tuple[str, ...]
    """The names of what `losses` gives."""

    def __init__(self, config: Config, *, seed: int = 0, precision: str = "float32") -> None:
        """Build with start weights from `seed`. Raises UserError for what cannot be built or honoured.

        `precision` is `float32`, or `mixed_bfloat16` or `mixed_float16`: layers compute in the short type, weights,
        losses and detections stay float32.
        """
        self.network = build_detector(config, seed=seed, compute_dtype=precision.removeprefix("mixed_"))
        self.weights = self.network.weights
        self._seed = seed

    @property
    def trainable_by_name(self) -> dict[str, tf.Variable]:
        """The variables that training updates, trainable and not frozen, by our names."""
        trainable = {variable.ref() for variable in self.weights.trainable}
        return {
            name: variable for name, variable in self.weights.by_name.items() if variable.ref() in trainable
        }

    @abstractmethod
    def losses(self, batch: Batch, training: bool, step: tf.Tensor | None = None) -> Values:
        """Named scalars; in training the moving statistics are updated.

        `step` seeds what is random in the step (dropout, sampling), so that a resumed run draws alike.
        """

    def regularization(self) -> tf.Tensor | None:
        """The L2 penalty over all regularised weights, None without any."""
        return self.weights.regularization_loss() if self.weights.l2() else None

    @abstractmethod
    def evaluate(self, batch: Batch) -> tuple[Values, Values]:
        """Detections (see `detect`) and losses of a batch, in inference mode."""

    @property
    def side_inputs(self) -> dict[str, tf.TensorSpec]:
        """What `detect` may be given of a batch beside images, by the names of the input's keys; none for most."""
        return {}

    @abstractmethod
    def detect(self, images: tf.Tensor, true_image_shapes: tf.Tensor, **side: tf.Tensor) -> Values:
        """Detections of preprocessed `images` [batch, height, width, channels], under the OD API's names.

        `true_image_shapes` int32 [batch, 3]: height, width and channels of each image before padding. Boxes and
        keypoints are fractions of the image before padding, classes count from 0. `side` are those of `side_inputs`
        that there are.
        """

    def _seed_of(self, step: tf.Tensor | None) -> tf.Tensor | None:
        """What random draws of a step depend on, int32 [2]."""
        if step is None:
            return None
        return tf.stack([tf.constant(self._seed, tf.int32), tf.cast(step, tf.int32)])
