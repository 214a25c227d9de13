"""The metrics that an `EvalConfig` asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from cfgtool.data.label_map import LabelMapItem
from cfgtool.schema import Config
from cfgtool.training.evaluation.metrics.coco import CocoMetrics
from cfgtool.training.evaluation.metrics.image import Compared, ImageResult
from cfgtool.training.evaluation.metrics.keypoints import KeypointMetrics
from cfgtool.training.evaluation.metrics.lvis import LvisMetrics
from cfgtool.training.evaluation.metrics.voc import Unlabeled, VocMetrics

COCO = "coco_detection_metrics"
COCO_MASKS = "coco_mask_metrics"
LVIS = "lvis_mask_metrics"
RECALL_BAND = "precision_at_recall_detection_metrics"
OPEN_IMAGES_CHALLENGE = ("oid_challenge_detection_metrics", "oid_challenge_segmentation_metrics")
COMPARED: dict[str, Compared] = {
    COCO: "boxes",
    COCO_MASKS: "masks",
    "pascal_voc_detection_metrics": "boxes",
    "weighted_pascal_voc_detection_metrics": "boxes",
    "pascal_voc_instance_segmentation_metrics": "masks",
    "weighted_pascal_voc_instance_segmentation_metrics": "masks",
    "oid_V2_detection_metrics": "boxes",
    "oid_challenge_detection_metrics": "boxes",
    "oid_challenge_segmentation_metrics": "masks",
    RECALL_BAND: "boxes",
    LVIS: "masks",
}
"""Each set that is computed, and what it compares."""
PARAMETERIZED = "coco_keypoint_metrics"
"""What a `ParameterizedMetric` may be; it has settings, and so is no set."""


class Metric(Protocol):
    """One set of metrics: takes images one by one, then says its numbers."""

    @property
    def compares(self) -> Compared:
        """What of the objects it needs beside their boxes."""

    @property
    def names(self) -> list[str]:
        """The names of its numbers, the main one first."""

    def add(self, image: ImageResult) -> None:
        """Count one image."""

    def result(self) -> dict[str, float]:
        """The numbers by name."""


def chosen_metrics(
    config: Config,
    classes: Mapping[int, str],
    items: Iterable[LabelMapItem] = (),
    *,
    per_class: bool = False,
) -> list[Metric]:
    """The metrics of an `EvalConfig`, COCO's where it names none; `classes` maps class ids to names.

    `items` are those of the label map, with the keypoints and frequencies that some metrics need. `per_class` adds the
    mAP of every class to COCO's numbers, as `include_metrics_per_category` does; the others always have it.
    """
    items = list(items)
    found = [_metric(name, config, classes, items, per_class) for name in set_names(config)]
    for settings in keypoint_settings(config):
        item = keypoint_item(settings, items)
        if item is not None:
            sigmas = settings.mapping("keypoint_label_to_sigmas")
            found.append(KeypointMetrics(item.id, item.title, item.keypoint_ids, sigmas))
    return found


def set_names(config: Config) -> list[str]:
    """The names of the sets that an `EvalConfig` asks for, each once."""
    names = config.texts("metrics_set") or [COCO]
    return list(dict.fromkeys(names + [COCO_MASKS] * config.flag("eval_instance_masks")))


def compares_masks(config: Config) -> bool:
    """Whether an `EvalConfig` asks for metrics of masks."""
    return any(COMPARED.get(name) == "masks" for name in set_names(config))


def keypoint_settings(config: Config) -> list[Config]:
    """The `CocoKeypointMetrics` messages of an `EvalConfig`."""
    wanted = config.messages("parameterized_metric")
    return [one.message(PARAMETERIZED) for one in wanted if one.has(PARAMETERIZED)]


def keypoint_item(settings: Config, items: Iterable[LabelMapItem]) -> LabelMapItem | None:
    """The item of the class that a `CocoKeypointMetrics` message is about."""
    label = settings.text("class_label")
    return next((item for item in items if label in (item.title, item.name)), None)


def _metric(
    name: str, config: Config, classes: Mapping[int, str], items: list[LabelMapItem], per_class: bool
) -> Metric:
    skip = config.flag("skip_predictions_for_unlabeled_class")
    masks = COMPARED.get(name) == "masks"
    match name:
        case "pascal_voc_detection_metrics":
            return VocMetrics(classes)
        case "weighted_pascal_voc_detection_metrics":
            return VocMetrics(classes, "WeightedPascalBoxes", pooled=True)
        case "pascal_voc_instance_segmentation_metrics":
            return VocMetrics(classes, "PascalMasks", masks=True)
        case "weighted_pascal_voc_instance_segmentation_metrics":
            return VocMetrics(classes, "WeightedPascalMasks", masks=True, pooled=True)
        case "oid_V2_detection_metrics":
            return VocMetrics(classes, "OpenImagesV2", use_difficult=False, group_weight=0.0)
        case "oid_challenge_detection_metrics" | "oid_challenge_segmentation_metrics":
            return VocMetrics(
                classes,
                f"OpenImages{'InstanceSegmentation' if masks else 'Detection'}Challenge",
                masks=masks,
                use_difficult=False,
                group_weight=0.0 if masks else 1.0,
                unlabeled=Unlabeled.SKIP_UNLESS_BOXED,
            )
        case "precision_at_recall_detection_metrics":
            return VocMetrics(
                classes,
                "PrecisionAtRecallBoxes",
                recalls=(config.number("recall_lower_bound"), config.number("recall_upper_bound")),
                unlabeled=Unlabeled.SKIP if skip else Unlabeled.COUNT,
            )
        case "lvis_mask_metrics":
            return LvisMetrics(classes, {item.id: item.frequency for item in reversed(items)})
        case _:
            return CocoMetrics(
                classes,
                masks=masks,
                per_class=per_class or config.flag("include_metrics_per_category"),
                all_per_class=config.flag("all_metrics_per_category"),
                groups=groups_of(config),
                skip_unlabeled=skip,
            )


def groups_of(config: Config) -> dict[str, tuple[str, ...]]:
    """Name of a super category -> the names of its classes."""
    groups = config.mapping("super_categories")
    return {
        name: tuple(part.strip() for part in members.split(",") if part.strip())
        for name, members in groups.items()
    }
