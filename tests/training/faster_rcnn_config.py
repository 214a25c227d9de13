"""A Faster R-CNN that is small enough to be trained while one waits."""

from __future__ import annotations

from pathlib import Path

from cfgtool.data.tfrecord import read_records, write_records

FIXED = "fixed_shape_resizer { height: 128 width: 128 }"
FREE = "keep_aspect_ratio_resizer { min_dimension: 96 max_dimension: 160 }"
GRID = """grid_anchor_generator {
      height: 64 width: 64 height_stride: 16 width_stride: 16 scales: [0.5, 1.0] aspect_ratios: [0.5, 1.0, 2.0]
    }"""
PYRAMID = """multiscale_anchor_generator {
      min_level: 2 max_level: 6 anchor_scale: 4.0 scales_per_octave: 1 aspect_ratios: [0.5, 1.0, 2.0]
      normalize_coordinates: false
    }"""

FPN = """type: "faster_rcnn_resnet50_fpn_keras" batch_norm_trainable: true
    fpn { min_level: 2 max_level: 6 additional_layer_depth: 64 }
    override_base_feature_extractor_hyperparams: true
    conv_hyperparams {
      activation: RELU_6
      regularizer { l2_regularizer { weight: 0.00004 } }
      initializer { truncated_normal_initializer { stddev: 0.03 } }
      batch_norm { decay: 0.9 scale: true center: true epsilon: 0.001 }
    }"""
_HYPER = """op: CONV regularizer { l2_regularizer { weight: 0.0 } }
      initializer { truncated_normal_initializer { stddev: 0.01 } }"""

_DENSE = """fc_hyperparams { op: FC regularizer { l2_regularizer { weight: 0.0 } }
        initializer { variance_scaling_initializer { factor: 1.0 uniform: true mode: FAN_AVG } } }"""
BOXES = f"mask_rcnn_box_predictor {{ {_DENSE} }}"
MASKS = f"""mask_rcnn_box_predictor {{ {_DENSE}
      predict_instance_masks: true mask_height: 9 mask_width: 9 mask_prediction_conv_depth: 16
      conv_hyperparams {{ {_HYPER} }} }}"""
RFCN = f"""rfcn_box_predictor {{
      crop_height: 9 crop_width: 9 num_spatial_bins_height: 3 num_spatial_bins_width: 3 depth: 16
      conv_hyperparams {{ {_HYPER} }} }}"""


def write_config(
    fixtures: Path,
    folder: Path,
    *,
    pictures: int = 8,
    resizer: str = FIXED,
    extractor: str = 'type: "faster_rcnn_resnet50_keras" batch_norm_trainable: true',
    anchors: str = GRID,
    head: str = BOXES,
    model: str = "",
    batch: int = 2,
    steps: int = 2,
    rate: float = 1e-3,
    record: Path | None = None,
    reader: str = "",
) -> Path:
    """Write a config for a few pictures of the shapes, with all that it names, into `folder`; returns its path."""
    labels = fixtures / "shapes" / "shapes_label_map.pbtxt"
    if record is None:
        record = folder / "few.record"
        shapes = list(read_records(str(fixtures / "shapes" / "shapes_train.record")))
        write_records(str(record), shapes[:pictures])
    files = f'label_map_path: "{labels}" tf_record_input_reader {{ input_path: "{record}" }} {reader}'
    path = folder / "pipeline.config"
    path.write_text(f"""
model {{
  faster_rcnn {{
    num_classes: 4
    image_resizer {{ {resizer} }}
    feature_extractor {{ {extractor} }}
    first_stage_anchor_generator {{ {anchors} }}
    first_stage_box_predictor_conv_hyperparams {{ {_HYPER} }}
    first_stage_box_predictor_depth: 64
    first_stage_minibatch_size: 64
    first_stage_nms_iou_threshold: 0.7
    first_stage_max_proposals: 24
    second_stage_batch_size: 16
    initial_crop_size: 8 maxpool_kernel_size: 2 maxpool_stride: 2
    clip_anchors_to_image: true
    second_stage_box_predictor {{ {head} }}
    second_stage_post_processing {{
      batch_non_max_suppression {{
        score_threshold: 0.05 iou_threshold: 0.5 max_detections_per_class: 10 max_total_detections: 10
      }}
      score_converter: SOFTMAX
    }}
    {model}
  }}
}}
train_config {{
  batch_size: {batch}
  num_steps: {steps}
  optimizer {{
    adam_optimizer {{ learning_rate {{ cosine_decay_learning_rate {{
      learning_rate_base: {rate} total_steps: {steps} warmup_learning_rate: {rate / 4} warmup_steps: {min(10, steps // 2)}
    }} }} }}
    use_moving_average: false
  }}
  gradient_clipping_by_norm: 10.0
  max_number_of_boxes: 10
}}
train_input_reader {{ {files} max_number_of_boxes: 10 }}
eval_config {{ metrics_set: "coco_detection_metrics" }}
eval_input_reader {{ shuffle: false {files} max_number_of_boxes: 10 }}
""")
    return path
