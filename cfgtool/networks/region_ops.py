"""The operations of two-stage networks: windows of maps, and attention between them.

Boxes are `[batch, boxes, 4]`, each (ymin, xmin, ymax, xmax) as a fraction of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class RegionOps(Protocol[T]):
    """The part of `ops.Ops` that deals with boxes. Where batches are merged, all of the first image come first."""

    def crop_and_resize(
        self, maps: Sequence[T], boxes: T, size: tuple[int, int], *, image: T, fade: bool = False
    ) -> T:
        """The contents of boxes, [batch * boxes, *size, channels], bilinear, the corner samples in the corners of
        the box (`tf.image.crop_and_resize`).

        Of several maps, finest first, each box takes one by its size in `image`: the last but one for a square of 224
        pixels, the one before for half that (Lin et al. 2017, arXiv:1612.03144, equation 1). A sample beyond the map is
        0; with `fade` it falls to 0 over the width of one pixel.
        """

    def position_sensitive_mean(self, x: T, boxes: T, bins: tuple[int, int], size: tuple[int, int]) -> T:
        """The means of boxes over `bins` of which each has channels of its own: [batch * boxes, channels / bins].

        The box is divided into a grid of bins, bin i of which (row by row) is cropped from the i-th group of
        channels at its share of `size` (Dai et al. 2016, arXiv:1605.06409, section 3).
        """

    def attend(
        self, queries: T, keys: T, values: T, *, temperature: float, query_counts: T, key_counts: T
    ) -> T:
        """For each query a mean of the values, weighted by the softmax of its cosine with the keys over
        `temperature`; all three are scaled to length 1 first.

        `queries` [batch, n, depth], `keys` and `values` [batch, m, depth]; only the first `query_counts` and
        `key_counts` [batch] of an image count.
        """

    def split_batch(self, x: T, boxes: T) -> T:
        """[batch * boxes, ...] as [batch, boxes, ...]."""

    def merge_batch(self, x: T) -> T:
        """[batch, boxes, ...] as [batch * boxes, ...]."""
