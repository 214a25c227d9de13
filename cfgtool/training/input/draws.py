"""The random numbers of augmentation: a function of run seed, element number and draw number alone."""

from __future__ import annotations

from typing import Protocol

import tensorflow as tf
from tensorflow import Tensor

DRAWS_PER_ELEMENT = 4096
"""Draws of one element are numbered from element x this."""


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

    def uniform(
        self, low: float | Tensor, high: float | Tensor, shape: tuple[int, ...] | Tensor = ()
    ) -> Tensor:
        """Float32 from [low, high)."""
        return tf.random.stateless_uniform(shape, self._next(), low, high, alg="philox")

    def integer(self, low: int | Tensor, high: int | Tensor) -> Tensor:
        """Int32 scalar from [low, high)."""
        return tf.random.stateless_uniform((), self._next(), low, high, tf.int32, alg="philox")

    def normal(self, shape: tuple[int, ...] | Tensor) -> Tensor:
        """Float32 of mean 0 and standard deviation 1."""
        return tf.random.stateless_normal(shape, self._next(), alg="philox")

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
