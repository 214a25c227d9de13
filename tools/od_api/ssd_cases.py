"""What the OD API's SSD answers to given predictions: `PYTHON -m tools.od_api.ssd_cases tf1|tf2`.

Writes losses, targets and detections of every case, or the error that it raises, to
`tests/training/recorded/ssd_cases_GENERATION.json`. Predictions and groundtruth come from `cases.py`, so nothing of a
network takes part.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.training.detectors import cases
from tools.od_api.answers import answers_of, in_graph, write_answers
from tools.od_api.stand_in import tensorflow

TARGET = Path(__file__).resolve().parents[2] / "tests" / "training" / "recorded"

_NETWORK = """
image_resizer { fixed_shape_resizer { height: 64 width: 64 } }
feature_extractor { type: "%s" }
box_predictor { convolutional_box_predictor {
  box_code_size: %d
  conv_hyperparams {
    regularizer { l2_regularizer { } } initializer { truncated_normal_initializer { } }
  } } }
"""
_TYPES = {"tf1": "ssd_mobilenet_v1", "tf2": "ssd_mobilenet_v2_keras"}


def main(generation: str) -> None:
    """Record all cases as one generation answers them."""
    tf = tensorflow(tf1=generation == "tf1")
    answers = answers_of(
        cases.CASES, lambda case: in_graph(tf, lambda: _tensors(tf, case, generation), generation)
    )
    write_answers(TARGET / f"ssd_cases_{generation}.json", answers)


def _tensors(tf: Any, case: cases.Case, generation: str) -> dict[str, Any]:
    from google.protobuf import text_format
    from object_detection.builders import model_builder
    from object_detection.core import box_list_ops
    from object_detection.protos import model_pb2

    arrays = case.arrays()
    config = model_pb2.DetectionModel()
    for text in (cases.BASE, _NETWORK % (_TYPES[generation], arrays["codes"].shape[-1]), case.text):
        text_format.Merge(f"ssd {{ {text} }}", config)
    model = model_builder.build(config, is_training=True, add_summaries=False)
    anchors = model._anchor_generator.generate(cases.SHAPES, im_height=64, im_width=64)
    model._anchors = box_list_ops.concatenate(anchors)

    def rows(name: str) -> list[Any] | None:
        if name not in arrays:
            return None
        return [
            tf.constant(image[:count]) for image, count in zip(arrays[name], arrays["num_boxes"], strict=True)
        ]

    model.provide_groundtruth(
        groundtruth_boxes_list=rows("boxes"),
        groundtruth_classes_list=rows("class_targets")
        or [tf.one_hot(image, case.num_classes) for image in rows("classes") or ()],
        groundtruth_weights_list=rows("weights"),
        groundtruth_keypoints_list=rows("keypoints"),
        groundtruth_confidences_list=rows("confidences"),
    )
    predictions = {
        "preprocessed_inputs": tf.zeros([2, 64, 64, 3]),
        "box_encodings": tf.constant(arrays["codes"]),
        "class_predictions_with_background": tf.constant(arrays["logits"]),
    }
    found = {} if case.detections_only else dict(model.loss(predictions, None))
    if case.detections:
        detections = model.postprocess(predictions, tf.constant(cases.TRUE_SHAPES))
        found.update((name, value) for name, value in detections.items() if not name.startswith("raw_"))
    return found


if __name__ == "__main__":
    main(sys.argv[1])
