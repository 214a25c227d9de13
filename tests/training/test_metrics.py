"""COCO metrics: cases small enough to compute by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip("pycocotools")

from cfgtool import schema, textproto
from cfgtool.errors import UserError
from cfgtool.training.evaluation.metrics import (
    MAIN_METRIC,
    NAMES,
    CocoMetrics,
    ImageResult,
    VocMetrics,
    chosen_metrics,
    label_problems,
    metric_problems,
)

CLASSES = {1: "cat", 2: "dog"}
BOX = [10, 20, 60, 80]  # 50 high, 60 wide: medium
BIG = [0, 0, 200, 200]
HALF = [10, 20, 60, 50]  # IoU 0.5 with BOX


EMPTY: dict[str, Any] = {
    "boxes": [],
    "classes": [],
    "detection_boxes": [],
    "detection_classes": [],
    "detection_scores": [],
}


def _metrics(*images: dict[str, Any], **more: Any) -> dict[str, float]:
    metrics = CocoMetrics(CLASSES, **more)
    for image in images:
        metrics.add(ImageResult(**(EMPTY | image)))
    assert len(metrics) == len(images)
    assert list(metrics.result()) == metrics.names
    return metrics.result()


def _voc(*images: dict[str, Any], **more: Any) -> dict[str, float]:
    metrics = VocMetrics(CLASSES, **more)
    for image in images:
        metrics.add(ImageResult(**(EMPTY | image)))
    return metrics.result()


def _image(
    truths: list[list[int]], found: list[list[int]], scores: list[float] | None = None, **more: Any
) -> Any:
    return {
        "boxes": truths,
        "classes": [1] * len(truths),
        "detection_boxes": found,
        "detection_classes": [1] * len(found),
        "detection_scores": scores or [0.9] * len(found),
    } | more


def test_names_are_those_of_the_od_api() -> None:
    assert tuple(_metrics(_image([BOX], [BOX]))) == NAMES
    assert MAIN_METRIC == "DetectionBoxes_Precision/mAP"
    assert NAMES[5] == "DetectionBoxes_Precision/mAP (large)"
    assert NAMES[9] == "DetectionBoxes_Recall/AR@100 (small)"


def test_perfect_detections() -> None:
    result = _metrics(_image([BOX], [BOX]), _image([BIG], [BIG]))
    for name, value in result.items():
        assert value == pytest.approx(-1 if "small" in name else 1), name


def test_nothing_found() -> None:
    result = _metrics(_image([BOX], []))
    assert result["DetectionBoxes_Precision/mAP"] == 0
    assert result["DetectionBoxes_Recall/AR@100"] == 0


def test_overlap_of_a_half_counts_at_one_threshold_of_ten() -> None:
    result = _metrics(_image([BOX], [HALF]))
    assert result["DetectionBoxes_Precision/mAP@.50IOU"] == pytest.approx(1)
    assert result["DetectionBoxes_Precision/mAP@.75IOU"] == 0
    assert result["DetectionBoxes_Precision/mAP"] == pytest.approx(0.1)
    assert result["DetectionBoxes_Recall/AR@1"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("scores", "precision"),
    [
        ([0.9, 0.8], 1.0),  # right one first: precision 1 at every recall
        ([0.8, 0.9], 0.5),  # wrong one first: precision 1/2 where the object is found
    ],
)
def test_order_of_scores(scores: list[float], precision: float) -> None:
    result = _metrics(_image([BOX], [BOX, BIG], scores))
    assert result["DetectionBoxes_Precision/mAP"] == pytest.approx(precision)


def test_half_of_the_objects_found() -> None:
    """Precision 1 up to recall 0.5: 51 of the 101 recall points."""
    result = _metrics(_image([BOX], [BOX]), _image([BOX], []))
    assert result["DetectionBoxes_Precision/mAP"] == pytest.approx(51 / 101)
    assert result["DetectionBoxes_Recall/AR@100"] == pytest.approx(0.5)


def test_false_alarms_on_images_without_objects_count() -> None:
    result = _metrics(_image([BOX], [BOX], [0.5]), _image([], [BIG], [0.9]))
    assert result["DetectionBoxes_Precision/mAP"] == pytest.approx(0.5)


def test_second_detection_of_an_object_is_wrong() -> None:
    result = _metrics(_image([BOX, BIG], [BOX, BOX, BIG], [0.9, 0.8, 0.7]))
    # 1/1 up to recall 0.5 (51 points), then 2/3 (50 points)
    assert result["DetectionBoxes_Precision/mAP"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_detections_on_crowds_do_not_count() -> None:
    """The crowd is not an object to find, and any number of detections in it is no mistake."""
    crowded = _image([BOX, BIG], [BOX, [100, 100, 150, 150], [100, 150, 150, 190]], [0.5, 0.9, 0.8])
    assert _metrics(crowded | {"is_crowd": [False, True]})[MAIN_METRIC] == pytest.approx(1)
    assert _metrics(crowded | {"is_crowd": [False, False]})[MAIN_METRIC] < 0.5


def test_given_areas_decide_the_size_class() -> None:
    result = _metrics(_image([BOX], [BOX], area=[900.0]))
    assert result["DetectionBoxes_Precision/mAP (small)"] == pytest.approx(1)
    assert result["DetectionBoxes_Precision/mAP (medium)"] == -1
    result = _metrics(_image([BOX], [BOX], area=[0.0]))
    assert result["DetectionBoxes_Precision/mAP (medium)"] == pytest.approx(1)


def test_classes_are_apart() -> None:
    result = _metrics(
        _image([BOX, BIG], [BOX, BIG], classes=[1, 2], detection_classes=[1, 1]), per_class=True
    )
    assert result["DetectionBoxes_PerformanceByCategory/mAP/cat"] == pytest.approx(1)
    assert result["DetectionBoxes_PerformanceByCategory/mAP/dog"] == 0
    assert result["DetectionBoxes_Precision/mAP"] == pytest.approx(0.5)


def test_a_class_without_objects_is_minus_one_and_left_out_of_the_mean() -> None:
    result = _metrics(_image([BOX], [BOX, BIG], detection_classes=[1, 2]), per_class=True)
    assert result["DetectionBoxes_PerformanceByCategory/mAP/dog"] == -1
    assert result["DetectionBoxes_Precision/mAP"] == pytest.approx(1)


def test_no_objects_at_all() -> None:
    assert set(_metrics(_image([], [BOX])).values()) == {-1.0}


def test_no_images() -> None:
    with pytest.raises(UserError, match="no images"):
        CocoMetrics(CLASSES).result()


def test_pycocotools_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    _metrics(_image([BOX], [BOX]))
    assert capfd.readouterr().out == ""


def test_all_numbers_of_a_class_are_those_of_that_class_alone() -> None:
    first = _image([BOX, BIG], [BOX, HALF, BIG], [0.9, 0.8, 0.7], classes=[1, 2], detection_classes=[1, 2, 2])
    second = _image([BOX, BIG], [HALF], [0.6], classes=[2, 1], detection_classes=[1])
    both = _metrics(first, second, all_per_class=True)
    for number, name in CLASSES.items():
        alone = CocoMetrics({number: name})
        for image in (first, second):
            alone.add(ImageResult(**image))
        for key, value in alone.result().items():
            assert both[f"{key} ByCategory/{name}"] == pytest.approx(value), key


def test_groups_are_means_of_their_classes() -> None:
    image = _image([BOX, BIG], [BOX, BIG], classes=[1, 2], detection_classes=[1, 1])
    result = _metrics(image, groups={"pets": ("cat", "dog"), "cats": ("cat",)}, all_per_class=True)
    assert result["DetectionBoxes_PerformanceBySuperCategory/pets"] == pytest.approx(0.5)
    assert result["DetectionBoxes_PerformanceBySuperCategory/cats"] == pytest.approx(1.0)
    assert result["DetectionBoxes_Recall/AR@1 BySuperCategory/pets"] == pytest.approx(0.5)


def test_a_group_counts_its_classes_with_groundtruth_only() -> None:
    result = _metrics(_image([BOX], [BOX]), groups={"pets": ("cat", "dog")})
    assert result["DetectionBoxes_PerformanceBySuperCategory/pets"] == pytest.approx(1.0)


def test_curves_give_the_average_precision_of_their_class() -> None:
    metrics = CocoMetrics(CLASSES, per_class=True)
    metrics.add(ImageResult(**_image([BOX, BIG], [BOX, BOX, BIG], [0.9, 0.8, 0.7])))
    curves, result = metrics.curves(), metrics.result()
    assert list(curves.precision) == ["cat"]
    assert curves.recall.tolist() == pytest.approx([step / 100 for step in range(101)])
    assert curves.precision["cat"].tolist() == pytest.approx([1.0] * 51 + [2 / 3] * 50)
    assert curves.mean.mean() == pytest.approx(result[f"{MAIN_METRIC}@.50IOU"])
    assert curves.average_precision["cat"] == pytest.approx(result["DetectionBoxes_Precision/mAP@.50IOU"])


def test_curves_without_groundtruth_are_empty() -> None:
    metrics = CocoMetrics(CLASSES)
    metrics.add(ImageResult(**(EMPTY | _image([], [BOX]))))
    assert metrics.curves().precision == {}
    assert not metrics.curves().mean.size


def test_voc_counts_every_point_of_the_curve() -> None:
    """2 of 3 objects found: precision 1 up to recall 1/3, then 2/3 up to 2/3, then 0."""
    result = _voc(_image([BOX, BIG], [BOX, BOX, BIG], [0.9, 0.8, 0.7]), _image([BOX], []))
    assert result["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(1 / 3 + 2 / 3 * 1 / 3)


def test_voc_of_a_class_without_objects_is_no_number() -> None:
    result = _voc(_image([BOX], [BOX]))
    assert math.isnan(result["PascalBoxes_PerformanceByCategory/AP@0.5IOU/dog"])
    assert result["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(1.0)
    assert all(math.isnan(value) for value in _voc(_image([], [BOX])).values())
    assert all(math.isnan(value) for value in _voc().values())


def test_equal_scores_count_in_their_order() -> None:
    assert _voc(_image([BOX], [BOX, BIG], [0.5, 0.5]))["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(
        1.0
    )
    assert _voc(_image([BOX], [BIG, BOX], [0.5, 0.5]))["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(
        0.5
    )


def test_difficult_objects_need_not_be_found() -> None:
    image = _image([BOX, BIG], [BOX, BIG], [0.5, 0.9], difficult=[False, True])
    assert _voc(image)["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(1.0)
    missed = _image([BOX, BIG], [BOX], [0.5], difficult=[False, True])
    assert _voc(missed)["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(1.0)
    assert _voc(missed, use_difficult=False)["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(0.5)


def test_a_group_forgives_or_counts_once() -> None:
    """Two detections in a group: ignored without weight, one right object with it."""
    inside = [[10, 10, 60, 60], [100, 100, 150, 150]]
    image = _image([BIG], inside, [0.9, 0.8], group_of=[True])
    assert math.isnan(_voc(image, group_weight=0.0)["PascalBoxes_Precision/mAP@0.5IOU"])
    assert _voc(image, group_weight=1.0)["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(1.0)
    assert _voc(image)["PascalBoxes_Precision/mAP@0.5IOU"] == 0.0


def test_boxes_without_area_are_no_detections() -> None:
    image = _image([BOX], [[50, 50, 50, 90], BOX], [0.9, 0.8])
    assert _voc(image)["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(1.0)


@pytest.mark.parametrize("skip", [False, True])
def test_detections_of_classes_that_nobody_looked_for(skip: bool) -> None:
    text = "metrics_set: ['coco_detection_metrics', 'precision_at_recall_detection_metrics']"
    text += f" skip_predictions_for_unlabeled_class: {str(skip).lower()}"
    image = _image([BOX], [BOX, BIG], [0.5, 0.9], labeled=[True, False], detection_classes=[1, 2])
    other = _image(
        [BIG], [BIG], classes=[2], detection_classes=[2], detection_scores=[0.8], labeled=[True, True]
    )
    coco, band = chosen_metrics(_eval_config(text), CLASSES)
    for metric in (coco, band):
        metric.add(ImageResult(**image))
        metric.add(ImageResult(**other))
    assert coco.result()[MAIN_METRIC] == pytest.approx(1.0 if skip else 0.75)
    assert band.result()["PrecisionAtRecallBoxes_Precision/mAP@0.5IOU"] == pytest.approx(
        1.0 if skip else 0.75
    )


def test_several_sets_at_once_and_each_once() -> None:
    text = "metrics_set: ['pascal_voc_detection_metrics', 'coco_detection_metrics', 'pascal_voc_detection_metrics']"
    names = [metric.names[0] for metric in chosen_metrics(_eval_config(text), CLASSES)]
    assert names == ["PascalBoxes_Precision/mAP@0.5IOU", MAIN_METRIC]


def test_per_class_numbers_are_asked_for_by_flag_or_config() -> None:
    name = "DetectionBoxes_PerformanceByCategory/mAP/cat"
    assert name not in chosen_metrics(_eval_config(""), CLASSES)[0].names
    assert name in chosen_metrics(_eval_config(""), CLASSES, per_class=True)[0].names
    assert name in chosen_metrics(_eval_config("include_metrics_per_category: true"), CLASSES)[0].names
    every = chosen_metrics(_eval_config("all_metrics_per_category: true"), CLASSES)[0].names
    assert f"{MAIN_METRIC} ByCategory/cat" in every


def test_super_categories_of_unknown_classes_are_named() -> None:
    config = _eval_config(
        'super_categories { key: "pets" value: "cat, dgo" } super_categories { key: "none" value: "" }'
    )
    assert [message for _, message in label_problems(config, CLASSES, [])] == [
        "super category 'pets' has class 'dgo', which is not in the label map; did you mean 'dog'?",
        "super category 'none' has no classes",
    ]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("", []),
        ("metrics_set: 'coco_detection_metrics' include_metrics_per_category: true", []),
        ("metrics_set: 'pascal_voc_detection_metrics' all_metrics_per_category: true", []),
        ("metrics_set: 'coco_panoptic_metrics'", ["metrics_set[0]"]),
        ("metrics_set: 'coco_keypoint_metrics'", ["metrics_set[0]"]),
        ("metrics_set: 'coco_detection_metric'", ["metrics_set[0]"]),
        ("parameterized_metric { }", ["parameterized_metric[0]"]),
        (
            "parameterized_metric { coco_keypoint_metrics { } }",
            ["parameterized_metric[0].coco_keypoint_metrics"],
        ),
        ("recall_lower_bound: 0.9 recall_upper_bound: 0.1", []),
        (
            "metrics_set: 'precision_at_recall_detection_metrics' recall_lower_bound: 0.9 recall_upper_bound: 0.1",
            ["recall_lower_bound"],
        ),
    ],
)
def test_metrics_that_are_not_computed_are_named(text: str, paths: list[str]) -> None:
    assert [path.lstrip(".") for path, _ in metric_problems(_eval_config(text))] == paths


def _eval_config(text: str) -> schema.Config:
    return schema.read_config(textproto.parse(text), root="EvalConfig")
