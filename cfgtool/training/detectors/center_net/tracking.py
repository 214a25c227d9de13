"""Tracking of CenterNet (FairMOT, Zhang et al. 2020, arXiv:2004.01888): embeddings that tell objects apart, learnt by
naming every track of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.center_net.cells import at_cells
from cfgtool.training.detectors.center_net.task import Peaks, Truth
from cfgtool.training.detectors.center_net.temporal import centre_cells
from cfgtool.training.targets.losses import build_classification_loss

if TYPE_CHECKING:
    from cfgtool.schema import Config

Identify = Callable[[Tensor], Tensor]

REID = "track/reid"
IDENTITIES = "track/identities"
"""Logits of the tracks of a batch's objects [batch, n, num_track_ids], which `identified` adds to the outputs."""


class TrackEstimation:
    """The task that `CenterNet.track_estimation_task` describes; see `Task`.

    Needs `track_ids` int32 [batch, n] from 0 in batches. `losses` needs outputs that went through `identified`.
    """

    loss_terms: tuple[str, ...] = (REID,)
    needs: tuple[str, ...] = ("track_ids",)

    def __init__(self, config: Config) -> None:
        """`config` is the `CenterNet.TrackEstimation` message, with nothing that `impossible_tasks` finds."""
        self._loss = build_classification_loss(config.message("classification_loss"))
        self._weight = config.number("task_loss_weight")
        self._tracks = config.integer("num_track_ids")

    def identified(
        self,
        outputs: Sequence[Mapping[str, Tensor]],
        truth: Truth,
        identify: Identify,
    ) -> list[dict[str, Tensor]]:
        """The outputs of every map and the logits of the objects' tracks in them.

        `identify` is the network's classifier (`track_identities`): embeddings [objects, 1, 1, reid_embed_size] to
        logits [objects, 1, 1, num_track_ids]. Objects without a weight would be in the statistics of its batch
        normalisation; real ones, in turn, stand in their rows.
        """
        rows, columns = centre_cells(truth)
        real = tf.reshape(truth.weights > 0.0, [-1])
        total = tf.size(real)
        count = tf.maximum(tf.reduce_sum(tf.cast(real, tf.int32)), 1)
        order = tf.argsort(tf.cast(~real, tf.int32), stable=True)
        turn = tf.cumsum(tf.cast(~real, tf.int32), exclusive=True) % count
        taken = tf.where(real, tf.range(total), tf.gather(order, turn))
        shape = [*tf.unstack(tf.shape(rows)), self._tracks]
        found = []
        for heads in outputs:
            embeddings = at_cells(heads[REID], rows, columns)
            embeddings = tf.gather(tf.reshape(embeddings, [total, 1, 1, embeddings.shape[-1]]), taken)
            found.append({**heads, IDENTITIES: tf.reshape(identify(embeddings), shape)})
        return found

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """The classification loss of the objects' tracks, the sum over the objects divided by their number."""
        tracks, weights = truth.batch["track_ids"], truth.weights
        slots = tf.where((tracks >= 0) & (tracks < self._tracks), tracks, -1)
        total = tf.zeros([])
        for heads in outputs:
            total += tf.reduce_sum(self._loss.per_anchor(heads[IDENTITIES], slots, weights))
        return {REID: self._weight * total / (len(outputs) * truth.instances)}

    def decode(
        self,
        outputs: Mapping[str, Tensor],
        peaks: Peaks,
        true_image_shapes: Tensor,  # noqa: ARG002
    ) -> dict[str, Tensor]:
        """`detection_embeddings` float32 [batch, k, reid_embed_size], of length 1."""
        embeddings = tf.cast(at_cells(outputs[REID], peaks.rows, peaks.columns), tf.float32)
        length = tf.norm(embeddings, axis=-1, keepdims=True)
        return {"detection_embeddings": tf.math.divide_no_nan(embeddings, length)}
