"""The random numbers of augmentation: a function of run seed, element number and draw number alone."""

from __future__ import annotations

from typing import Any, Protocol

import tensorflow as tf
from tensorflow import Tensor

DRAWS_PER_ELEMENT = 4096
"""Draws of one element are numbered from element x this."""


_PHILOX = 1
"""The generator, Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", by TensorFlow's number for it."""


class Draws(Protocol):
    """What augmentation steps draw from; tests put fixed values in its place."""

    def uniform(
        self, low: float | Tensor, high: float | Tensor, shape: tuple[int, ...] | Tensor = ()
    ) -> Tensor:
        """Float32 from [low, high)."""

    def integer(self, low: int | Tensor, high: int | Tensor) -> Tensor:
        """Int32 scalar from [low, high)."""

    def normal(self, shape: tuple[int, ...] | Tensor) -> Tensor:
        """Float32 of mean 0 and standard deviation 1."""

    def window(
        self,
        image_shape: Tensor,
        boxes: Tensor,
        min_object_covered: float | Tensor,
        aspect_ratio: tuple[float, float],
        area: tuple[float, float],
    ) -> tuple[Tensor, Tensor]:
        """A crop window in pixels, as begin [3] and size [3] for `tf.slice`.

        The window holds at least the share `min_object_covered` of some of `boxes` [n, 4]; its width to
        height ratio and its share of the image lie in the given ranges. The whole image where none was found.
        """


class SeededDraws:
    """The draws of one element of a run; `seed` and `element` are int64 scalars."""

    def __init__(self, seed: Tensor, element: Tensor) -> None:
        self._base = tf.stack([seed, element * DRAWS_PER_ELEMENT])
        self._count = 0

    def _next(self) -> Tensor:
        # Counting happens while tracing, so that a draw has the same number whichever branches run.
        self._count += 1
        return self._base + tf.constant([0, self._count], tf.int64)

    def _key(self) -> dict[str, Any]:
        """Where the next draw begins, for the operations below `tf.random`: those take ten times as many nodes."""
        # Input pipelines run on processors, where this derives a key for Philox from the seed.
        found = tf.raw_ops.StatelessRandomGetKeyCounter(seed=self._next())
        return {"key": found.key, "counter": found.counter, "alg": _PHILOX}

    def uniform(
        self, low: float | Tensor, high: float | Tensor, shape: tuple[int, ...] | Tensor = ()
    ) -> Tensor:
        """Float32 from [low, high)."""
        low, high = tf.convert_to_tensor(low, tf.float32), tf.convert_to_tensor(high, tf.float32)
        drawn = tf.raw_ops.StatelessRandomUniformV2(shape=_sizes(shape), dtype=tf.float32, **self._key())
        return drawn * (high - low) + low

    def integer(self, low: int | Tensor, high: int | Tensor) -> Tensor:
        """Int32 scalar from [low, high)."""
        bounds = {
            "minval": tf.convert_to_tensor(low, tf.int32),
            "maxval": tf.convert_to_tensor(high, tf.int32),
        }
        return tf.raw_ops.StatelessRandomUniformIntV2(shape=_sizes(()), **bounds, **self._key())

    def normal(self, shape: tuple[int, ...] | Tensor) -> Tensor:
        """Float32 of mean 0 and standard deviation 1."""
        return tf.raw_ops.StatelessRandomNormalV2(shape=_sizes(shape), dtype=tf.float32, **self._key())

    def window(
        self,
        image_shape: Tensor,
        boxes: Tensor,
        min_object_covered: float | Tensor,
        aspect_ratio: tuple[float, float],
        area: tuple[float, float],
    ) -> tuple[Tensor, Tensor]:
        """A crop window in pixels; see `Draws.window`."""
        begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
            image_shape,
            tf.clip_by_value(boxes, 0.0, 1.0)[tf.newaxis],
            self._next(),
            min_object_covered=min_object_covered,
            aspect_ratio_range=aspect_ratio,
            area_range=area,
            max_attempts=100,
            use_image_if_no_bounding_boxes=True,
        )
        # A size of -1 means "to the end" for tf.slice; keep the channels explicit.
        return begin, tf.concat([size[:2], image_shape[2:]], 0)


def _sizes(shape: tuple[int, ...] | Tensor) -> Tensor:
    return tf.constant(shape, tf.int32) if isinstance(shape, tuple) else shape
