"""Fields that the schema no longer has: a config that holds one is a parse error in every current release.

Rows B1 to B6 of the migration tables, and R1 to R5 for what the history of the schema knows besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, BOTH, UNSAFE, Step
from cfgtool.migrate.rewriting import Part, added, added_below, blocks_of, change, note, removed, renamed
from cfgtool.schema import history, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfgtool.migrate.draft import Draft
    from cfgtool.migrate.model import Change

_SSD = "model.ssd"
_EXPECTED = f"{_SSD}.use_expected_classification_loss_under_sampling"
_BATCH_NORM_TRAINABLE = f"{_SSD}.feature_extractor.batch_norm_trainable"

_REMOVED_HEADS = (
    ("ConvolutionalBoxPredictor", "mask_head"),
    ("WeightSharedConvolutionalBoxPredictor", "mask_head"),
)


def freeze(draft: Draft) -> list[Part]:
    """Parts that switch `freeze_batchnorm` on, none if the config sets it either way."""
    if draft.find(f"{_SSD}.freeze_batchnorm"):
        return []
    return [added(draft, blocks_of(draft, _SSD)[-1], f"{_SSD}.freeze_batchnorm", "true")]


def _trainable(draft: Draft) -> Iterator[Change]:
    for place in draft.find(_BATCH_NORM_TRAINABLE):
        if draft.is_true(place):
            message = "the field is gone since 2018, and true is what happens without it"
            yield change(message, removed(draft, place))


def _not_trainable(draft: Draft) -> Iterator[Change]:
    for place in draft.find(_BATCH_NORM_TRAINABLE):
        if not draft.is_true(place):
            message = (
                "the field is gone since 2018; freeze_batchnorm is the nearest, and freezes the head's"
                " batch norm too,"
                " not only the extractor's"
            )
            yield change(message, removed(draft, place), *freeze(draft), exact=False)


def _to_loss(old: str, new: str) -> Callable[[Draft], Iterator[Change]]:
    """Move a number from `ssd` to `ssd.loss`; without the expected loss it was not read, and goes."""

    def run(draft: Draft) -> Iterator[Change]:
        flags = draft.find(_EXPECTED)
        places = draft.find(f"{_SSD}.{old}")
        # Runs before the flag itself is rewritten, whose value decides.
        for place in places:
            if not (flags and draft.is_true(flags[-1])):
                message = "was read only together with use_expected_classification_loss_under_sampling"
                yield change(message, removed(draft, place))
            elif place is not places[-1] or draft.find(f"{_SSD}.loss.{new}"):
                yield change("another value is in force", removed(draft, place))
            else:
                message = f"moved to loss.{new} in 2018"
                part = added_below(draft, _SSD, "loss", new, draft.text(place))
                yield change(message, removed(draft, place), part)

    return run


def _unexpected(draft: Draft) -> Iterator[Change]:
    for place in draft.find(_EXPECTED):
        if draft.is_false(place):
            yield change(
                "the field is gone since 2018, and false is what happens without it", removed(draft, place)
            )


def _expected(draft: Draft) -> Iterator[Change]:
    for place in draft.find(_EXPECTED):
        if draft.is_true(place):
            message = "became loss.expected_loss_weights in 2018, nearly the same"
            if draft.find(f"{_SSD}.loss.expected_loss_weights"):
                yield change(
                    "loss.expected_loss_weights, its successor, is set", removed(draft, place), exact=False
                )
            else:
                part = added_below(draft, _SSD, "loss", "expected_loss_weights", "EXPECTED_SAMPLING")
                yield change(message, removed(draft, place), part, exact=False)


def _weight_by_score(draft: Draft) -> Iterator[Change]:
    for place in draft.find(f"{_SSD}.weight_regression_loss_by_score"):
        off = draft.is_false(place)
        message = "the field is gone since 2018" + (
            ", and false is what happens without it"
            if off
            else "; no trainer weights the box loss by the score today"
        )
        yield change(message, removed(draft, place), exact=off)


def _first_stage_only(draft: Draft) -> Iterator[Change]:
    for place in draft.find("model.faster_rcnn.first_stage_only"):
        # Its number went to number_of_stages: true was one stage, false the two that are the default now.
        if draft.is_true(place) and not draft.find("model.faster_rcnn.number_of_stages"):
            yield change("became number_of_stages in 2018", renamed(draft, place, "number_of_stages", "1"))
        elif draft.is_true(place) or draft.is_false(place):
            message = "became number_of_stages in 2018, which has the value or its default, 2"
            yield change(message, removed(draft, place), exact=draft.is_false(place))


def _color_consistency(draft: Draft) -> Iterator[Change]:
    prefix = "color_consistency_"
    for place in draft.places:
        if place.owner == "CenterNet.DeepMACMaskEstimation" and place.name.startswith(prefix) and place.node:
            name = "feature_consistency_" + place.name.removeprefix(prefix)
            if name in _CONSISTENCY and not any(field.name == name for field in place.block.fields):
                yield change("renamed in 2022, same number and default", renamed(draft, place, name))


_CONSISTENCY = frozenset(
    f"feature_consistency_{end}"
    for end in ("threshold", "dilation", "loss_weight", "warmup_steps", "warmup_start")
)


def _prefetch_buffer(draft: Draft) -> Iterator[Change]:
    for place in draft.named("InputReader", "prefetch_buffer_size"):
        yield change(
            "existed for two weeks of 2018; nothing reads its successor prefetch_size", removed(draft, place)
        )


def _mask_heads(draft: Draft) -> Iterator[Change]:
    for owner, name in _REMOVED_HEADS:
        for place in draft.named(owner, name):
            message = "existed for two months of 2018; its successor mask_head_config was never built"
            yield change(message, removed(draft, place))


def _others(draft: Draft) -> Iterator[Change]:
    messages = load().messages
    for place in draft.places:
        known = not place.owner or place.name in messages[place.owner].fields
        # batch_norm_trainable has a step of its own, which waits for the user where it is false.
        if not known and place.plain != _BATCH_NORM_TRAINABLE:
            past = history.removed(place.owner, place.name)
            if past:
                yield note(draft, place, f"gone from the schema since {past.gone}; {past.instead}")


_REASON = "today's schema refuses the config"

STEPS = [
    Step(100, "B1", "batch_norm_trainable: true under ssd", _REASON, _trainable, trainers=BOTH),
    Step(101, "B1", "batch_norm_trainable: false under ssd", _REASON, _not_trainable, UNSAFE, BOTH),
    Step(
        102,
        "B4",
        "minimum_negative_sampling under ssd",
        _REASON,
        _to_loss("minimum_negative_sampling", "min_num_negative_samples"),
        trainers=BOTH,
    ),
    Step(
        103,
        "B4",
        "min_num_negative_samples under ssd",
        _REASON,
        _to_loss("min_num_negative_samples", "min_num_negative_samples"),
        trainers=BOTH,
    ),
    Step(
        104,
        "B5",
        "desired_negative_sampling_ratio under ssd",
        _REASON,
        _to_loss("desired_negative_sampling_ratio", "desired_negative_sampling_ratio"),
        trainers=BOTH,
    ),
    Step(105, "B3", "expected loss switched off under ssd", _REASON, _unexpected, trainers=BOTH),
    Step(106, "B2", "expected loss switched on under ssd", _REASON, _expected, trainers=BOTH),
    Step(107, "B6", "weight_regression_loss_by_score under ssd", _REASON, _weight_by_score, trainers=BOTH),
    Step(110, "R1", "first_stage_only", _REASON, _first_stage_only, trainers=BOTH),
    Step(111, "R2", "color_consistency fields of DeepMAC", _REASON, _color_consistency, trainers=BOTH),
    Step(112, "R3", "prefetch_buffer_size", _REASON, _prefetch_buffer, trainers=BOTH),
    Step(113, "R4", "mask_head in a box predictor", _REASON, _mask_heads, trainers=BOTH),
    Step(114, "R5", "other fields that are gone", _REASON, _others, ASK, BOTH),
]
