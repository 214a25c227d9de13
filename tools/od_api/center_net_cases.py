"""What the OD API's CenterNet answers to given outputs of its heads: `PYTHON -m tools.od_api.center_net_cases`.

Writes losses and detections of every case, or the error that it raises, to
`tests/training/recorded/center_net_cases.json`. Outputs and groundtruth come from `cases.py`, so no network takes
part; the extractor is one that only says how many maps it gives.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from tests.training.detectors.center_net import cases
from tools.od_api.answers import answers_of, plain, write_answers
from tools.od_api.stand_in import tensorflow

TARGET = Path(__file__).resolve().parents[2] / "tests" / "training" / "recorded" / "center_net_cases.json"


def main() -> None:
    """Record all cases."""
    tf = tensorflow()
    answers = answers_of(
        cases.CASES,
        lambda case: {name: plain(value) for name, value in _tensors(tf, case).items()},
        longest=200,
    )
    write_answers(TARGET, answers)


def _tensors(tf: Any, case: cases.Case) -> dict[str, Any]:
    model = _model(case)
    groundtruth = case.groundtruth()

    def rows(name: str) -> list[Any] | None:
        if name not in groundtruth:
            return None
        counts = groundtruth["num_boxes"]
        return [tf.constant(image[:count]) for image, count in zip(groundtruth[name], counts, strict=True)]

    labeled = groundtruth.get("labeled_classes")
    model.provide_groundtruth(
        groundtruth_boxes_list=rows("boxes"),
        groundtruth_classes_list=rows("class_targets")
        or [tf.one_hot(image, case.classes) for image in rows("classes") or ()],
        groundtruth_weights_list=rows("weights"),
        groundtruth_keypoints_list=rows("keypoints"),
        groundtruth_keypoint_depths_list=rows("keypoint_depths"),
        groundtruth_keypoint_depth_weights_list=rows("keypoint_depth_weights"),
        groundtruth_labeled_classes=None if labeled is None else list(tf.constant(labeled)),
    )
    outputs = case.outputs()
    predictions = {name: [tf.constant(stack[name]) for stack in outputs] for name in outputs[0]}
    predictions["preprocessed_inputs"] = tf.zeros([2, 64, 64, 3])
    shapes = tf.constant(cases.TRUE_SHAPES)
    found = {} if case.detections_only else dict(model.loss(predictions, shapes))
    if "argmax" in case.text:  # takes one image at a time
        images = [
            model.postprocess(
                {name: [map_[image : image + 1] for map_ in maps] for name, maps in predictions.items()},
                shapes[image : image + 1],
            )
            for image in range(2)
        ]
        found.update({name: tf.concat([image[name] for image in images], axis=0) for name in images[0]})
    else:
        found.update(model.postprocess(predictions, shapes))
    return found


def _model(case: cases.Case) -> Any:
    from google.protobuf import text_format
    from object_detection.builders import model_builder
    from object_detection.core import target_assigner
    from object_detection.meta_architectures import center_net_meta_arch
    from object_detection.protos import model_pb2

    class Extractor(center_net_meta_arch.CenterNetFeatureExtractor):  # type: ignore[misc]
        out_stride = 4
        num_feature_outputs = case.stacks
        classification_backbone = None

        def call(self, inputs: Any) -> Any:
            return [inputs] * case.stacks

    # The loss hands on an argument that this function does not take.
    assigner = target_assigner.CenterNetCenterHeatmapTargetAssigner
    function = assigner.assign_center_targets_from_keypoints
    if not hasattr(function, "__wrapped__"):

        @functools.wraps(function)
        def without(self: Any, *args: Any, maximum_normalized_coordinate: float = 1.1, **kwargs: Any) -> Any:
            del maximum_normalized_coordinate
            return function(self, *args, **kwargs)

        assigner.assign_center_targets_from_keypoints = without
    config = model_pb2.DetectionModel()
    for text in (cases.BASE, case.text):
        text_format.Merge(f"center_net {{ {text} }}", config)
    model_builder._build_center_net_feature_extractor = lambda *_: Extractor()
    return model_builder.build(config, is_training=True, add_summaries=False)


if __name__ == "__main__":
    main()
