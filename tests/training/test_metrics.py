"""COCO metrics: cases small enough to compute by hand."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("pycocotools")

from cfgtool import schema, textproto
from cfgtool.errors import UserError
from cfgtool.training.run.metrics import MAIN_METRIC, NAMES, CocoMetrics, metric_problems

CLASSES = {1: "cat", 2: "dog"}
BOX = [10, 20, 60, 80]  # 50 high, 60 wide: medium
BIG = [0, 0, 200, 200]
HALF = [10, 20, 60, 50]  # IoU 0.5 with BOX


def _metrics(*images: dict[str, Any], per_class: bool = False) -> dict[str, float]:
    metrics = CocoMetrics(CLASSES)
    for image in images:
        empty = {
            "boxes": [],
            "classes": [],
            "detection_boxes": [],
            "detection_classes": [],
            "detection_scores": [],
        }
        metrics.add_image(**(empty | image))
    assert len(metrics) == len(images)
    return metrics.result(per_class)


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


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("", []),
        ("metrics_set: 'coco_detection_metrics' include_metrics_per_category: true", []),
        ("metrics_set: 'pascal_voc_detection_metrics'", ["metrics_set[0]"]),
        ("all_metrics_per_category: true", ["all_metrics_per_category"]),
        ("parameterized_metric { coco_keypoint_metrics { } }", ["parameterized_metric[0]"]),
    ],
)
def test_metrics_that_are_not_computed_are_named(text: str, paths: list[str]) -> None:
    config = schema.read_config(textproto.parse(text), root="EvalConfig")
    assert [path.lstrip(".") for path, _ in metric_problems(config)] == paths
