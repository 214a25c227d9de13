"""A small network learns masks of bright rectangles and discs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.networks.center_net.detector import center_net
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.tensor_ops import TensorOps

pytestmark = pytest.mark.slow

SIZE, BATCH, STEPS = 64, 8, 160
HEAD = "{ num_filters: 32 kernel_sizes: 3 }"
CONFIG = f"""
model {{ center_net {{
  num_classes: 2
  image_resizer {{ fixed_shape_resizer {{ height: {SIZE} width: {SIZE} }} }}
  feature_extractor {{ type: "mobilenet_v2_fpn" depth_multiplier: 0.25 }}
  object_center_params {{
    classification_loss {{ penalty_reduced_logistic_focal_loss {{ alpha: 2 beta: 4 }} }}
    max_box_predictions: 2 center_head_params {HEAD}
  }}
  object_detection_task {{
    localization_loss {{ l1_localization_loss {{ }} }} scale_head_params {HEAD} offset_head_params {HEAD}
  }}
  mask_estimation_task {{
    classification_loss {{ weighted_sigmoid {{ }} }} mask_height: 16 mask_width: 16 mask_head_params {HEAD}
  }}
}} }}
train_config {{ batch_size: {BATCH} }}
"""


def shapes(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Images with one rectangle (class 0) or disc (class 1) each."""
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    half = random.uniform(10, 18, [BATCH, 2])
    centre = random.uniform(half, SIZE - half)
    classes = random.integers(0, 2, [BATCH, 1]).astype(np.int32)
    away = [
        np.abs(grid - centre[:, side, np.newaxis, np.newaxis]) / half[:, side, np.newaxis, np.newaxis]
        for side, grid in enumerate((y, x))
    ]
    round_ = classes[..., np.newaxis] == 1
    masks = np.where(round_, np.hypot(*away), np.maximum(*away)) < 1.0
    image = (
        random.normal(scale=0.1, size=[BATCH, SIZE, SIZE, 3]) + np.where(masks, 1.0, -1.0)[..., np.newaxis]
    )
    boxes = np.concatenate([centre - half, centre + half], axis=-1)[:, np.newaxis] / SIZE
    return {
        "image": image.astype(np.float32),
        "true_image_shape": np.full([BATCH, 3], [SIZE, SIZE, 3], np.int32),
        "boxes": boxes.astype(np.float32),
        "classes": classes,
        "weights": np.ones([BATCH, 1], np.float32),
        "num_boxes": np.ones([BATCH], np.int32),
        "masks": masks[:, np.newaxis].astype(np.uint8),
    }


def overlap(found: dict[str, tf.Tensor], truth: dict[str, np.ndarray]) -> float:
    """The mean intersection over union of the best detection's mask, put into its box, with the true one."""
    values = []
    for image in range(BATCH):
        box = found["detection_boxes"][image, 0].numpy() * SIZE
        mask = np.zeros([SIZE, SIZE], bool)
        ymin, xmin, ymax, xmax = np.round(box).astype(int)
        if ymax > ymin and xmax > xmin:
            crop = tf.cast(found["detection_masks"][image, 0][..., tf.newaxis], tf.float32)
            mask[ymin:ymax, xmin:xmax] = tf.image.resize(crop, [ymax - ymin, xmax - xmin])[..., 0] >= 0.5
        true = truth["masks"][image, 0] > 0
        values.append((mask & true).sum() / max((mask | true).sum(), 1))
    return float(np.mean(values))


def test_masks_are_learnt() -> None:
    config = read_config(parse(CONFIG))
    assembly = build_assembly(config, seed=1)
    variables = list(assembly.trainable_by_name.values())
    optimizer = tf.keras.optimizers.Adam(2e-3)
    optimizer.build(variables)

    @tf.function
    def step(batch: dict[str, tf.Tensor]) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = assembly.losses(batch, training=True)
            total = tf.add_n(list(losses.values()))
        optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        return losses["segmentation/heatmap"]

    random = np.random.default_rng(2)
    losses = [float(step(shapes(random))) for _ in range(STEPS)]
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
    # The moving statistics of so few steps lag behind, so the batch's own normalise.
    truth = shapes(np.random.default_rng(3))
    ops = TensorOps(assembly.weights, training=True)
    outputs = center_net(ops, config.find("model.center_net"), tf.constant(truth["image"]))
    found = assembly.center_net.postprocess(outputs, tf.constant(truth["true_image_shape"]))
    assert overlap(found, truth) > 0.65
