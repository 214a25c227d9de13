"""Pipeline configs for tests, made from a few choices."""

from __future__ import annotations

from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse

HYPER = """
      activation: RELU_6
      regularizer { l2_regularizer { weight: 0.00004 } }
      initializer { truncated_normal_initializer { mean: 0.0 stddev: 0.03 } }
      batch_norm { decay: 0.97 center: true scale: true epsilon: 0.001 }
"""

CONVOLUTIONAL = "ssd_anchor_generator { num_layers: 6 aspect_ratios: [1.0, 2.0, 0.5] }"
MULTISCALE = (
    "multiscale_anchor_generator { min_level: 3 max_level: 7 aspect_ratios: [1.0, 2.0] scales_per_octave: 2 }"
)


def read(text: str) -> Config:
    """The typed config of a text."""
    return read_config(parse(text))


def pipeline(
    type_: str = "ssd_mobilenet_v2_keras",
    *,
    size: int = 64,
    classes: int = 3,
    extractor: str = "",
    hyper: str = HYPER,
    head: str = "",
    anchors: str = "",
    ssd: str = "",
    train: str = "",
) -> Config:
    """An SSD config; FPN types get a weight-shared head and multiscale anchors, others convolutional
    heads.
    """
    fpn = "fpn" in type_
    kind = "weight_shared_convolutional_box_predictor" if fpn else "convolutional_box_predictor"
    own = "depth: 32 num_layers_before_predictor: 2 kernel_size: 3" if fpn else "kernel_size: 3"
    return read(f"""
model {{
  ssd {{
    num_classes: {classes}
    image_resizer {{ fixed_shape_resizer {{ height: {size} width: {size} }} }}
    feature_extractor {{
      type: "{type_}"
      {extractor or "depth_multiplier: 0.25"}
      conv_hyperparams {{ {hyper} }}
    }}
    box_predictor {{ {kind} {{ {own} {head} conv_hyperparams {{ {hyper} }} }} }}
    anchor_generator {{ {anchors or (MULTISCALE if fpn else CONVOLUTIONAL)} }}
    {ssd}
  }}
}}
train_config {{ {train} }}
""")
