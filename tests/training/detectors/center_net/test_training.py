"""CenterNet learns from scratch, through the commands' own functions, and finds what it was shown.

An hourglass is used, as its moving statistics follow in a few steps; those of a MobileNet need ten thousand.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.cli.start import main
from cfgtool.data.tfrecord import read_records, write_records
from cfgtool.errors import UserError
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.run.optimizers import build_optimizer
from cfgtool.training.run.step import StepSettings, make_step

from ...runs import check_that_a_seed_decides_every_bit, learnt, trained
from .cases import BOXES, LABEL_MAP

PICTURES = 16
STEPS = 150
MODEL = f"""
model {{ center_net {{
  feature_extractor {{
    type: "hourglass_10" channel_means: [127, 127, 127] channel_stds: [64, 64, 64]
  }}
  image_resizer {{ fixed_shape_resizer {{ height: 64 width: 64 }} }}
  object_center_params {{
    classification_loss {{ penalty_reduced_logistic_focal_loss {{ alpha: 2 beta: 4 }} }}
    max_box_predictions: 20
  }}
  {BOXES}
}} }}
"""
POINTS = f"""
model {{ center_net {{
  num_classes: 3
  keypoint_label_map_path: "{LABEL_MAP}"
  keypoint_estimation_task {{
    task_name: "person" keypoint_class_name: "person" per_keypoint_offset: true offset_peak_radius: 1
    loss {{
      classification_loss {{ penalty_reduced_logistic_focal_loss {{ alpha: 2 beta: 4 }} }}
      localization_loss {{ l1_localization_loss {{ }} }}
    }}
    keypoint_regression_loss_weight: 0.1
  }}
}} }}
train_input_reader {{ num_keypoints: 5 }}
"""


def write_config(fixtures: Path, folder: Path, steps: int) -> Path:
    record, labels = folder / "few.record", fixtures / "shapes" / "shapes_label_map.pbtxt"
    pictures = list(read_records(str(fixtures / "shapes" / "shapes_train.record")))[:PICTURES]
    write_records(str(record), pictures)
    reader = f'label_map_path: "{labels}" tf_record_input_reader {{ input_path: "{record}" }}'
    path = folder / "pipeline.config"
    path.write_text(f"""{MODEL}
