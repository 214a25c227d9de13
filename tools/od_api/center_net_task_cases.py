"""What CenterNet of the OD API answers to given outputs of heads: `PYTHON -m tools.od_api.center_net_task_cases`.

Writes targets, losses and detections of every case, or the error that it raises, to
`tests/training/recorded/center_net_tasks.json`. Outputs and groundtruth come from `cases.py`, so no backbone takes part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.training.detectors.center_net_tasks import cases
from tools.od_api.answers import plain, raised, write_answers
from tools.od_api.stand_in import tensorflow

TARGET = Path(__file__).resolve().parents[2] / "tests" / "training" / "recorded" / "center_net_tasks.json"
_DIGITS = 8
DETECTIONS = (
    "detection_boxes",
    "detection_classes",
    "detection_masks",
    "detection_surface_coords",
    "detection_embeddings",
    "detection_temporal_offsets",
)


def main() -> None:
    """Record all cases."""
    tf = tensorflow()
    answers: dict[str, Any] = {"targets": _targets(tf)}
    for case in cases.CASES:
        answer: dict[str, Any] = {}
        try:
            answer |= _losses(tf, case)
        except Exception as error:  # what the library raises is part of its answer
            answer["error"] = raised(error)[:160]
        if case.detections:
            answer |= _detections(tf, case)
        answers[case.name] = answer
    write_answers(TARGET, answers)


def _model(tf: Any, case: cases.Case) -> Any:
    """The OD API's meta-architecture around a feature extractor that is never run."""
    from google.protobuf import text_format
    from object_detection.builders import model_builder
    from object_detection.meta_architectures import center_net_meta_arch as architecture
    from object_detection.protos import center_net_pb2

    class Extractor(architecture.CenterNetFeatureExtractor):
        """Two maps of stride 4."""

        out_stride = cases.STRIDE
        num_feature_outputs = cases.STACKS

    config = center_net_pb2.CenterNet()
    for text in (cases.BASE, case.text):
        text_format.Merge(text, config)
    parts = {
        "mask_params": ("mask_estimation_task", model_builder.mask_proto_to_params),
        "densepose_params": ("densepose_estimation_task", model_builder.densepose_proto_to_params),
        "track_params": ("track_estimation_task", model_builder.tracking_proto_to_params),
        "temporal_offset_params": ("temporal_offset_task", model_builder.temporal_offset_proto_to_params),
    }
    params = {
        name: read(getattr(config, field)) for name, (field, read) in parts.items() if config.HasField(field)
    }
    model = architecture.CenterNetMetaArch(
        is_training=True,
        add_summaries=False,
        num_classes=config.num_classes,
        feature_extractor=Extractor(),
        image_resizer_fn=None,
        object_center_params=model_builder.object_center_proto_to_params(config.object_center_params),
        object_detection_params=model_builder.object_detection_proto_to_params(config.object_detection_task),
        **params,
    )
    if "track_params" in params:
        net = model.track_reid_classification_net
        net(tf.zeros([1, 1, cases.EMBEDDING]))
        variables = [variable for layer in net.layers for variable in layer.weights]
        for number, variable in enumerate(variables):
            variable.assign(cases.classifier(number, tuple(variable.shape)))
    return model


def _predictions(tf: Any, case: cases.Case) -> dict[str, Any]:
    found = {
        name: [tf.constant(stack) for stack in value] for name, value in cases.outputs(case.parts).items()
    }
    found["preprocessed_inputs"] = tf.zeros([cases.BATCH, cases.HEIGHT, cases.WIDTH, 3])
    return found


def _groundtruth(tf: Any, case: cases.Case) -> dict[str, list[Any]]:
    truth = cases.groundtruth(case.parts)
    names = {
        "groundtruth_boxes_list": "boxes",
        "groundtruth_weights_list": "weights",
        "groundtruth_dp_num_points_list": "densepose_num_points",
        "groundtruth_dp_part_ids_list": "densepose_part_ids",
        "groundtruth_dp_surface_coords_list": "densepose_surface_coords",
        "groundtruth_track_ids_list": "track_ids",
        "groundtruth_temporal_offsets_list": "temporal_offsets",
        "groundtruth_track_match_flags_list": "track_match_flags",
    }
    if "mask_weights" in case.extra:
        names["groundtruth_mask_weights_list"] = "mask_weights"
    found = {ours: [tf.constant(image) for image in truth[name]] for ours, name in names.items()}
    found["groundtruth_masks_list"] = [tf.constant(image, tf.float32) for image in truth["masks"]]
    if "class_targets" in case.extra:
        found["groundtruth_classes_list"] = [tf.constant(image) for image in truth["class_targets"]]
    else:
        found["groundtruth_classes_list"] = [tf.one_hot(image, cases.CLASSES) for image in truth["classes"]]
    return found


