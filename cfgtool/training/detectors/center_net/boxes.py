"""Boxes around centres: their sizes, and where in its cell a centre lies (Zhou et al. 2019, sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.center_net.cells import at_cells
from cfgtool.training.detectors.center_net.peaks import heat_size
from cfgtool.training.detectors.center_net.task import Truth
from cfgtool.training.targets.boxes import centres_and_sizes, clip, from_centres
from cfgtool.training.targets.localization import build_localization_loss

if TYPE_CHECKING:
    from cfgtool.schema import Config

SCALE, OFFSET = "box/scale", "box/offset"


class Boxes:
    """Losses of the heads `box/scale` and `box/offset`, and the boxes that they predict."""

    loss_terms: tuple[str, ...] = (SCALE, OFFSET)
    needs: tuple[str, ...] = ()

    def __init__(self, config: Config) -> None:
        """`config` is the `ObjectDetection` message."""
        task = config.number("task_loss_weight")
        self._loss = build_localization_loss(config.message("localization_loss"))
        self._weights = {
            SCALE: task * config.number("scale_loss_weight"),
            OFFSET: task * config.number("offset_loss_weight"),
        }

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """`box/scale` and `box/offset`, at the cells of centres, by object; see `Task.losses`."""
        y, x, height, width = centres_and_sizes(truth.grid(truth.batch["boxes"]))
        centres = tf.stack([y, x], axis=-1)
        cells = tf.floor(centres)
        rows, columns = tf.unstack(tf.cast(cells, tf.int32), axis=-1)
        targets = {SCALE: tf.stack([height, width], axis=-1), OFFSET: centres - cells}
        losses = {}
        for name, target in targets.items():
            found = [
                truth.weights * self._loss.unweighted(at_cells(output[name], rows, columns), target)
                for output in outputs
            ]
            mean = tf.reduce_sum(tf.add_n(found)) / (len(outputs) * truth.instances)
            losses[name] = self._weights[name] * mean
        return losses

    def at(self, outputs: Mapping[str, Tensor], rows: Tensor, columns: Tensor) -> Tensor:
        """Boxes [batch, k, 4] in cells, cut to the map, of the centres at `rows` and `columns` [batch, k]."""
        sizes = tf.maximum(at_cells(outputs[SCALE], rows, columns), 0.0)
        offsets = at_cells(outputs[OFFSET], rows, columns)
        y = tf.cast(rows, tf.float32) + offsets[..., 0]
        x = tf.cast(columns, tf.float32) + offsets[..., 1]
        ends = [tf.cast(side, tf.float32) for side in heat_size(outputs[SCALE])]
        return clip(from_centres(y, x, sizes[..., 0], sizes[..., 1]), tf.stack([0.0, 0.0, *ends]))
