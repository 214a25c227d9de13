"""Table C: names in `eval_config.metrics_set`. Rows are numbered C1 to C6 from the top.

C7 are the names of 2017, which the evaluator of that year had for the same classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, BOTH, SAME, TF1, UNSAFE, Change, Effect, Step
from cfgtool.migrate.rewriting import added, blocks_of, change, note, quoted, removed, set_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cfgtool.migrate.draft import Draft, Place

_METRICS = "eval_config.metrics_set"
_RENAMED = (
    ("C1", "open_images_V2_detection_metrics", "oid_V2_detection_metrics"),
    ("C2", "oid_challenge_object_detection_metrics", "oid_challenge_detection_metrics"),
)
_OF_2017 = (
    ("C7", "pascal_voc_metrics", "pascal_voc_detection_metrics"),
    ("C7", "weighted_pascal_voc_metrics", "weighted_pascal_voc_detection_metrics"),
    ("C7", "open_images_metrics", "oid_V2_detection_metrics"),
)
_PER_CATEGORY = (
    "include_metrics_per_category",
    "all_metrics_per_category",
    "skip_predictions_for_unlabeled_class",
)


def _metrics(draft: Draft, name: str) -> list[Place]:
    return [place for place in draft.find(_METRICS) if draft.string(place) == name]


def _rename(old: str, new: str) -> Callable[[Draft], Iterator[Change]]:
    def run(draft: Draft) -> Iterator[Change]:
        for place in _metrics(draft, old):
            # Renamed, the two would compute the same metrics twice.
            if _metrics(draft, new):
                yield change(f"the same metrics as {new!r}, which is there too", removed(draft, place))
            else:
                part = set_to(draft, place, quoted(new, draft.text(place)))
                yield change(f"the same metrics are called {new!r} now", part)

    return run


def _legacy_default(draft: Draft) -> Iterator[Change]:
    blocks = blocks_of(draft, "eval_config")
    if draft.plan.source != TF1 or draft.plan.target == SAME or not blocks or draft.find(_METRICS):
        return
    message = (
        "without metrics_set TF2 computes coco_detection_metrics; if the job used TF1's legacy evaluator,"
        " write"
        " pascal_voc_detection_metrics to keep its numbers"
    )
    yield Change(message, (Effect(_METRICS, blocks[0].start, None, None),))


def _keypoints(draft: Draft) -> Iterator[Change]:
    for place in _metrics(draft, "coco_keypoint_metrics"):
        message = (
            "needs values of yours: parameterized_metric { coco_keypoint_metrics { class_label and sigmas } }"
        )
        yield note(draft, place, message)


def _panoptic(draft: Draft) -> Iterator[Change]:
    for place in _metrics(draft, "coco_panoptic_metrics"):
        yield change("the TF2 evaluator cannot compute panoptic metrics", removed(draft, place), exact=False)


def _per_category(draft: Draft) -> Iterator[Change]:
    # With any metrics named the options act already.
    if draft.find(_METRICS):
        return
    options = [
        place for name in _PER_CATEGORY for place in draft.find(f"eval_config.{name}") if draft.is_true(place)
    ]
    options += draft.find("eval_config.super_categories")
    if options:
        message = (
            f"{options[0].name} acts only where metrics_set names the metrics; the default is written out"
        )
        block = blocks_of(draft, "eval_config")[-1]
        yield change(message, added(draft, block, f"{_METRICS}[0]", '"coco_detection_metrics"'), exact=False)


def _renames(number: int, rows: Iterable[tuple[str, str, str]], reason: str) -> Iterator[Step]:
    for index, (id_, old, new) in enumerate(rows):
        yield Step(number + index, id_, f"{old} in metrics_set", reason, _rename(old, new), trainers=BOTH)


STEPS = [
    *_renames(300, _RENAMED, "only the TF1 legacy evaluator knows the old name"),
    Step(303, "C5", "coco_panoptic_metrics", "the TF2 evaluator stops with an error", _panoptic, UNSAFE),
    Step(304, "C4", "coco_keypoint_metrics in metrics_set", "they need parameters", _keypoints, ASK),
    Step(305, "C3", "metrics_set left to its default", "the defaults differ", _legacy_default, ASK),
    *_renames(306, _OF_2017, "no evaluator since 2018 knows the old name"),
    # After all that may empty metrics_set, or fill it (H1).
    Step(320, "C6", "options per category without metrics_set", "they are ignored", _per_category),
]
