"""What the command line says about an export, beside the config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FORMATS = ("saved_model", "tflite")
INPUT_TYPES = ("image_tensor", "encoded_image_string_tensor", "tf_example", "float_image_tensor")
QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
MAX_DETECTIONS = 10
SAMPLES = 100


@dataclass(frozen=True)
class ExportOptions:
    """Options of `cfgtool export`.

    `any_batch`: `image_tensor` takes any number of images, not one. `averages`: take moving averages for weights.
    The rest is TFLite's: `keypoints` of a CenterNet beside its boxes; how many detections it gives (the default is the
    OD API's), suppression class by class
    (`regular_nms`) or over all classes at once, how weights are stored, and how many training images show the
    ranges of activations for `int8`.
    """

    output: Path
    format: str = "saved_model"
    input_type: str = "image_tensor"
    any_batch: bool = False
    averages: bool = False
    label_map: str | None = None
    max_detections: int = MAX_DETECTIONS
    regular_nms: bool = False
    keypoints: bool = False
    quantize: str = "none"
    samples: int = SAMPLES
    force: bool = False
