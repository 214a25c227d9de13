"""All tasks at once on made-up batches: what learns, and what is detected."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.assemblies import Assembly, build_assembly

from . import cases

LOSS = "classification_loss { weighted_sigmoid { } }"
CONFIG = f"""
model {{ center_net {{
  {cases.BASE}
  image_resizer {{ fixed_shape_resizer {{ height: {cases.HEIGHT} width: {cases.WIDTH} }} }}
  feature_extractor {{ type: "mobilenet_v2" depth_multiplier: 0.25 }}
  mask_estimation_task {{ {LOSS} mask_height: 8 mask_width: 10 }}
  densepose_estimation_task {{ class_id: 1 loss {{ {LOSS} localization_loss {{ l1_localization_loss {{ }} }} }} }}
  track_estimation_task {{
    num_track_ids: 7 reid_embed_size: 6 num_fc_layers: 2 classification_loss {{ weighted_softmax {{ }} }}
  }}
  temporal_offset_task {{ localization_loss {{ l1_localization_loss {{ }} }} }}
}} }}
train_config {{ batch_size: 2 }}
"""
TERMS = {
    "object_center",
    "box/scale",
    "box/offset",
    "segmentation/heatmap",
    "densepose/heatmap",
    "densepose/regression",
    "track/reid",
    "track/offset",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return build_assembly(read_config(parse(CONFIG)), seed=3)


def batch() -> dict[str, tf.Tensor]:
    random = np.random.default_rng(1)
    arrays = {
        name: value
        for name, value in cases.groundtruth(24).items()
        if name not in ("class_targets", "mask_weights")
    }
    arrays["image"] = random.normal(size=(cases.BATCH, cases.HEIGHT, cases.WIDTH, 3)).astype(np.float32)
    arrays["true_image_shape"] = np.array(cases.TRUE_SHAPES, np.int32)
    return {name: tf.constant(value) for name, value in arrays.items()}


def test_two_steps_move_every_variable_of_every_head(assembly: Assembly) -> None:
    assert set(assembly.loss_terms) == TERMS
    heads = {
        name: variable
        for name, variable in assembly.trainable_by_name.items()
        if name.startswith(("head/", "track_classifier/"))
    }
    assert {name.split("/")[0] for name in heads} == {"head", "track_classifier"}
    optimizer = tf.keras.optimizers.SGD(1e-2)
    optimizer.build(list(heads.values()))
    mean = assembly.weights["track_classifier/dense_1/batch_norm/moving_mean"]
    mean_before = mean.numpy()

    @tf.function
    def step(values: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            losses = assembly.losses(values, training=True)
            total = tf.add_n(list(losses.values()))
        gradients = tape.gradient(total, list(heads.values()))
        optimizer.apply_gradients(zip(gradients, heads.values(), strict=True))
        return losses, [tf.reduce_max(tf.abs(gradient)) for gradient in gradients]

    first, largest = step(batch())
    still = [name for name, value in zip(heads, largest, strict=True) if not float(value) > 0.0]
    # Batch normalisation takes out whatever is added before it.
    assert [name for name in still if not name.startswith("track_classifier/dense_1/bias")] == []
    second, _ = step(batch())
    assert first.keys() == TERMS
    assert all(np.isfinite(float(value)) for value in (*first.values(), *second.values()))
    assert sum(map(float, second.values())) < sum(map(float, first.values()))
    assert np.abs(mean.numpy() - mean_before).max() > 0.0


def test_detections(assembly: Assembly) -> None:
    detections, losses = assembly.evaluate(batch())
    assert losses.keys() == TERMS
    shapes = {
        "detection_masks": (2, 5, 8, 10),
        "detection_surface_coords": (2, 5, 8, 10, 2),
        "detection_embeddings": (2, 5, 6),
        "detection_temporal_offsets": (2, 5, 2),
    }
    assert {name: tuple(detections[name].shape) for name in shapes} == shapes
    lengths = np.linalg.norm(detections["detection_embeddings"], axis=-1)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-5)


def test_an_evaluation_has_losses_of_what_its_batches_show(assembly: Assembly) -> None:
    shown = {name: value for name, value in batch().items() if name not in ("masks", "track_match_flags")}
    _, losses = assembly.evaluate(shown)
    assert losses.keys() == TERMS - {"segmentation/heatmap", "track/offset"}
