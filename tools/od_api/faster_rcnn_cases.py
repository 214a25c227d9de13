"""What the OD API's Faster R-CNN answers to given outputs: `PYTHON -m tools.od_api.faster_rcnn_cases tf1|tf2`.

Writes proposals, losses in training and inference and detections of every case, or the error that it raises, to
`tests/training/recorded/faster_rcnn_cases_GENERATION.json`. The network's outputs and the groundtruth come from
`cases.py`, so nothing of a network takes part; samplers take the first candidates.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.training.detectors.faster_rcnn import cases
from tools.od_api.answers import answers_of, in_graph, write_answers
from tools.od_api.stand_in import tensorflow

TARGET = Path(__file__).resolve().parents[2] / "tests" / "training" / "recorded"

_HYPER = "regularizer { l2_regularizer { } } initializer { truncated_normal_initializer { } }"
_NETWORK = """
image_resizer { fixed_shape_resizer { height: 64 width: 64 } }
feature_extractor { type: "%s" }
first_stage_box_predictor_conv_hyperparams { %s }
second_stage_box_predictor { %s { %s } }
"""
_TYPES = {"tf1": "faster_rcnn_resnet50", "tf2": "faster_rcnn_resnet50_keras"}


def main(generation: str) -> None:
    """Record all cases as one generation answers them."""
    tf = tensorflow(tf1=generation == "tf1")
    answers = answers_of(
        cases.CASES, lambda case: in_graph(tf, lambda: _tensors(tf, case, generation), generation)
    )
    write_answers(TARGET / f"faster_rcnn_cases_{generation}.json", answers, separators=(",", ":"))


class _Head:
    """The later stages: what the arrays say for so many boxes as they are asked for."""

    is_keras_model = True

    def __init__(self, tf: Any, arrays: dict[str, Any], images: int) -> None:
        self._tf, self._arrays, self._images = tf, arrays, images
        self.losses: list[Any] = []

    def __call__(
        self, features: Any, prediction_stage: int = 2, proposal_boxes: Any = None
    ) -> dict[str, Any]:
        from object_detection.core import box_predictor

        boxes = features[0] if proposal_boxes is None else proposal_boxes
        count = int(boxes.shape[0]) // self._images if proposal_boxes is None else int(boxes.shape[1])

        def rows(name: str) -> Any:
            values = self._arrays[name][:, :count]
            return self._tf.constant(values.reshape(-1, 1, *values.shape[2:]))

        if prediction_stage == 3:
            return {box_predictor.MASK_PREDICTIONS: rows("mask_logits")}
        found = {
            box_predictor.BOX_ENCODINGS: rows("box_codes"),
            box_predictor.CLASS_PREDICTIONS_WITH_BACKGROUND: rows("box_logits"),
        }
        return found if proposal_boxes is None else {name: [value] for name, value in found.items()}


def _tensors(tf: Any, case: cases.Case, generation: str) -> dict[str, Any]:
    images = tf.zeros([case.images, cases.SIZE, cases.SIZE, 3])
    # The plain sampler takes the first after a shuffle, the static one the last.
    tf.compat.v1.random_shuffle = (lambda x: x[::-1]) if case.static else (lambda x: x)
    found = {}
    for name, training in (("train", True), ("inference", False)):
        if case.static and not training and "for_eval" not in case.text:
            tf.compat.v1.random_shuffle = lambda x: x
        model = _model(tf, case, generation, training=training)
        shapes = tf.constant(case.true_shapes)
        predictions = model.predict(images, shapes)
        for key in ("proposal_boxes", "num_proposals"):
            if key in predictions:
                found[f"{name}/{key}"] = predictions[key]
        # The detections of three stages are among what the loss looks at.
        detections = {} if training else dict(model.postprocess(dict(predictions), shapes))
        found.update((f"{name}/{key}", value) for key, value in model.loss(predictions, shapes).items())
        found.update(
            (key, value)
            for key, value in detections.items()
            if key.startswith(("detection_", "num_detections", "raw_detection_boxes"))
        )
    return found


def _model(tf: Any, case: cases.Case, generation: str, *, training: bool) -> Any:
    from google.protobuf import text_format
    from object_detection.builders import model_builder
    from object_detection.core import box_list_ops
    from object_detection.protos import model_pb2

    arrays = case.arrays()
    masks = "mask_height: 5 mask_width: 5 predict_instance_masks: true" if case.masks else ""
    head = f"conv_hyperparams {{ {_HYPER} }}"
    if case.predictor == "mask_rcnn_box_predictor":
        head += f" fc_hyperparams {{ op: FC {_HYPER} }} {masks}"
    config = model_pb2.DetectionModel()
    network = _NETWORK % (_TYPES[generation], _HYPER, case.predictor, head)
    for text in (cases.BASE, network):
        text_format.Merge(f"faster_rcnn {{ {text} }}", config)
    if "first_stage_anchor_generator" in case.text:
        config.faster_rcnn.ClearField("first_stage_anchor_generator")
    text_format.Merge(f"faster_rcnn {{ {case.text} }}", config)
    model = model_builder.build(config, is_training=training, add_summaries=False)

    def first(images: Any) -> Any:
        anchors = model._first_stage_anchor_generator.generate(cases.CELLS[case.anchors][0])
        return [], [tf.zeros([case.images, 1, 1, 1])], box_list_ops.concatenate(anchors), tf.shape(images)

    model._extract_rpn_feature_maps = first
    model._predict_rpn_proposals = lambda features: (
        tf.constant(arrays["codes"]),
        tf.constant(arrays["logits"]),
    )
    model._compute_second_stage_input_feature_maps = lambda maps, boxes, shape: tf.zeros(
        [int(boxes.shape[0]) * int(boxes.shape[1]), 1, 1, 1]
    )
    model._extract_box_classifier_features = lambda features: features
    model._mask_rcnn_box_predictor = model._rfcn_box_predictor = _Head(tf, arrays, case.images)

    def rows(name: str) -> list[Any]:
        return [
            tf.constant(image[:count]) for image, count in zip(arrays[name], arrays["num_boxes"], strict=True)
        ]

    model.provide_groundtruth(
        groundtruth_boxes_list=rows("boxes"),
        groundtruth_classes_list=rows("class_targets")
        if case.soft
        else [tf.one_hot(x, 3) for x in rows("classes")],
        groundtruth_weights_list=rows("weights"),
        groundtruth_masks_list=[tf.cast(x, tf.float32) for x in rows("masks")] if case.masks else None,
    )
    return model


if __name__ == "__main__":
    main(sys.argv[1])
