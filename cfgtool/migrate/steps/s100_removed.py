"""Fields that the schema no longer has: a config that holds one is a parse error in every current release.

Rows B1 to B6 of the migration tables, the fields of SSD; `s110_history` has all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import BOTH, UNSAFE, Step
from cfgtool.migrate.rewriting import Part, added, added_below, blocks_of, change, removed
from cfgtool.textproto import Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfgtool.migrate.draft import Draft
    from cfgtool.migrate.model import Change

_SSD = "model.ssd"
_EXPECTED = f"{_SSD}.use_expected_classification_loss_under_sampling"
BATCH_NORM_TRAINABLE = f"{_SSD}.feature_extractor.batch_norm_trainable"


def freeze(draft: Draft) -> list[Part]:
    """Parts that switch `freeze_batchnorm` on, none if the config sets it either way."""
    if draft.find(f"{_SSD}.freeze_batchnorm"):
        return []
    return [added(draft, blocks_of(draft, _SSD)[-1], f"{_SSD}.freeze_batchnorm", "true")]


def _trainable(draft: Draft) -> Iterator[Change]:
    for place in draft.find(BATCH_NORM_TRAINABLE):
        if draft.is_true(place):
            message = "the field is gone since 2018, and true is what happens without it"
            yield change(message, removed(draft, place))


def _not_trainable(draft: Draft) -> Iterator[Change]:
    for place in draft.find(BATCH_NORM_TRAINABLE):
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
            elif not isinstance(place.node, Scalar):
                yield change("has no number that could be moved", removed(draft, place), exact=False)
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


REASON = "today's schema refuses the config"

STEPS = [
    Step(100, "B1", "batch_norm_trainable: true under ssd", REASON, _trainable, trainers=BOTH),
    Step(101, "B1", "batch_norm_trainable: false under ssd", REASON, _not_trainable, UNSAFE, BOTH),
    Step(
        102,
        "B4",
        "minimum_negative_sampling under ssd",
        REASON,
        _to_loss("minimum_negative_sampling", "min_num_negative_samples"),
        trainers=BOTH,
    ),
    Step(
        103,
        "B4",
        "min_num_negative_samples under ssd",
        REASON,
        _to_loss("min_num_negative_samples", "min_num_negative_samples"),
        trainers=BOTH,
    ),
    Step(
        104,
        "B5",
        "desired_negative_sampling_ratio under ssd",
        REASON,
        _to_loss("desired_negative_sampling_ratio", "desired_negative_sampling_ratio"),
        trainers=BOTH,
    ),
    Step(105, "B3", "expected loss switched off under ssd", REASON, _unexpected, trainers=BOTH),
    Step(106, "B2", "expected loss switched on under ssd", REASON, _expected, trainers=BOTH),
    Step(107, "B6", "weight_regression_loss_by_score under ssd", REASON, _weight_by_score, trainers=BOTH),
]
