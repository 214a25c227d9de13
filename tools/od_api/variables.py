"""The variables of a config's network as the OD API builds it.

`PYTHON -m tools.od_api.variables CONFIG tf1|tf2 [SIZE]` prints a sorted JSON list of [name, shape] (TF1) or [key, shape]
(TF2); the key is the object path in a checkpoint. Variables do not depend on the size of the image, so a small one is
taken.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.od_api.stand_in import tensorflow

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_PROPOSALS = 8


def main(path: str, generation: str, size: int) -> None:
    """Print the variables."""
    tf1 = generation == "tf1"
    tf = tensorflow(tf1=tf1)
    from google.protobuf import text_format
    from object_detection.builders import model_builder
    from object_detection.protos import pipeline_pb2

    pipeline = pipeline_pb2.TrainEvalPipelineConfig()
    text_format.Merge(Path(path).read_text(encoding="utf-8"), pipeline)
    kind = pipeline.model.WhichOneof("model")
    config = getattr(pipeline.model, kind)
    config.image_resizer.Clear()
    config.image_resizer.fixed_shape_resizer.height = size
    config.image_resizer.fixed_shape_resizer.width = size
    if kind == "faster_rcnn":
        config.first_stage_max_proposals = config.second_stage_batch_size = _PROPOSALS

    def build(image: Any) -> Any:
        model = model_builder.build(model_config=pipeline.model, is_training=True)
        side = _inputs(tf, model, config, kind, size)
        images, shapes = model.preprocess(image)
        model.predict(images, shapes, **side)
        return model

    if tf1:
        with tf.Graph().as_default():
            # NASNet asks for the step, and would make it inside its own scope.
            step = tf.compat.v1.train.get_or_create_global_step()
            build(tf.compat.v1.placeholder(tf.float32, [1, size, size, 3]))
            found = [[v.op.name, v.shape.as_list()] for v in tf.compat.v1.global_variables() if v is not step]
    else:
        found = _saved(tf, build(tf.zeros([1, size, size, 3])))
    json.dump(sorted(found), sys.stdout)


def _inputs(tf: Any, model: Any, config: Any, kind: str, size: int) -> dict[str, Any]:
    """What prediction needs beside the image; the groundtruth of a two-stage model is given to it."""
    if kind != "faster_rcnn":
        return {}
    masks = config.second_stage_box_predictor.mask_rcnn_box_predictor.predict_instance_masks
    extra = {"groundtruth_masks_list": [tf.ones([1, size, size])]} if masks else {}
    box = tf.constant([[0.1, 0.1, 0.6, 0.6]])
    model.provide_groundtruth([box], [tf.one_hot([0], config.num_classes)], **extra)
    if not config.HasField("context_config"):
        return {}
    length = config.context_config.context_feature_length
    return {"context_features": tf.zeros([1, 16, length]), "valid_context_size": tf.constant([16])}


def _saved(tf: Any, model: Any) -> list[list[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        prefix = tf.train.Checkpoint(model=model).save(os.path.join(folder, "ckpt"))
        shapes = tf.train.load_checkpoint(prefix).get_variable_to_shape_map()
    return [
        [key.removesuffix(_SUFFIX), shape]
        for key, shape in shapes.items()
        if key.startswith("model/") and key.endswith(_SUFFIX)
    ]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 128)
