"""The first stage: losses of the region proposal network, and its proposals (Ren et al. 2015, arXiv:1506.01497)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training import replicas
from cfgtool.training.targets.assigner import Groundtruth, Slots, TargetAssigner
from cfgtool.training.targets.box_coders import FasterRcnnCoder
from cfgtool.training.targets.localization import SmoothL1
from cfgtool.training.targets.losses import Softmax
from cfgtool.training.targets.matchers import ArgmaxMatcher
from cfgtool.training.targets.nms import NonMaxSuppression
from cfgtool.training.targets.sampling import BalancedSampler
from cfgtool.training.targets.similarity import iou

if TYPE_CHECKING:
    from cfgtool.schema import Config


class RawProposals(NamedTuple):
    """What the network says of the anchors that take part: `anchors` [n, 4] in pixels, `codes` [batch, n, 4] and
    `logits` [batch, n, 2], background first, float32.
    """

    anchors: Tensor
    codes: Tensor
    logits: Tensor


class Proposals(NamedTuple):
    """The proposals of a batch, best first, zeros after the last: `boxes` [batch, n, 4] in pixels, `scores` [batch,
    n], `indices` int32 [batch, n] of the anchors that they come from, `count` int32 [batch].
    """

    boxes: Tensor
    scores: Tensor
    indices: Tensor
    count: Tensor


class RegionProposals:
    """What follows the region proposal network, for groundtruth and proposals in pixels."""

    def __init__(self, config: Config) -> None:
        """`config` is the `FasterRcnn` message. Raises UserError for values that cannot be."""
        self.coder = FasterRcnnCoder()
        # Thresholds and coder are the paper's; the OD API has no fields for them.
        self._assigner = TargetAssigner(
            iou,
            ArgmaxMatcher(0.7, 0.3, force=True),
            self.coder,
            Slots(total=2, first=1, background=True, unmatched=0),
        )
        self._sampler = build_sampler(
            config, "first_stage_minibatch_size", "first_stage_positive_balance_fraction"
        )
        self._box_weight = config.number("first_stage_localization_loss_weight")
        self._class_weight = config.number("first_stage_objectness_loss_weight")
        self._nms = _build_nms(config)

    def losses(self, raw: RawProposals, groundtruth: Groundtruth, seed: Tensor) -> tuple[Tensor, Tensor]:
        """The scalars of localization and objectness, of several replicas each its share; `groundtruth` is in pixels.

        Means over the anchors that `seed`, two integers, samples in an image, then over the images. A weight of a
        groundtruth box counts for its localization only.
        """
        anyhow = groundtruth._replace(classes=tf.zeros_like(groundtruth.classes), class_targets=None)
        targets = self._assigner.assign(raw.anchors, anyhow)
        sample = self._sampler.select(targets.match >= 0, targets.class_weights != 0.0, seed)
        chosen = tf.cast(sample.chosen, tf.float32)

        def sampled(values: Tensor) -> Tensor:
            return tf.gather(values, sample.indices, batch_dims=1)

        boxes = SmoothL1().per_anchor(
            sampled(raw.codes), sampled(targets.codes), chosen * sampled(targets.box_weights)
        )
        slots = tf.cast(sampled(targets.match) >= 0, tf.int32)
        classes = Softmax().per_anchor(sampled(raw.logits), slots, chosen)
        count = tf.maximum(tf.reduce_sum(chosen, axis=1), 1.0)
        box_loss, class_loss = (
            tf.reduce_mean(tf.reduce_sum(losses, axis=1) / count) / replicas.count()
            for losses in (boxes, classes)
        )
        return self._box_weight * box_loss, self._class_weight * class_loss

    def decoded(self, raw: RawProposals) -> tuple[Tensor, Tensor]:
        """Boxes [batch, n, 4] in pixels and scores [batch, n, 2] of all anchors."""
        return self.coder.decode(raw.codes, raw.anchors), tf.nn.softmax(raw.logits)

    def propose(self, raw: RawProposals, windows: Tensor) -> Proposals:
        """The best proposals without near-duplicates, clipped to `windows` [batch, 4]; no gradient flows through."""
        boxes, scores = self.decoded(raw)
        boxes, scores = tf.stop_gradient(boxes), tf.stop_gradient(scores[..., 1:])
        found = self._nms.select(boxes[:, :, tf.newaxis], scores, windows)
        return Proposals(found.boxes, found.scores, found.indices, found.count)


def build_sampler(config: Config, size_name: str, fraction_name: str) -> BalancedSampler:
    """The sampler that two fields of a `FasterRcnn` message describe; UserError for values that cannot be."""
    size, fraction = config.integer(size_name), config.number(fraction_name)
    if size < 1:
        raise UserError(f"'{config.path}.{size_name}' is '{size}'", hint="it must be positive")
    if not 0.0 <= fraction <= 1.0:
        raise UserError(f"'{config.path}.{fraction_name}' is '{fraction:g}'", hint="it must lie in 0..1")
    return BalancedSampler(size, fraction)


def _build_nms(config: Config) -> NonMaxSuppression:
    threshold, most = (
        config.number("first_stage_nms_iou_threshold"),
        config.integer("first_stage_max_proposals"),
    )
    if not 0.0 <= threshold <= 1.0:
        raise UserError(
            f"'{config.path}.first_stage_nms_iou_threshold' is '{threshold:g}'", hint="it must lie in 0..1"
        )
    if most < 1:
        raise UserError(f"'{config.path}.first_stage_max_proposals' is '{most}'", hint="it must be positive")
    return NonMaxSuppression(
        config.number("first_stage_nms_score_threshold"),
        threshold,
        most,
        most,
        change_frame=False,
        keep_empty=config.flag("use_combined_nms_in_first_stage"),
    )
