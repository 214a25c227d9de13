"""Evaluation of masks and keypoints from the records to numbers and pictures, with an assembly that knows the answers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw

pytest.importorskip("pycocotools")

from cfgtool.data import keys
from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import write_records
from cfgtool.errors import UserError
from cfgtool.lint.engine import analyse
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.assemblies import Assembly
from cfgtool.training.evaluation.evaluator import Evaluation, Evaluator
from cfgtool.training.evaluation.pictures import write_picture
from cfgtool.training.run.job import Job

SIZE = (60, 90)
NETWORK = 64
CONFIG = """
model {
  center_net {
    num_classes: 2
    feature_extractor { type: "mobilenet_v2_fpn" }
    image_resizer { keep_aspect_ratio_resizer { min_dimension: 64 max_dimension: 64 pad_to_max_dimension: true } }
    mask_estimation_task { }
    keypoint_estimation_task { keypoint_class_name: "star" }
    keypoint_label_map_path: "FOLDER/points.pbtxt"
  }
}
eval_config {
  batch_size: 1
  num_visualizations: 2
  metrics_set: "coco_detection_metrics"
  metrics_set: "coco_mask_metrics"
  metrics_set: "pascal_voc_instance_segmentation_metrics"
  metrics_set: "oid_challenge_segmentation_metrics"
  parameterized_metric { coco_keypoint_metrics { class_label: "star" } }
  keypoint_edge { start: 0 end: 1 }
  keypoint_edge { start: 0 end: 2 }
}
eval_input_reader {
  label_map_path: "FOLDER/map.pbtxt"
  max_number_of_boxes: 5
  load_instance_masks: true
  mask_type: PNG_MASKS
  num_keypoints: 3
  tf_record_input_reader { input_path: "FOLDER/a.record" }
}
"""
CIRCLE, STAR = 1, 2


class Knowing:
    """Finds every object: boxes and keypoints exactly, masks as coarse as a network's."""

    loss_terms = ("Loss one", "object_center")
    moved = 0.0
    """Fraction of the image by which keypoints are off."""

    class weights:  # noqa: N801
        @staticmethod
        def l2() -> dict[str, float]:
            return {}

    def regularization(self) -> None:
        return None

    def evaluate(self, batch: dict[str, Any]) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        count = batch["boxes"].shape[1]
        rows = tf.reshape(batch["masks"], [-1, NETWORK, NETWORK, 1])
        boxes = tf.reshape(batch["boxes"], [-1, 4])
        masks = tf.image.crop_and_resize(rows, boxes, tf.range(tf.shape(rows)[0]), [28, 28])
        points = batch["original_keypoints"]
        detections = {
            "detection_boxes": batch["original_boxes"],
            "detection_classes": tf.cast(batch["classes"], tf.float32),
            "detection_scores": tf.fill(tf.shape(batch["classes"]), 0.9),
            "num_detections": tf.cast(batch["num_boxes"], tf.float32),
            "detection_masks": tf.reshape(masks, [-1, count, 28, 28]),
            "detection_keypoints": tf.where(tf.math.is_finite(points), points + self.moved, 0.5),
            "detection_keypoint_scores": tf.where(tf.math.is_finite(points[..., 0]), 0.8, 0.0),
        }
        return detections, {"Loss one": tf.constant(1.0), "object_center": tf.constant(2.0)}


def example(number: int) -> bytes:
    """A circle, and a star with three keypoints, somewhere on grey."""
    height, width = SIZE
    image = Image.new("RGB", (width, height), (120, 120, 110))
    offset = 8 * number
    features: dict[str, Any] = {key: [] for key in (*keys.BOX, keys.LABEL, keys.TEXT, keys.MASK)}
    ys: list[float] = []
    xs: list[float] = []
    seen: list[int] = []
    shapes = {
        "circle": ((10, 8, 34, 32), []),
        "star": (
            (40 + offset, 20, 70 + offset, 55),
            [(55 + offset, 22), (42 + offset, 53), (68 + offset, 53)],
        ),
    }
    for name, (place, points) in shapes.items():
        mask = Image.new("L", image.size)
        canvas = ImageDraw.Draw(mask)
        if name == "circle":
            canvas.ellipse(place, fill=1)
        else:
            canvas.polygon(points, fill=1)
        image.paste((230, 180, 40), (0, 0), mask.point(lambda value: 255 * value))
        left, top, right, bottom = place
        for key, value in zip(
            keys.BOX, (top / height, left / width, bottom / height, right / width), strict=True
        ):
            features[key].append(value)
        features[keys.LABEL].append(CIRCLE if name == "circle" else STAR)
        features[keys.TEXT].append(name)
        features[keys.MASK].append(png(mask))
        for x, y in points or [(0, 0)] * 3:
            xs.append(x / width)
            ys.append(y / height)
            seen.append(2 if points else 0)
    features |= {keys.KEYPOINT_Y: ys, keys.KEYPOINT_X: xs, keys.KEYPOINT_VISIBILITY: seen}
    features |= {keys.IMAGE: [png(image)], keys.FORMAT: ["png"], keys.SOURCE_ID: [f"n{number}"]}
    features |= {keys.HEIGHT: [height], keys.WIDTH: [width]}
    return encode_example(features)


