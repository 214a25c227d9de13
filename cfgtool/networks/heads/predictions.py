"""What a one-stage head returns, and the settings that its two kinds share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from cfgtool.networks.ops import Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


class Predictions(NamedTuple, Generic[T]):
    """Raw outputs of a one-stage detector.

    `feature_maps`: what the head looked at, finest first. `box_encodings` [batch, anchors, code size]: box
    codes against the anchors. `class_predictions` [batch, anchors, classes]: logits, background first where
    the model has that class.
    """

    feature_maps: tuple[T, ...]
    box_encodings: T
    class_predictions: T


class Head(NamedTuple):
    """Settings from `BoxPredictor`: numbers of slots, dropout and what happens to the outputs."""

    class_slots: int
    code_size: int
    kernel: int
    keep_probability: float | None
    use_depthwise: bool
    bias_init: float
    clip_range: tuple[float, float] | None
    sigmoid: bool


def read_head(config: Config, class_slots: int, *, sigmoid: bool) -> Head:
    """The settings that both kinds of box predictor spell alike; `sigmoid`: class scores are converted by
    the head itself.
    """
    clip = config.message("box_encodings_clip_range") if config.has("box_encodings_clip_range") else None
    return Head(
        class_slots,
        config.integer("box_code_size"),
        config.integer("kernel_size"),
        config.number("dropout_keep_probability") if config.flag("use_dropout") else None,
        config.flag("use_depthwise"),
        config.number("class_prediction_bias_init"),
        (clip.number("min"), clip.number("max")) if clip else None,
        sigmoid,
    )


def join_levels(
    ops: Ops[T], maps: Sequence[T], boxes: Sequence[T], classes: Sequence[T], head: Head
) -> Predictions[T]:
    """The outputs of all levels behind one another, after clipping and score conversion."""
    box_encodings = ops.concat([ops.reshape(x, (-1, head.code_size)) for x in boxes], axis=1)
    if head.clip_range is not None:
        box_encodings = ops.clip(box_encodings, *head.clip_range)
    scores = ops.concat([ops.reshape(x, (-1, head.class_slots)) for x in classes], axis=1)
    if head.sigmoid:
        scores = ops.activation(scores, "sigmoid")
    return Predictions(tuple(maps), box_encodings, scores)