model {{ center_net {{ num_classes: 4 }} }}
train_config {{
  batch_size: 8
  num_steps: {steps}
  optimizer {{
    adam_optimizer {{ learning_rate {{ cosine_decay_learning_rate {{
      learning_rate_base: 0.002 total_steps: {steps} warmup_learning_rate: 0.0005 warmup_steps: {min(10, steps // 2)}
    }} }} }}
    use_moving_average: false
  }}
  gradient_clipping_by_norm: 10.0
}}
train_input_reader {{ max_number_of_boxes: 10 {reader} }}
eval_config {{ metrics_set: "coco_detection_metrics" }}
eval_input_reader {{ shuffle: false max_number_of_boxes: 10 {reader} }}
""")
    return path


@pytest.mark.slow
def test_boxes_are_learned_from_scratch(fixtures: Path, tmp_path: Path) -> None:
    """The mAP at an IoU of 0.5 on the pictures that it has seen; about 25 seconds."""
    evaluation = learnt(write_config(fixtures, tmp_path, STEPS), tmp_path / "run")
    assert evaluation.values["DetectionBoxes_Precision/mAP@.50IOU"] > 0.95
    assert evaluation.values["Loss/object_center"] < 0.05


@pytest.mark.slow
def test_a_seed_decides_every_bit(fixtures: Path, tmp_path: Path) -> None:
    config = write_config(fixtures, tmp_path, 3)
    check_that_a_seed_decides_every_bit(config, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"precision": "mixed_bfloat16"}, {"accumulate": 2}], ids=str)
def test_other_ways_to_compute_a_step(fixtures: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    run = trained(write_config(fixtures, tmp_path, 2), tmp_path / "run", **options)
    assert all(np.isfinite(variable).all() for variable in run.assembly.weights.by_name.values())


@pytest.mark.slow
def test_two_devices_compute_what_one_does(fixtures: Path, tmp_path: Path) -> None:
    config = write_config(fixtures, tmp_path, 2)
    rows = []
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        command = [sys.executable, "-m", "tests.training.reliability.mirrored", config, folder, devices]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        rows.append([json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()])
    for step, (one, two) in enumerate(zip(*rows, strict=True)):
        for name in (name for name in one if name.startswith("Loss/")):
            assert two[name] == pytest.approx(one[name], rel=(2e-5, 1e-3)[step]), (step, name)


@pytest.mark.slow
def test_an_exported_model_detects_as_the_assembly_does(fixtures: Path, tmp_path: Path) -> None:
    config = write_config(fixtures, tmp_path, 2)
    run = trained(config, tmp_path / "run")
    with pytest.raises(SystemExit) as caught:
        main(["export", str(config), "--checkpoint", str(tmp_path / "run"), "-o", str(tmp_path / "out")])
    assert not caught.value.code
    picture = np.random.default_rng(3).integers(0, 256, [1, 64, 64, 3], np.uint8)
    exported = tf.saved_model.load(str(tmp_path / "out" / "saved_model"))(tf.constant(picture))
    images = (tf.cast(picture, tf.float32) - 127.0) / 64.0
    ours = run.assembly.detect(images, tf.constant([[64, 64, 3]]))
    assert set(exported) == set(ours)
    for name, value in ours.items():
        first = 1 if name == "detection_classes" else 0
        np.testing.assert_allclose(exported[name], value.numpy() + first, atol=1e-4, err_msg=name)


def keypoint_batch() -> dict[str, tf.Tensor]:
    """Two pictures of noise with a person each, and another object in the second."""
    random = np.random.default_rng(5)
    boxes = np.array(
        [[[0.1, 0.2, 0.8, 0.7], [0] * 4], [[0.3, 0.1, 0.9, 0.6], [0.1, 0.6, 0.5, 0.95]]], np.float32
    )
    sizes = boxes[..., 2:] - boxes[..., :2]
    share = random.uniform(0.1, 0.9, [2, 2, 5, 2])
    keypoints = boxes[..., np.newaxis, :2] + share * sizes[..., np.newaxis, :]
    return {
        "image": tf.constant(random.normal(size=[2, 64, 64, 3]), tf.float32),
        "true_image_shape": tf.constant([[64, 64, 3]] * 2),
        "boxes": tf.constant(boxes),
        "classes": tf.constant([[0, -1], [0, 1]]),
        "weights": tf.constant([[1.0, 0.0], [1.0, 1.0]]),
        "num_boxes": tf.constant([1, 2]),
        "keypoints": tf.constant(keypoints, tf.float32),
        "keypoint_visibilities": tf.ones([2, 2, 5], tf.bool),
        "keypoint_weights": tf.ones([2, 2, 5]),
    }


def keypoint_config(more: str = "") -> Config:
    return read_config(parse(f"{MODEL} {POINTS} {more}"))


@pytest.mark.slow
def test_keypoints_are_learned_and_found() -> None:
    assembly = build_assembly(keypoint_config())
    optimizer = read_config(parse("adam_optimizer { epsilon: 1e-7 } use_moving_average: false"), "Optimizer")
    step = make_step(
        assembly,
        build_optimizer(optimizer, assembly.trainable_by_name),
        lambda _: tf.constant(2e-3),
        tf.Variable(0, dtype=tf.int64, trainable=False),
        StepSettings(clip_norm=10.0),
    )
    batch = keypoint_batch()
    for _ in range(100):
        values = step(batch)
    losses = {name.removeprefix("Loss/") for name in values if name.startswith("Loss/")}
    assert losses - {"total_loss"} == set(assembly.loss_terms)
    detections, _ = assembly.evaluate(batch)
    for image in range(2):
        best = int(np.flatnonzero(detections["detection_classes"][image].numpy() == 0)[0])
        found = detections["detection_keypoints"][image, best].numpy()
        # A cell is 1/16 of the picture.
        np.testing.assert_allclose(found, batch["keypoints"][image, 0], atol=0.03)
        assert (detections["detection_keypoint_scores"][image, best].numpy() > 0.3).all()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("model { center_net { deepmac_mask_estimation { } } }", "deepmac_mask_estimation' is not supported"),
        ('model { center_net { keypoint_label_map_path: "absent.pbtxt" } }', "absent.pbtxt"),
        (
            "model { center_net { image_resizer { fixed_shape_resizer { height: 60 } } } }",
            "cannot take images",
        ),
    ],
)
def test_what_cannot_be_built_is_told(more: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        build_assembly(keypoint_config(more))
    assert said in caught.value.message
