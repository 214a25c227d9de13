"""What else the schema has lost or changed since 2017: rows R1 to R8, read from its history.

Fields that are gone are a parse error in every current release; so is `600.0` where an integer is wanted.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cfgtool.migrate.age import gone_fields
from cfgtool.migrate.model import ASK, BOTH, UNSAFE, Step
from cfgtool.migrate.rewriting import (
    added_list,
    change,
    note,
    removed,
    removed_together,
    renamed,
    set_to,
)
from cfgtool.migrate.steps.s100_removed import BATCH_NORM_TRAINABLE, REASON
from cfgtool.schema import history
from cfgtool.textproto import Block, Scalar, parse_float, parse_int

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.migrate.draft import Draft, Place
    from cfgtool.migrate.model import Change

_REMOVED_HEADS = (
    ("ConvolutionalBoxPredictor", "mask_head"),
    ("WeightSharedConvolutionalBoxPredictor", "mask_head"),
)


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


def _occupancy(draft: Draft) -> Iterator[Change]:
    for place in draft.named("CenterNet", "occupancy_net_mask_prediction"):
        message = (
            "existed for two days of 2020; no trainer has this head, deepmac_mask_estimation has masks too"
        )
        yield change(message, removed(draft, place), exact=False)


def _padded_ratios(draft: Draft) -> Iterator[Change]:
    for step in draft.named("PreprocessingStep", "ssd_random_crop_pad_fixed_aspect_ratio"):
        operations = [child for child in draft.inside(step) if child.name == "operations"]
        for name in ("min_padded_size_ratio", "max_padded_size_ratio"):
            beside = any(child.name == name for child in draft.inside(step))
            ratios = [_ratio(draft, operation, name) for operation in operations]
            # One pair for all took the place of a pair for each: operations that differ are for the user.
            if beside or not ratios or len(ratios[0]) < 2 or len({tuple(ratio[:2]) for ratio in ratios}) > 1:
                continue
            yield _one_ratio(draft, step, operations, name, ratios[0][:2])


def _ratio(draft: Draft, operation: Place, name: str) -> list[str]:
    """The values of a ratio as written, none if they are no numbers."""
    values = [child for child in draft.inside(operation) if child.name == name]
    numbers = all(isinstance(child.node, Scalar) and child.node.kind != "string" for child in values)
    return [draft.text(child) for child in values] if numbers else []


def _one_ratio(draft: Draft, step: Place, operations: list[Place], name: str, ratio: list[str]) -> Change:
    """Move what all operations say to the place beside them."""
    assert isinstance(step.node, Block)
    gone = [child for operation in operations for child in draft.inside(operation) if child.name == name]
    message = "since 2018 one pair stands beside the operations, instead of a pair in each"
    new = added_list(draft, step.node, f"{step.path}.{name}", ratio)
    return change(message, removed_together(draft, gone), new)


def _whole_numbers(draft: Draft) -> Iterator[Change]:
    for place, value, since in _fractions(draft):
        if _fits(value):
            message = f"takes whole numbers only, since {since}"
            yield change(message, set_to(draft, place, str(int(value))))


def _broken_numbers(draft: Draft) -> Iterator[Change]:
    for place, value, since in _fractions(draft):
        if not _fits(value):
            yield note(draft, place, f"takes whole numbers only, since {since}; write the nearest one")


def _fits(value: float) -> bool:
    return value.is_integer() and abs(value) < 1 << 31


def _fractions(draft: Draft) -> Iterator[tuple[Place, float, str]]:
    """Every number with a point or an exponent in a field that was a float once and is an integer now, with
    the date of the change.
    """
    fields = {name: rows[-1][0] for name, rows in history.changed("type").items() if rows[-1][2] == "int32"}
    for place in draft.places:
        since = fields.get(f"{place.owner}.{place.name}")
        if since:
            try:
                parse_int(draft.text(place))
            except ValueError:
                with suppress(ValueError):
                    yield place, parse_float(draft.text(place)), since


def _others(draft: Draft) -> Iterator[Change]:
    for place, past in gone_fields(draft):
        # These have a step of their own, which waits for the user.
        if place.plain != BATCH_NORM_TRAINABLE and place.name != "occupancy_net_mask_prediction":
            yield note(draft, place, f"gone from the schema since {past.gone}; {past.instead}")


STEPS = [
    Step(110, "R1", "first_stage_only", REASON, _first_stage_only, trainers=BOTH),
    Step(111, "R2", "color_consistency fields of DeepMAC", REASON, _color_consistency, trainers=BOTH),
    Step(112, "R3", "prefetch_buffer_size", REASON, _prefetch_buffer, trainers=BOTH),
    Step(113, "R4", "mask_head in a box predictor", REASON, _mask_heads, trainers=BOTH),
    Step(114, "R6", "occupancy_net_mask_prediction of CenterNet", REASON, _occupancy, UNSAFE, BOTH),
    Step(115, "R7", "padded size ratios in each operation", REASON, _padded_ratios, trainers=BOTH),
    Step(116, "R8", "a float where an integer is wanted", REASON, _whole_numbers, trainers=BOTH),
    Step(117, "R8", "a fraction where an integer is wanted", REASON, _broken_numbers, ASK, BOTH),
    Step(118, "R5", "other fields that are gone", REASON, _others, ASK, BOTH),
]