def png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shapes")
    write_records(str(path / "a.record"), [example(number) for number in range(3)])
    (path / "map.pbtxt").write_text("item { id: 2 name: 'star' } item { id: 1 name: 'circle' }")
    labels = "".join(
        f" keypoints {{ id: {number} label: '{label}' }}"
        for number, label in enumerate(("top", "left", "right"))
    )
    (path / "points.pbtxt").write_text(f"item {{ id: 1 name: 'star' {labels} }}")
    return path


def job_of(folder: Path, *changes: tuple[str, str]) -> Job:
    text = CONFIG.replace("FOLDER", folder.as_posix())
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    document = parse(text)
    return Job("a.config", text, read_config(document), analyse(document, "a.config"))


def evaluator_of(job: Job, moved: float = 0.0) -> Evaluator:
    knowing = Knowing()
    knowing.moved = moved
    return Evaluator(job, cast("Assembly", knowing))


@pytest.fixture(scope="module")
def found(folder: Path) -> Evaluation:
    return evaluator_of(job_of(folder)).run(per_class=True, curves=True)


def test_numbers_of_every_kind(found: Evaluation) -> None:
    values = found.values
    assert values["DetectionBoxes_Precision/mAP"] == pytest.approx(1.0)
    assert values["DetectionMasks_Precision/mAP@.50IOU"] == pytest.approx(1.0)
    assert values["DetectionMasks_Precision/mAP@.75IOU"] == pytest.approx(1.0)
    assert values["DetectionMasks_PerformanceByCategory/mAP/star"] > 0.75
    assert values["DetectionMasks_PerformanceByCategory/mAP/circle"] > 0.75
    assert values["PascalMasks_Precision/mAP@0.5IOU"] == pytest.approx(1.0)
    assert values["OpenImagesInstanceSegmentationChallenge_Precision/mAP@0.5IOU"] == pytest.approx(1.0)
    assert values["Keypoints_Precision/mAP ByCategory/star"] == pytest.approx(1.0)
    assert values["Loss/total_loss"] == pytest.approx(3.0)


def test_names_are_known_before(found: Evaluation, folder: Path) -> None:
    assert evaluator_of(job_of(folder)).metric_names(per_class=True) == list(found.values)
    assert found.names == {1: "circle", 2: "star"}


def test_curves_of_boxes_and_masks(found: Evaluation) -> None:
    assert list(found.curves) == ["boxes", "masks"]
    assert found.curves["masks"].compares == "masks"
    assert set(found.curves["masks"].precision) == {"circle", "star"}


def test_keypoints_that_are_off_cost(folder: Path) -> None:
    """A star's box is 30 x 35: 1.8 pixels to the right and 1.2 down are a similarity of exp(-4.68 / 21), 0.80."""
    values = evaluator_of(job_of(folder), moved=0.02).run().values
    assert values["Keypoints_Precision/mAP ByCategory/star"] == pytest.approx(0.7)  # at 0.5, 0.55, ... 0.8


def test_the_switch_adds_masks(folder: Path) -> None:
    changes = [
        ('  metrics_set: "coco_mask_metrics"\n', "  eval_instance_masks: true\n"),
        ('  metrics_set: "coco_detection_metrics"\n', ""),
        ('  metrics_set: "pascal_voc_instance_segmentation_metrics"\n', ""),
        ('  metrics_set: "oid_challenge_segmentation_metrics"\n', ""),
    ]
    names = evaluator_of(job_of(folder, *changes)).metric_names()
    assert names[0] == "DetectionBoxes_Precision/mAP"
    assert "DetectionMasks_Precision/mAP" in names


