"""The two losses of SSD: sampled, mined, normalised and weighted as the config says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.targets.anchors import Anchors
from cfgtool.training.targets.assigner import Targets
from cfgtool.training.targets.box_coders import BoxCoder
from cfgtool.training.targets.localization import build_localization_loss
from cfgtool.training.targets.losses import build_classification_loss
from cfgtool.training.targets.mining import build_miner, build_sampler

if TYPE_CHECKING:
    from cfgtool.schema import Config


class SsdLoss:
    """Losses of raw predictions against targets. Sampling acts first, then mining, then the normaliser."""

    def __init__(self, config: Config, coder: BoxCoder, anchors: Anchors) -> None:
        """`config` is the `Ssd` message."""
        loss = config.message("loss")
        self._anchors = anchors
        self._coder = coder
        self._class_loss = build_classification_loss(loss.message("classification_loss"))
        self._box_loss = build_localization_loss(loss.message("localization_loss"))
        self._class_weight = loss.number("classification_weight")
        self._box_weight = loss.number("localization_weight")
        sampler, miner = "random_example_sampler", "hard_example_miner"
        self._sampler = build_sampler(loss.message(sampler)) if loss.has(sampler) else None
        self._miner = build_miner(loss.message(miner)) if loss.has(miner) else None
        self._by_matches = config.flag("normalize_loss_by_num_matches")
        self._code_size = coder.code_size if config.flag("normalize_loc_loss_by_codesize") else 1

    def of(self, codes: Tensor, logits: Tensor, targets: Targets, seed: Tensor | None) -> dict[str, Tensor]:
        """Scalars `localization_loss` and `classification_loss`.

        `codes` [batch, anchors, code_size] and `logits` [batch, anchors, slots] are the predictions; `seed`,
        two integers, is what the sampler depends on.
        """
        codes = tf.cast(codes, tf.float32)
        targets = self._sample(targets, seed)
        box_losses = self._box_losses(codes, targets)
        class_losses = self._class_loss.per_anchor(logits, targets.slots, targets.class_weights)
        if self._miner is not None:
            boxes = self._coder.decode(codes, tf.constant(self._anchors))
            chosen = self._miner.select(
                self._box_weight * box_losses, self._class_weight * class_losses, boxes, targets.match
            )
            box_losses, class_losses = box_losses * chosen, class_losses * chosen
        # Summed over all matched anchors, mined or not.
        normalizer = tf.maximum(tf.reduce_sum(targets.box_weights), 1.0) if self._by_matches else 1.0
        return {
            "localization_loss": tf.reduce_sum(box_losses)
            * self._box_weight
            / (normalizer * self._code_size),
            "classification_loss": tf.reduce_sum(class_losses) * self._class_weight / normalizer,
        }

    def _sample(self, targets: Targets, seed: Tensor | None) -> Targets:
        if self._sampler is None:
            return targets
        chosen = self._sampler.select(targets.match, targets.class_weights, [0, 0] if seed is None else seed)
        return targets._replace(
            class_weights=targets.class_weights * chosen, box_weights=targets.box_weights * chosen
        )

    def _box_losses(self, codes: Tensor, targets: Targets) -> Tensor:
        """Weighted loss [batch, anchors]; overlaps are those of the decoded boxes."""
        target = targets.codes
        # The OD API feeds codes to the overlap losses, which then say nothing (IoU) or turn to NaN (GIoU).
        if self._box_loss.of_boxes:
            anchors = tf.constant(self._anchors)
            codes, target = self._coder.decode(codes, anchors), self._coder.decode(target, anchors)
        return self._box_loss.per_anchor(codes, target, targets.box_weights)
