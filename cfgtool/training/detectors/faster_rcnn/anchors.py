"""Anchors of the first stage, for images of one size or of any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.faster_rcnn.frame import Size, window
from cfgtool.training.targets import boxes as geometry
from cfgtool.training.targets.anchors import Grid, generate_anchors, grids_of

if TYPE_CHECKING:
    from cfgtool.schema import Config

_NO_SIZE = (1, 1)
"""The image of generators that work in pixels: its size does not matter to them."""


class Kept(NamedTuple):
    """The anchors that take part: `boxes` [n, 4] in pixels, and which of all anchors they are, int [n].

    `indices` None: all of them.
    """

    boxes: Tensor
    indices: Tensor | None

    def of(self, predictions: Tensor) -> Tensor:
        """The share of predictions [batch, anchors, ...]."""
        return predictions if self.indices is None else tf.gather(predictions, self.indices, axis=1)


class ProposalAnchors:
    """What becomes of anchors that leave the image, as Ren et al. 2015 (section 3.3) and the config say.

    In training those that cross the border are dropped, or with `clip_anchors_to_image` all are clipped. Otherwise
    they are clipped, and dropped where nothing is left.
    """

    def __init__(self, config: Config) -> None:
        """`config` is the `FasterRcnn` message."""
        self._generator = config.message("first_stage_anchor_generator")
        self._clips_in_training = config.flag("clip_anchors_to_image")

    def of(self, image: Size, maps: Sequence[Size], *, training: bool) -> Kept:
        """The anchors for feature `maps`, finest first, of an `image`."""
        static = [size for size in maps if isinstance(size, tuple)]
        if not isinstance(image, tuple) or len(static) < len(maps):
            grids = grids_of(self._generator, _NO_SIZE)
            laid_out = [_laid_out(grid, size) for grid, size in zip(grids, maps, strict=True)]
            return self._of(tf.concat(laid_out, axis=0), image, training)
        boxes = generate_anchors(self._generator, static, _NO_SIZE)
        # Out of the graph, of which they are constants then.
        with tf.init_scope():
            kept = self._of(tf.constant(boxes), image, training)
            found, indices = kept.boxes.numpy(), None if kept.indices is None else kept.indices.numpy()
        every = indices is None or len(indices) == len(boxes)
        return Kept(tf.constant(found), None if every else tf.constant(indices))

    def _of(self, boxes: Tensor, image: Size, training: bool) -> Kept:
        border = window(image)
        if training and not self._clips_in_training:
            return _kept(boxes, tf.reduce_all((boxes[:, :2] >= 0.0) & (boxes[:, 2:] <= border[2:]), axis=1))
        clipped = geometry.clip(boxes, border)
        return Kept(clipped, None) if training else _kept(clipped, geometry.area(clipped) > 0.0)


def _kept(boxes: Tensor, wanted: Tensor) -> Kept:
    indices = tf.where(wanted)[:, 0]
    return Kept(tf.gather(boxes, indices), indices)


def _laid_out(grid: Grid, size: Size) -> Tensor:
    """`Grid.boxes` for a map of a size that only the graph knows."""
    assert grid.stride is not None  # as all grids in pixels have
    assert grid.offset is not None
    rows, columns = tf.unstack(tf.convert_to_tensor(size), num=2)
    y = tf.cast(tf.range(rows), tf.float32) * grid.stride[0] + grid.offset[0]
    x = tf.cast(tf.range(columns), tf.float32) * grid.stride[1] + grid.offset[1]
    centres = tf.stack(tf.meshgrid(y, x, indexing="ij"), axis=-1)[:, :, tf.newaxis, :]
    half = 0.5 * tf.constant(grid.sizes, tf.float32)
    return tf.reshape(tf.concat([centres - half, centres + half], axis=-1), [-1, 4])
