"""Every kind of SSD learns from scratch: it finds the objects of the few pictures that it is shown.

Pictures, widths and steps are few, so that a type takes a minute: what is proven is that the losses, gradients, updates and
moving statistics of a network make a detector together, not how good it can become.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import tensorflow as tf

from cfgtool.data.tfrecord import read_records, write_records

from .runs import check_that_a_seed_decides_every_bit, learnt

PICTURES = 16
METRIC = "DetectionBoxes_Precision/mAP@.50IOU"


@dataclass(frozen=True)
class Recipe:
    """How a type is trained, and the mAP at an IoU of 0.5 that it must pass on the pictures it has seen."""

    type: str
    bar: float = 0.8
    size: int = 96
    steps: int = 150
    rate: float = 2e-3
    extractor: str = "depth_multiplier: 0.35 min_depth: 8"
    ssd: str = ""

    @property
    def pyramid(self) -> bool:
        return "fpn" in self.type


RECIPES = (
    Recipe("ssd_mobilenet_v1_keras"),
    Recipe("ssd_mobilenet_v1_fpn_keras"),
    Recipe("ssd_mobilenet_v2_keras"),
    Recipe("ssd_mobilenet_v2_fpn_keras"),
    Recipe("ssd_resnet50_v1_fpn_keras", size=64, steps=100, rate=1e-3, extractor=""),
    Recipe("ssd_efficientnet-b0_bifpn_keras", size=64, steps=400, rate=3e-3, extractor=""),
    Recipe("ssd_inception_v2"),
    Recipe("ssd_mobilenet_v1"),
    Recipe("ssd_mobilenet_v2"),
    Recipe("ssd_mobilenet_v1_fpn"),
    # Its moving variances decay by 0.997 whatever the config says, too slowly for so few steps: they are left alone.
    Recipe(
        "ssd_resnet50_v1_fpn",
        bar=0.45,
        size=64,
        steps=100,
        rate=5e-4,
        extractor="",
        ssd="freeze_batchnorm: true",
    ),
    Recipe("ssd_mobilenet_v3_large"),
    # Its moving variances start at 1 and decay by 0.99 whatever the config says: only then are they those of the batches.
    Recipe("ssd_mobiledet_cpu", steps=600),
)


def hyper(activation: str = "RELU_6") -> str:
    return f"""conv_hyperparams {{
        activation: {activation}
        regularizer {{ l2_regularizer {{ weight: 0.00004 }} }}
        initializer {{ truncated_normal_initializer {{ stddev: 0.03 }} }}
        batch_norm {{ decay: 0.9 scale: true center: true epsilon: 0.001 }}
      }}"""


def head_and_anchors(recipe: Recipe) -> str:
    if recipe.pyramid:
        head, more = "weight_shared_convolutional_box_predictor", "depth: 32 num_layers_before_predictor: 1"
    else:
        head, more = "convolutional_box_predictor", "use_dropout: false"
    anchors = (
        "multiscale_anchor_generator { min_level: 3 max_level: 7 anchor_scale: 3.0 scales_per_octave: 2"
        " aspect_ratios: [1.0, 2.0, 0.5] }"
        if recipe.pyramid
        else "ssd_anchor_generator { num_layers: 6 min_scale: 0.3 max_scale: 0.95 aspect_ratios: [1.0, 2.0, 0.5] }"
    )
    return f"""
    box_predictor {{ {head} {{
      {more} kernel_size: 3 class_prediction_bias_init: -2.0 {hyper()}
    }} }}
    anchor_generator {{ {anchors} }}"""


def extractor(recipe: Recipe) -> str:
    pyramid = ""
    if "bifpn" in recipe.type:
        pyramid = "bifpn { min_level: 3 max_level: 7 num_iterations: 2 num_filters: 32 }"
    elif recipe.pyramid:
        pyramid = "fpn { min_level: 3 max_level: 7 additional_layer_depth: 32 }"
    return f"""feature_extractor {{
      type: "{recipe.type}" {recipe.extractor} {pyramid} {hyper("SWISH" if "bifpn" in recipe.type else "RELU_6")}
      override_base_feature_extractor_hyperparams: true
    }}"""


def write_config(recipe: Recipe, fixtures: Path, folder: Path) -> Path:
    record, labels = folder / "few.record", fixtures / "shapes" / "shapes_label_map.pbtxt"
    write_records(
        str(record), list(read_records(str(fixtures / "shapes" / "shapes_train.record")))[:PICTURES]
    )
    reader = f'label_map_path: "{labels}" tf_record_input_reader {{ input_path: "{record}" }}'
    path = folder / "pipeline.config"
    path.write_text(f"""
model {{
  ssd {{
    num_classes: 4
    image_resizer {{ fixed_shape_resizer {{ height: {recipe.size} width: {recipe.size} }} }}
    {extractor(recipe)}
    {head_and_anchors(recipe)}
    box_coder {{ faster_rcnn_box_coder {{ y_scale: 10 x_scale: 10 height_scale: 5 width_scale: 5 }} }}
    matcher {{ argmax_matcher {{ matched_threshold: 0.5 unmatched_threshold: 0.5 force_match_for_each_row: true }} }}
    similarity_calculator {{ iou_similarity {{ }} }}
    loss {{
      classification_loss {{ weighted_sigmoid_focal {{ alpha: 0.5 gamma: 2.0 }} }}
      localization_loss {{ weighted_smooth_l1 {{ }} }}
      classification_weight: 1.0
      localization_weight: 1.0
    }}
    encode_background_as_zeros: true {recipe.ssd}
    normalize_loss_by_num_matches: true
    normalize_loc_loss_by_codesize: true
    post_processing {{
      batch_non_max_suppression {{ score_threshold: 0.01 iou_threshold: 0.5 max_detections_per_class: 20 max_total_detections: 20 }}
      score_converter: SIGMOID
    }}
  }}
}}
train_config {{
  batch_size: 8
  num_steps: {recipe.steps}
  optimizer {{
    adam_optimizer {{ learning_rate {{ cosine_decay_learning_rate {{
      learning_rate_base: {recipe.rate} total_steps: {recipe.steps} warmup_learning_rate: {recipe.rate / 4} warmup_steps: {min(10, recipe.steps // 2)}
    }} }} }}
    use_moving_average: false
  }}
  gradient_clipping_by_norm: 10.0
  max_number_of_boxes: 10
}}
train_input_reader {{ {reader} }}
eval_config {{ metrics_set: "coco_detection_metrics" }}
eval_input_reader {{ shuffle: false {reader} }}
""")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.type)
def test_a_type_learns_from_scratch(recipe: Recipe, fixtures: Path, tmp_path: Path) -> None:
    config = write_config(recipe, fixtures, tmp_path)
    evaluation = learnt(config, tmp_path / "run")
    assert evaluation.values[METRIC] > recipe.bar
    tf.keras.backend.clear_session()


SEEDED = ("ssd_mobilenet_v2_fpn_keras", "ssd_mobilenet_v2")


@pytest.mark.parametrize("type_", SEEDED)
def test_a_seed_decides_every_bit(type_: str, fixtures: Path, tmp_path: Path) -> None:
    """TF2 and TF1: the same weights from the same seed, other ones from another."""
    config = write_config(Recipe(type_, size=64, steps=4), fixtures, tmp_path)
    check_that_a_seed_decides_every_bit(config, tmp_path)