def _losses(tf: Any, case: cases.Case) -> dict[str, Any]:
    tf.keras.backend.set_learning_phase(True)
    predictions, groundtruth = _predictions(tf, case), _groundtruth(tf, case)
    shapes = tf.constant(cases.TRUE_SHAPES)
    answer: dict[str, Any] = {}
    if "track_estimation_task" in case.text:
        try:
            _loss(_model(tf, case), predictions, groundtruth, shapes)
        except Exception as error:
            answer["several_objects"] = raised(error)[:160]
        predictions, groundtruth, shapes = _one_object_each(tf, case, predictions, groundtruth, shapes)
    model = _model(tf, case)
    losses = _loss(model, predictions, groundtruth, shapes)
    wanted = ("segmentation", "densepose", "track")
    answer["losses"] = {
        name: plain(value, _DIGITS) for name, value in losses.items() if name.startswith(wanted)
    }
    if _layered(case):
        layers = model.track_reid_classification_net.layers
        answer["moving"] = [
            plain(value, _DIGITS) for layer in layers for value in layer.non_trainable_weights
        ]
    return answer


def _loss(model: Any, predictions: Any, groundtruth: Any, shapes: Any) -> dict[str, Any]:
    model.provide_groundtruth(**groundtruth)
    found = model.loss(predictions, shapes)
    return {name.removeprefix("Loss/"): value for name, value in found.items()}


def _one_object_each(tf: Any, case: cases.Case, predictions: Any, groundtruth: Any, shapes: Any) -> Any:
    """The same with an image for every object: tracks of more are not learnt."""
    # Objects without a weight would take part in the statistics.
    kept = [index for index in range(cases.BATCH * cases.OBJECTS) if index < 5 or not _layered(case)]
    images = [index // cases.OBJECTS for index in kept]

    def spread(value: Any) -> Any:
        return [spread(one) for one in value] if isinstance(value, list) else tf.gather(value, images)

    rows = [(index // cases.OBJECTS, index % cases.OBJECTS) for index in kept]
    return (
        {name: spread(value) for name, value in predictions.items()},
        {name: [value[image][row : row + 1] for image, row in rows] for name, value in groundtruth.items()},
        tf.gather(shapes, images),
    )


def _layered(case: cases.Case) -> bool:
    return "num_fc_layers" in case.text


def _detections(tf: Any, case: cases.Case) -> dict[str, Any]:
    from object_detection.meta_architectures import center_net_meta_arch as architecture

    predictions, shapes = _predictions(tf, case), tf.constant(cases.TRUE_SHAPES)
    found = _model(tf, case).postprocess(predictions, shapes)
    answer = {name: plain(found[name], _DIGITS) for name in DETECTIONS if name in found}
    heat = tf.sigmoid(predictions["object_center"][-1])
    heat *= architecture.mask_from_true_image_shape(heat.shape, shapes)
    _, rows, columns, _ = architecture.top_k_feature_map_locations(heat, 3, cases.DETECTIONS)
    return {**answer, "rows": plain(rows, _DIGITS), "columns": plain(columns, _DIGITS)}


def _targets(tf: Any) -> dict[str, Any]:
    """The mask assigner's targets and weights, without and with weights of masks."""
    from object_detection.core import target_assigner

    assigner = target_assigner.CenterNetMaskTargetAssigner(cases.STRIDE, boxes_scale=1.05)
    answer = {}
    for case in cases.MASKS:
        truth = _groundtruth(tf, case)
        heat, weights = assigner.assign_segmentation_targets(
            truth["groundtruth_masks_list"],
            truth["groundtruth_classes_list"],
            truth["groundtruth_boxes_list"],
            truth.get("groundtruth_mask_weights_list"),
        )
        if case.extra or case.name == "masks_sigmoid":
            answer[case.name] = {"targets": plain(heat, _DIGITS), "weights": plain(weights, _DIGITS)}
    return answer


if __name__ == "__main__":
    main()
