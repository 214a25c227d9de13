"""Metrics of masks and keypoints: cases small enough to compute by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycocotools")

from cfgtool import schema, textproto
from cfgtool.data.label_map import LabelMapItem
from cfgtool.errors import UserError
from cfgtool.training.evaluation.metrics import (
    CocoMetrics,
    ImageResult,
    Metric,
    VocMetrics,
    chosen_metrics,
    label_problems,
)
from cfgtool.training.evaluation.metrics.keypoints import KeypointMetrics
from cfgtool.training.evaluation.metrics.lvis import LvisMetrics
from cfgtool.training.evaluation.metrics.masks import Rle, areas, encoded, mask_overlaps
from cfgtool.training.evaluation.metrics.voc import Unlabeled

CLASSES = {1: "cat", 2: "dog"}
SIDE = 40
BOX = [0, 0, 20, 20]
OTHER = [20, 20, 40, 40]
NONE = [0, 0, 0, 0]


def rle(box: list[int]) -> Rle:
    """The mask that fills a box."""
    mask = np.zeros((1, SIDE, SIDE), np.uint8)
    mask[0, box[0] : box[2], box[1] : box[3]] = 1
    return encoded(mask)[0]


def image(
    truths: list[list[int]], found: list[list[int]], scores: list[float] | None = None, **more: Any
) -> ImageResult:
    """Objects and detections that fill their boxes; `masks` and `detection_masks` may be other boxes."""
    given = {
        "boxes": truths,
        "classes": [1] * len(truths),
        "detection_boxes": found,
        "detection_classes": [1] * len(found),
        "detection_scores": scores or [0.9] * len(found),
        "masks": truths,
        "detection_masks": found,
    } | more
    given["masks"], given["detection_masks"] = (
        [rle(box) for box in given[name]] for name in ("masks", "detection_masks")
    )
    return ImageResult(**given)


def result(metric: Metric, *images: ImageResult) -> dict[str, float]:
    for one in images:
        metric.add(one)
    found = metric.result()
    assert list(found) == metric.names
    return found


def test_masks_are_counted_without_their_pixels() -> None:
    masks = np.zeros((3, 4, 6), np.uint8)
    masks[0, :2, :3] = 1
    masks[1, 1:3, :3] = 7
    found = encoded(masks)
    assert [one["size"] for one in found] == [[4, 6]] * 3
    assert areas(found).tolist() == [6, 6, 0]
    assert mask_overlaps(found[:2], found).tolist() == [[1, 3 / 9, 0], [3 / 9, 1, 0]]
    assert mask_overlaps(found[:1], found[1:2], of_found=True).tolist() == [[0.5]]
    assert encoded(masks[:0]) == []
    assert areas([]).shape == (0,)
    assert mask_overlaps([], found).shape == (0, 3)


def test_masks_are_compared_and_not_their_boxes() -> None:
    """The boxes are the same, of the mask half is found: right at one threshold of ten."""
    half = image([BOX], [BOX], detection_masks=[[0, 0, 20, 10]])
    found = result(CocoMetrics(CLASSES, masks=True), half)
    assert found["DetectionMasks_Precision/mAP@.50IOU"] == pytest.approx(1)
    assert found["DetectionMasks_Precision/mAP@.75IOU"] == 0
    assert found["DetectionMasks_Precision/mAP"] == pytest.approx(0.1)
    assert found["DetectionMasks_Recall/AR@100"] == pytest.approx(0.1)
    boxes = image([BOX], [BOX], detection_masks=[[0, 0, 20, 10]])
    assert result(CocoMetrics(CLASSES), boxes)["DetectionBoxes_Precision/mAP"] == pytest.approx(1)


def test_masks_on_a_crowd_do_not_count() -> None:
    """Half of the detection lies in the crowd, which is enough at a threshold of a half."""
    crowded = image([BOX, OTHER], [BOX, OTHER], [0.5, 0.9], is_crowd=[False, True])
    assert result(CocoMetrics(CLASSES, masks=True), crowded)["DetectionMasks_Precision/mAP"] == pytest.approx(
        1
    )
    single = image([BOX, OTHER], [BOX, [20, 20, 21, 21]], [0.5, 0.9], is_crowd=[False, False])
    assert result(CocoMetrics(CLASSES, masks=True), single)["DetectionMasks_Precision/mAP"] < 0.5


def test_the_area_that_is_given_decides_the_size_class() -> None:
    found = result(CocoMetrics(CLASSES, masks=True), image([BOX], [BOX], area=[2000.0]))
    assert found["DetectionMasks_Precision/mAP (medium)"] == pytest.approx(1)
    assert found["DetectionMasks_Precision/mAP (small)"] == -1


def test_classes_groups_and_curves_of_masks() -> None:
    metric = CocoMetrics(CLASSES, masks=True, all_per_class=True, groups={"pets": ("cat", "dog")})
    found = result(metric, image([BOX, OTHER], [BOX, OTHER], classes=[1, 2], detection_classes=[1, 1]))
    assert found["DetectionMasks_PerformanceByCategory/mAP/cat"] == pytest.approx(1)
    assert found["DetectionMasks_Recall/AR@1 ByCategory/dog"] == 0
    assert found["DetectionMasks_PerformanceBySuperCategory/pets"] == pytest.approx(0.5)
    curves = metric.curves()
    assert curves.compares == "masks"
    assert curves.average_precision == {"cat": pytest.approx(1), "dog": 0}


@pytest.mark.parametrize("masks", [False, True])
def test_names_belong_to_their_class_in_whatever_order_these_come(masks: bool) -> None:
    metric = CocoMetrics({2: "dog", 1: "cat"}, masks=masks, per_class=True)
    found = result(metric, image([BOX, OTHER], [BOX], classes=[1, 2]))
    by_class = {name.rpartition("/")[2]: value for name, value in found.items() if "ByCategory" in name}
    assert by_class == {"cat": pytest.approx(1), "dog": 0}
    assert set(metric.curves().precision) == {"cat", "dog"}
    assert metric.curves().precision["dog"].max() == 0


# PASCAL VOC and Open Images


def voc(*images: ImageResult, **more: Any) -> float:
    found = result(VocMetrics(CLASSES, "X", masks=True, **more), *images)
    return found["X_Precision/mAP@0.5IOU"]


def test_voc_compares_masks() -> None:
    assert voc(image([BOX], [BOX], detection_masks=[[0, 0, 20, 9]])) == 0
    assert voc(image([BOX], [BOX], detection_masks=[[0, 0, 20, 10]])) == 1


def test_objects_without_a_mask_forgive_one_detection_each() -> None:
    """The second one on the box is wrong, and so is one that lies elsewhere."""
    truths = {"masks": [BOX, NONE]}
    assert voc(image([BOX, OTHER], [BOX, OTHER], [0.5, 0.9], **truths)) == 1
    assert voc(image([BOX, OTHER], [BOX, OTHER, OTHER], [0.5, 0.9, 0.8], **truths)) == 0.5
    assert voc(image([BOX, OTHER], [BOX, [0, 20, 20, 40]], [0.5, 0.9], **truths)) == 0.5
    assert math.isnan(voc(image([OTHER], [OTHER], masks=[NONE]))), "nothing is to be found"


def test_a_difficult_object_without_a_mask_forgives_all() -> None:
    hard = image([BOX, OTHER], [BOX, OTHER, OTHER], [0.5, 0.9, 0.8], masks=[BOX, NONE], difficult=[0, 1])
    assert voc(hard) == 1


def test_groups_forgive_masks_that_lie_in_them() -> None:
    inside = image([BOX, OTHER], [BOX, [20, 20, 30, 30]], [0.5, 0.9], group_of=[False, True])
    assert voc(inside) == 0.25, "an object like any other, and not found"
    assert voc(inside, group_weight=0.0, unlabeled=Unlabeled.SKIP_UNLESS_BOXED) == 1
    known = {"masks": [BOX, NONE], "group_of": [False, True]}
    by_box = image([BOX, OTHER], [BOX, [20, 20, 30, 30]], [0.5, 0.9], **known)
    assert voc(by_box, group_weight=0.0) == 1


# LVIS


def lvis(*images: ImageResult, frequencies: dict[int, str] | None = None) -> dict[str, float]:
    return result(LvisMetrics(CLASSES, frequencies or {1: "RARE", 2: "FREQUENT"}), *images)


def test_lvis_counts_classes_that_are_known_to_be_there_or_not() -> None:
    wrong = {"classes": [1], "detection_classes": [1, 2]}
    second = image([OTHER], [], classes=[2])
    for more, value in (({}, 1.0), ({"absent": [False, True]}, 0.5)):
        alarm = image([BOX], [BOX, OTHER], [0.9, 0.8], **wrong, **more)
        right = image([OTHER], [OTHER], [0.5], classes=[2], detection_classes=[2])
        found = lvis(alarm, right)
        assert found["DetectionMasks_APr"] == pytest.approx(1)
        assert found["DetectionMasks_APf"] == pytest.approx(value)
        assert found["DetectionMasks_AP"] == pytest.approx((1 + value) / 2)
        assert found["DetectionMasks_APc"] == -1
    assert lvis(second)["DetectionMasks_AR@300"] == 0


def test_lvis_forgives_where_not_every_object_is_labelled() -> None:
    for labelled, value in (([False, False], 0.5), ([True, False], 1.0)):
        found = lvis(image([BOX], [BOX, OTHER], [0.5, 0.9], inexhaustive=labelled))
        assert found["DetectionMasks_AP50"] == pytest.approx(value)


def test_lvis_takes_the_best_300_of_an_image() -> None:
    many = image([BOX], [OTHER] * 300 + [BOX], [0.9] * 300 + [0.1])
    assert lvis(many)["DetectionMasks_AR@300"] == 0
    few = image([BOX], [OTHER] * 299 + [BOX], [0.9] * 299 + [0.1])
    assert lvis(few)["DetectionMasks_AR@300"] == pytest.approx(1)


# Keypoints


def pointed(points: list[Any], found: list[Any], **more: Any) -> ImageResult:
    """Objects of 20 x 20 pixels with these keypoints, and a detection for each list of guesses."""
    boxes = {"boxes": [BOX] * len(points), "classes": [1] * len(points)}
    guesses = {"detection_boxes": [BOX] * len(found), "detection_classes": [1] * len(found)}
    scores = {"detection_scores": [0.9 - 0.1 * number for number in range(len(found))]}
    return ImageResult(
        **{**boxes, **guesses, **scores, "keypoints": points, "detection_keypoints": found, **more}
    )


def keypoints(
    *images: ImageResult, sigma: float = 0.1, labels: dict[str, int] | None = None
) -> dict[str, float]:
    labels = labels or {"nose": 0}
    found = result(KeypointMetrics(1, "cat", labels, dict.fromkeys(labels, sigma)), *images)
    return {name.removeprefix("Keypoints_").removesuffix(" ByCategory/cat"): found[name] for name in found}


def test_similarity_of_a_keypoint_by_hand() -> None:
    """Area 400 and sigma 0.1: at a distance of d pixels exp(-d^2 / (2 x 400 x 0.2^2)), at 4 pixels 0.61."""
    found = keypoints(pointed([[[5, 5]]], [[[5, 9]]]))
    assert found["Precision/mAP"] == pytest.approx(0.3)  # 0.5, 0.55, 0.6
    assert found["Precision/mAP@.50IOU"] == pytest.approx(1)
    assert found["Precision/mAP@.75IOU"] == 0
    assert found["Recall/AR@1"] == pytest.approx(0.3), "the OD API's name for the mean over all thresholds"
    assert found["Recall/AR@10"] == pytest.approx(1), "and for that at 0.5"
    assert found["Recall/AR@100"] == 0, "and for that at 0.75"
    assert keypoints(pointed([[[5, 5]]], [[[5, 9]]]), sigma=1.0)["Precision/mAP"] == pytest.approx(1)
    assert keypoints(pointed([[[5, 5]]], [[[5, 9]]], area=[40000.0]))["Precision/mAP"] == pytest.approx(1)


def test_keypoints_that_are_not_there_do_not_count() -> None:
    nan = math.nan
    seen = pointed([[[5, 5], [nan, nan]]], [[[5, 5], [39, 39]]])
    labels = {"nose": 0, "tail": 1}
    assert keypoints(seen, labels=labels)["Precision/mAP"] == pytest.approx(1)
    hidden = pointed([[[5, 5], [7, 7]]], [[[5, 5], [39, 39]]], visible=[[True, False]])
    assert keypoints(hidden, labels=labels)["Precision/mAP"] == pytest.approx(1)
    both = pointed([[[5, 5], [7, 7]]], [[[5, 5], [39, 39]]])
    assert keypoints(both, labels=labels)["Precision/mAP"] == pytest.approx(0.1), "the mean of 1 and 0"
    none = pointed([[[nan, nan]]], [[[5, 5]]])
    assert keypoints(none)["Precision/mAP"] == -1, "such an object is nothing to find"


def test_the_keypoints_of_the_class_are_taken_by_their_places() -> None:
    points = [[[1, 1], [5, 5], [9, 9]]]
    guesses = [[[39, 39], [5, 5], [9, 9]]]
    assert keypoints(pointed(points, guesses), labels={"tail": 2, "nose": 1})[
        "Precision/mAP"
    ] == pytest.approx(1)
    assert keypoints(pointed(points, guesses), labels={"nose": 0})["Precision/mAP"] == 0


def test_other_classes_have_other_keypoints() -> None:
    other = pointed([[[5, 5]]], [[[30, 30]]], classes=[2], detection_classes=[2])
    mine = pointed([[[5, 5]]], [[[5, 5]]])
    assert keypoints(mine, other)["Precision/mAP"] == pytest.approx(1)
    assert keypoints(other)["Precision/mAP"] == -1
    with pytest.raises(UserError, match="no images"):
        KeypointMetrics(1, "cat", {"nose": 0}).result()


# What the config asks for


def eval_config(text: str) -> schema.Config:
    return schema.read_config(textproto.parse(text), root="EvalConfig")


def test_each_set_of_masks_has_names_of_its_own() -> None:
    sets = [
        "coco_mask_metrics",
        "lvis_mask_metrics",
        "pascal_voc_instance_segmentation_metrics",
        "weighted_pascal_voc_instance_segmentation_metrics",
        "oid_challenge_segmentation_metrics",
        "coco_detection_metrics",
    ]
    quoted = ", ".join(f"'{name}'" for name in sets)
    metrics = chosen_metrics(
        eval_config(f"metrics_set: [{quoted}] include_metrics_per_category: true"), CLASSES
    )
    assert [metric.compares for metric in metrics] == ["masks"] * 5 + ["boxes"]
    names = [name for metric in metrics for name in metric.names]
    assert len(set(names)) == len(names)
    assert "DetectionMasks_PerformanceByCategory/mAP/cat" in names


def test_the_switch_for_masks_adds_a_set() -> None:
    metrics = chosen_metrics(eval_config("eval_instance_masks: true"), CLASSES)
    assert [metric.names[0] for metric in metrics] == [
        "DetectionBoxes_Precision/mAP",
        "DetectionMasks_Precision/mAP",
    ]


def test_sigmas_are_of_all_keypoints_or_of_none() -> None:
    items = [LabelMapItem(1, "cat", keypoints=(0, 1), keypoint_labels=("nose", "tail"))]

    def messages(sigmas: str) -> list[str]:
        text = f'parameterized_metric {{ coco_keypoint_metrics {{ class_label: "cat" {sigmas} }} }}'
        return [message for _, message in label_problems(eval_config(text), CLASSES, items)]

    def sigma(name: str) -> str:
        return f'keypoint_label_to_sigmas {{ key: "{name}" value: 0.1 }}'

    assert messages("") == []
    assert messages(sigma("nose") + sigma("tail")) == []
    assert messages(sigma("nose")) == ["the sigma of keypoint 'tail' is missing: give all of them, or none"]
    assert messages(sigma("nose") + sigma("tail") + sigma("tial")) == [
        "keypoint 'tial', which is not in the label map; did you mean 'tail'?"
    ]
