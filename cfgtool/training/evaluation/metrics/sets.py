"""The metrics that an `EvalConfig` asks for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Protocol

from cfgtool.schema import Config
from cfgtool.training.evaluation.metrics.coco import CocoMetrics
from cfgtool.training.evaluation.metrics.image import ImageResult
from cfgtool.training.evaluation.metrics.voc import Unlabeled, VocMetrics

COCO = "coco_detection_metrics"
RECALL_BAND = "precision_at_recall_detection_metrics"
OPEN_IMAGES_CHALLENGE = "oid_challenge_detection_metrics"
SUPPORTED_SETS = (
    COCO,
    "pascal_voc_detection_metrics",
    "weighted_pascal_voc_detection_metrics",
    "oid_V2_detection_metrics",
    OPEN_IMAGES_CHALLENGE,
    RECALL_BAND,
)
_OF_MASKS = (
    "coco_mask_metrics",
    "lvis_mask_metrics",
    "oid_challenge_segmentation_metrics",
    "pascal_voc_instance_segmentation_metrics",
    "weighted_pascal_voc_instance_segmentation_metrics",
)
_OTHERS = {
    **dict.fromkeys(_OF_MASKS, "compares masks"),
    "coco_keypoint_metrics": "compares keypoints",
    "coco_panoptic_metrics": "compares segmentations",
}


class Metric(Protocol):
    """One set of metrics: takes images one by one, then says its numbers."""

    @property
    def names(self) -> list[str]:
        """The names of its numbers, the main one first."""

    def add(self, image: ImageResult) -> None:
        """Count one image."""

    def result(self) -> dict[str, float]:
        """The numbers by name."""


def chosen_metrics(config: Config, classes: Mapping[int, str], *, per_class: bool = False) -> list[Metric]:
    """The metrics of an `EvalConfig`, COCO's where it names none; `classes` maps class ids to names.

    `per_class` adds the mAP of every class to COCO's numbers, as `include_metrics_per_category` does; the others
    always have it.
    """
    return [_metric(name, config, classes, per_class) for name in set_names(config)]


def set_names(config: Config) -> list[str]:
    """The names of the sets that an `EvalConfig` asks for, each once."""
    return list(dict.fromkeys(config.texts("metrics_set"))) or [COCO]


def _metric(name: str, config: Config, classes: Mapping[int, str], per_class: bool) -> Metric:
    skip = config.flag("skip_predictions_for_unlabeled_class")
    match name:
        case "pascal_voc_detection_metrics":
            return VocMetrics(classes)
        case "weighted_pascal_voc_detection_metrics":
            return VocMetrics(classes, "WeightedPascalBoxes", pooled=True)
        case "oid_V2_detection_metrics":
            return VocMetrics(classes, "OpenImagesV2", use_difficult=False, group_weight=0.0)
        case "oid_challenge_detection_metrics":
            return VocMetrics(
                classes,
                "OpenImagesDetectionChallenge",
                use_difficult=False,
                group_weight=1.0,
                unlabeled=Unlabeled.SKIP_UNLESS_BOXED,
            )
        case "precision_at_recall_detection_metrics":
            return VocMetrics(
                classes,
                "PrecisionAtRecallBoxes",
                recalls=(config.number("recall_lower_bound"), config.number("recall_upper_bound")),
                unlabeled=Unlabeled.SKIP if skip else Unlabeled.COUNT,
            )
        case _:
            return CocoMetrics(
                classes,
                per_class=per_class or config.flag("include_metrics_per_category"),
                all_per_class=config.flag("all_metrics_per_category"),
                groups=_groups(config),
                skip_unlabeled=skip,
            )


def _groups(config: Config) -> dict[str, tuple[str, ...]]:
    """Name of a super category -> the names of its classes."""
    groups = config.mapping("super_categories")
    return {
        name: tuple(part.strip() for part in members.split(",") if part.strip())
        for name, members in groups.items()
    }


def unknown_members(config: Config, classes: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) for super categories of classes that the label map does not have."""
    for name, members in _groups(config).items():
        path = f"{config.path}.super_categories"
        if not members:
            yield path, f"super category {name!r} has no classes"
        for member in members:
            if member not in classes.values():
                near = difflib.get_close_matches(member, list(classes.values()), 1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                yield (
                    path,
                    f"super category {name!r} has class {member!r}, which is not in the label map{meant}",
                )


def metric_problems(eval_config: Config) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) for each metric that `eval_config` asks for and we do not compute."""
    for entry in eval_config.entries("metrics_set"):
        if entry.value in _OTHERS:
            yield (
                entry.path,
                f"metrics_set '{entry.value}' {_OTHERS[entry.value]}, and SSD predicts boxes only",
            )
        elif entry.value not in SUPPORTED_SETS:
            supported = ", ".join(SUPPORTED_SETS)
            yield entry.path, f"metrics_set '{entry.value}' is not known, only {supported}"
    for entry in eval_config.entries("parameterized_metric"):
        yield entry.path, "'parameterized_metric' compares keypoints, and SSD predicts boxes only"
    if RECALL_BAND in set_names(eval_config):
        low, high = eval_config.number("recall_lower_bound"), eval_config.number("recall_upper_bound")
        if not 0.0 <= low < high <= 1.0:
            message = f"recall_lower_bound '{low}' and recall_upper_bound '{high}' are no range within 0 to 1"
            yield f"{eval_config.path}.recall_lower_bound", message