def test_only_what_is_compared_or_drawn_is_fetched(folder: Path) -> None:
    sets = (
        ('  metrics_set: "coco_mask_metrics"\n', ""),
        ('  metrics_set: "pascal_voc_instance_segmentation_metrics"\n', ""),
        ('  metrics_set: "oid_challenge_segmentation_metrics"\n', ""),
        ('parameterized_metric { coco_keypoint_metrics { class_label: "star" } }', ""),
    )
    evaluator = evaluator_of(job_of(folder, *sets))
    (batch, *_) = evaluator._dataset
    assert not any(
        "mask" in name or "keypoint" in name for name in evaluator._fetched(batch, {"boxes"}, drawn=False)[0]
    )
    drawn = evaluator._fetched(batch, {"boxes"}, drawn=True)[0]
    assert {"masks", "detection_masks", "original_keypoints", "detection_keypoints"} <= drawn.keys()


def test_masks_and_keypoints_are_drawn(found: Evaluation, tmp_path: Path) -> None:
    first = found.pictures[0]
    plain = np.asarray(Image.fromarray(first.image))
    (sheet, *_) = found.side_by_side()
    assert first.image.shape[:2] == (43, 64), "without the padding"
    assert len(found.pictures) == 2
    # The middle of the circle, on both halves of the sheet, shines through a colour.
    scale = (sheet.width - 18) / 2 / plain.shape[1]
    y, x = 20 / 60, 22 / 90
    for half in (0, 1):
        at = (
            6 + half * (sheet.width // 2 - 3) + x * plain.shape[1] * scale,
            6 + y * plain.shape[0] * scale,
        )
        pixel = np.array(sheet.getpixel((int(at[0]), int(at[1]))), np.int64)
        assert np.abs(pixel - (230, 180, 40)).max() > 30, half
    write_picture(found, tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").height > 2 * 320


def test_keypoints_of_low_score_are_left_out(found: Evaluation) -> None:
    first = found.pictures[0]
    shown, hidden = (first._best(5, threshold).keypoints for threshold in (0.8, 0.85))
    assert shown is not None
    assert hidden is not None
    assert np.isfinite(shown[first.found.classes == STAR]).all()
    assert np.isnan(shown[first.found.classes == CIRCLE]).all()
    assert np.isnan(hidden).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("load_instance_masks: true", "", "needs 'eval_input_reader[0].load_instance_masks: true'"),
        ("num_keypoints: 3", "num_keypoints: 2", "keypoint 'right' has id '2', num_keypoints is '2'"),
        ("num_keypoints: 3", "", "'coco_keypoint_metrics' needs 'eval_input_reader[0].num_keypoints'"),
        (
            "mask_estimation_task { }",
            "",
            "compares masks, and this 'center_net' predicts boxes and keypoints only",
        ),
        ('class_label: "star"', 'class_label: "sta"', "did you mean 'star'?"),
        (
            'class_label: "star"',
            'class_label: "circle"',
            "class 'circle' has no 'keypoints' in the label map",
        ),
        ('class_label: "star"', "", "needs a 'class_label'"),
        (
            'class_label: "star"',
            'class_label: "star" keypoint_label_to_sigmas { key: "top" value: 0.1 }',
            "the sigma of keypoint 'left' is missing",
        ),
        (
            'class_label: "star"',
            'class_label: "star" keypoint_label_to_sigmas { key: "top" value: 0 }',
            "the sigma '0.0' of 'top' must be positive",
        ),
        (
            'metrics_set: "coco_mask_metrics"',
            'metrics_set: "lvis_mask_metrics"',
            "needs the 'frequency' of each class, RARE, COMMON, FREQUENT; 'star' has none",
        ),
        (
            'metrics_set: "coco_mask_metrics"',
            'metrics_set: "coco_panoptic_metrics"',
            "segmentations of whole images",
        ),
        (
            'metrics_set: "coco_mask_metrics"',
            'metrics_set: "coco_keypoint_metrics"',
            "write parameterized_metric",
        ),
    ],
)
def test_what_cannot_be_compared_is_said(folder: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        evaluator_of(job_of(folder, (old, new)))
    assert message in str(caught.value)
    assert caught.value.line is not None
