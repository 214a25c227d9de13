"""Temporal offsets of CenterNet (CenterTrack, Zhou et al. 2020, arXiv:2004.01177): where an object's centre was in the
frame before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.center_net.cells import at_cells
from cfgtool.training.detectors.center_net.task import Peaks, Truth
from cfgtool.training.targets import boxes as geometry
from cfgtool.training.targets.localization import build_localization_loss

if TYPE_CHECKING:
    from cfgtool.schema import Config

OFFSET = "track/offset"


class TemporalOffsetEstimation:
    """The task that `CenterNet.temporal_offset_task` describes; see `Task`.

    Needs `temporal_offsets` float32 [batch, n, 2] (y, x in cells; NaN has no loss) and `track_match_flags` float32
    [batch, n] (1 for objects that were there in the frame before) in batches.
    """

    loss_terms: tuple[str, ...] = (OFFSET,)
    needs: tuple[str, ...] = ("temporal_offsets", "track_match_flags")

    def __init__(self, config: Config) -> None:
        """`config` is the `CenterNet.TemporalOffsetEstimation` message, with nothing that `impossible_tasks` finds."""
        self._loss = build_localization_loss(config.message("localization_loss"))
        self._weight = config.number("task_loss_weight")

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """The localisation loss at the centres of matched objects, the sum divided by the number of all objects."""
        rows, columns = centre_cells(truth)
        weights = truth.weights * truth.batch["track_match_flags"]
        total = tf.zeros([])
        for heads in outputs:
            offsets = at_cells(heads[OFFSET], rows, columns)
            total += tf.reduce_sum(self._loss.per_anchor(offsets, truth.batch["temporal_offsets"], weights))
        return {OFFSET: self._weight * total / (len(outputs) * truth.instances)}

    def decode(
        self,
        outputs: Mapping[str, Tensor],
        peaks: Peaks,
        true_image_shapes: Tensor,  # noqa: ARG002
    ) -> dict[str, Tensor]:
        """`detection_temporal_offsets` float32 [batch, k, 2]: y, x in cells."""
        offsets = at_cells(outputs[OFFSET], peaks.rows, peaks.columns)
        return {"detection_temporal_offsets": tf.cast(offsets, tf.float32)}


def centre_cells(truth: Truth) -> tuple[Tensor, Tensor]:
    """Rows and columns int32 [batch, n] of the cells that the centres of the objects' boxes lie in."""
    y, x, _, _ = geometry.centres_and_sizes(truth.grid(truth.batch["boxes"]))
    return tf.cast(tf.math.floor(y), tf.int32), tf.cast(tf.math.floor(x), tf.int32)
