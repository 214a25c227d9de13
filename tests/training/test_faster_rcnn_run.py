"""Faster R-CNN, Mask R-CNN, R-FCN and Context R-CNN trained and evaluated from their configs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.evaluation.checkpoint import evaluate_checkpoint
from cfgtool.training.export.saved_model import DetectionModule, save_model
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.train import Run
from cfgtool.training.starting.plan import find_checkpoint, plan_start

from .faster_rcnn_config import FPN, FREE, MASKS, PYRAMID, RFCN, write_config
from .runs import check_that_a_seed_decides_every_bit, learnt
from .test_learning import METRIC

pytestmark = pytest.mark.slow

SMALL = "fixed_shape_resizer { height: 64 width: 64 }"
CFGTOOL = str(Path(sys.executable).with_name("cfgtool"))


def test_commands(fixtures: Path, tmp_path: Path) -> None:
    """`cfgtool train` two steps, then `cfgtool evaluate`."""
    config, run = str(write_config(fixtures, tmp_path, resizer=SMALL)), str(tmp_path / "run")
    done = subprocess.run(
        [CFGTOOL, "train", config, "--model-dir", run, "--seed", "1", "--log-every", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(row) for row in Path(run, "metrics.jsonl").read_text().splitlines()]
    losses = ("RPNLoss/localization_loss", "RPNLoss/objectness_loss")
    losses += ("BoxClassifierLoss/localization_loss", "BoxClassifierLoss/classification_loss")
    assert [row["step"] for row in rows] == [1, 2]
    assert all({f"Loss/{name}" for name in losses} <= row.keys() for row in rows)
    done = subprocess.run(
        [CFGTOOL, "evaluate", config, "--model-dir", run, "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["step"] == 2
    assert "DetectionBoxes_Precision/mAP" in found["metrics"]
    assert {f"Loss/{name}" for name in losses} <= found["metrics"].keys()


def test_it_learns_from_scratch(fixtures: Path, tmp_path: Path) -> None:
    """Evaluated on the pictures that it was shown."""
    config = write_config(
        fixtures,
        tmp_path,
        pictures=16,
        batch=4,
        steps=120,
        extractor=FPN,
        anchors=PYRAMID,
        resizer="fixed_shape_resizer { height: 96 width: 96 }",
    )
    evaluation = learnt(config, tmp_path / "run")
    assert evaluation.values[METRIC] > 0.7
    tf.keras.backend.clear_session()


def test_masks_are_learnt_from_scratch(fixtures: Path, tmp_path: Path) -> None:
    """Evaluated on the pictures that it was shown, by the overlap of masks."""
    config = write_config(
        fixtures,
        tmp_path,
        pictures=12,
        batch=4,
        steps=150,
        extractor=FPN,
        anchors=PYRAMID,
        resizer="fixed_shape_resizer { height: 96 width: 96 }",
        head=MASKS,
        model="number_of_stages: 3",
        reader="load_instance_masks: true mask_type: PNG_MASKS",
    )
    masks = 'metrics_set: "coco_mask_metrics"'
    config.write_text(config.read_text().replace("eval_config {", f"eval_config {{ {masks}"))
    evaluation = learnt(config, tmp_path / "run")
    assert evaluation.values[METRIC] > 0.7
    assert evaluation.values["DetectionMasks_Precision/mAP@.50IOU"] > 0.6
    tf.keras.backend.clear_session()


def test_a_seed_decides_every_bit(fixtures: Path, tmp_path: Path) -> None:
    config = write_config(fixtures, tmp_path, resizer=SMALL)
    check_that_a_seed_decides_every_bit(config, tmp_path)


def test_images_of_many_sizes_are_traced_once(fixtures: Path, tmp_path: Path) -> None:
    config = write_config(fixtures, tmp_path, resizer=FREE, batch=1, steps=4)
    options = TrainOptions(str(config), tmp_path / "run")
    job = load_job(str(config))
    run = Run(job, plan_start(job, options), options)
    step, batches = run.prepare()
    sizes = set()
    for _ in range(4):
        batch = next(batches)
        wide = batch["image"].shape[2] + 16 * len(sizes)  # the pictures may all be of one size
        batch = {**batch, "image": tf.image.resize(batch["image"], [96, wide])}
        batch["true_image_shape"] = tf.constant([[96, wide, 3]])
        assert np.isfinite(float(step(batch)["Loss/total_loss"]))
        sizes.add(tuple(batch["image"].shape))
    assert len(sizes) == 4
    assert step.experimental_get_tracing_count() == 1  # type: ignore[attr-defined]
    run.saver.save()
    _, found = evaluate_checkpoint(job, find_checkpoint(tmp_path / "run", None))
    assert METRIC in found.values


def test_parts_of_a_batch_need_images_of_one_size(fixtures: Path, tmp_path: Path) -> None:
    config = write_config(fixtures, tmp_path, resizer=FREE, batch=1)
    options = TrainOptions(str(config), tmp_path / "run", accumulate=2)
    job = load_job(str(config))
    run = Run(job, plan_start(job, options), options)
    with pytest.raises(UserError, match="--accumulate needs images of one size"):
        run.prepare()


def test_xla_is_refused(fixtures: Path, tmp_path: Path) -> None:
    job = load_job(str(write_config(fixtures, tmp_path)))
    with pytest.raises(UserError, match="XLA cannot compile a Faster R-CNN"):
        build_assembly(job.config, static_shapes=True)


def batch_of(size: int = 64) -> dict[str, Any]:
    """Two images with two boxes each."""
    random = np.random.default_rng(3)
    boxes = np.array([[[0.1, 0.1, 0.6, 0.5], [0.3, 0.4, 0.9, 0.9]]] * 2, np.float32)
    masks = np.zeros((2, 2, size, size), np.uint8)
    for number, (top, left, bottom, right) in enumerate((boxes[0] * size).astype(int)):
        masks[:, number, top:bottom, left:right] = 1
    return {
        "image": tf.constant(random.normal(scale=50, size=(2, size, size, 3)).astype(np.float32)),
        "true_image_shape": tf.constant([[size, size, 3], [size, size - 16, 3]]),
        "boxes": tf.constant(boxes),
        "classes": tf.constant([[0, 2], [1, 3]]),
        "weights": tf.ones([2, 2]),
        "num_boxes": tf.constant([2, 2]),
        "masks": tf.constant(masks),
        "context_features": tf.constant(random.normal(size=(2, 6, 12)).astype(np.float32)),
        "valid_context_size": tf.constant([4, 0]),
    }


CONTEXT = """context_config { attention_bottleneck_dimension: 8 context_feature_length: 12
  max_num_context_features: 6 attention_position: %s }"""
TF1 = 'type: "faster_rcnn_resnet50"'
KINDS = {
    "plain": {},
    "tf1": {"extractor": TF1},
    "inception": {"extractor": 'type: "faster_rcnn_inception_v2"'},
    "rfcn": {"extractor": TF1, "head": RFCN},
    "masks": {
        "head": MASKS,
        "model": "number_of_stages: 3",
        "reader": "load_instance_masks: true mask_type: PNG_MASKS",
    },
    "context": {"model": CONTEXT % "POST_BOX_CLASSIFIER"},
    "context_rpn": {"model": CONTEXT % "POST_RPN"},
    "first_stage": {"model": "number_of_stages: 1"},
    "mined": {"model": "hard_example_miner { num_hard_examples: 8 }"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_descends_and_detects(kind: str, fixtures: Path, tmp_path: Path) -> None:
    """Losses, gradients and detections of every kind, in one traced function each."""
    job = load_job(str(write_config(fixtures, tmp_path, resizer=SMALL, **KINDS[kind])))
    assembly, batch = build_assembly(job.config), batch_of()
    variables = list(assembly.trainable_by_name.values())

    @tf.function(autograph=False)
    def step(number: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            losses = assembly.losses(batch, training=True, step=number)
            total = tf.add_n(list(losses.values()))
        gradients = tape.gradient(total, variables)
        reached = [gradient is not None for gradient in gradients]
        step.reached = dict(zip(assembly.trainable_by_name, reached, strict=True))
        return losses, tf.linalg.global_norm([gradient for gradient in gradients if gradient is not None])

    losses, norm = step(tf.constant(0, tf.int64))
    assert tuple(losses) == assembly.loss_terms
    assert np.isfinite([float(value) for value in losses.values()]).all()
    assert 0.0 < float(norm) < np.inf
    missed = [name for name, reached in step.reached.items() if not reached]
    assert all("block_4" in name and kind in ("tf1", "rfcn") for name in missed), missed
    detections, found = tf.function(assembly.evaluate, autograph=False)(batch)
    assert tuple(found) == assembly.loss_terms
    boxes = detections["detection_boxes"].numpy()
    assert np.isfinite(boxes).all()
    assert boxes.min() >= 0.0
    assert boxes.max() <= 1.0
    if kind == "masks":
        assert detections["detection_masks"].shape == (2, 10, 9, 9)
    tf.keras.backend.clear_session()


def test_the_context_counts(fixtures: Path, tmp_path: Path) -> None:
    """A camera's memory changes what is said of its images; without any, and for images alone, there is none."""
    job = load_job(str(write_config(fixtures, tmp_path, resizer=SMALL, **KINDS["context"])))
    assembly, batch = build_assembly(job.config), batch_of()
    scores = assembly.evaluate(batch)[0]["raw_detection_scores"].numpy()
    other = {**batch, "context_features": -batch["context_features"]}
    changed = assembly.evaluate(other)[0]["raw_detection_scores"].numpy()
    assert np.abs(changed[0] - scores[0]).max() > 0
    np.testing.assert_array_equal(changed[1], scores[1])
    alone = assembly.detect(batch["image"], batch["true_image_shape"])["raw_detection_scores"].numpy()
    np.testing.assert_allclose(alone[1], scores[1], atol=1e-6)


def test_an_exported_model_detects_the_same(fixtures: Path, tmp_path: Path) -> None:
    """The SavedModel, for whatever number of images, masks among its outputs."""
    job = load_job(str(write_config(fixtures, tmp_path, resizer=SMALL, **KINDS["masks"])))
    assembly = build_assembly(job.config)
    module = DetectionModule(job.config, assembly, "image_tensor", any_batch=True)
    save_model(module, tmp_path / "saved")
    signature = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    pictures = tf.constant(np.random.default_rng(5).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8))
    found, want = signature(input_tensor=pictures), module.__call__(pictures)
    assert found["detection_masks"].shape == (3, 10, 9, 9)
    for name in ("detection_boxes", "detection_scores", "detection_classes", "detection_masks"):
        np.testing.assert_allclose(found[name], want[name], atol=1e-6, err_msg=name)
    assert found["detection_classes"].numpy().min() == 1.0
