"""A checkpoint restored by the OD API's own model and optimizer, which must find every object of theirs in it.

`PYTHON -m tools.od_api.restore CONFIG MODEL_DIR COPY` builds both from CONFIG with all their variables, restores the
newest checkpoint of MODEL_DIR, and writes what they then hold as the checkpoint COPY. Ends with an error if anything of
the model, the step or the optimizer is not in the checkpoint.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.od_api.stand_in import tensorflow


def main(path: str, model_dir: str, copy: str) -> None:
    """Build, restore, write."""
    tf = tensorflow()
    from google.protobuf import text_format
    from object_detection.builders import model_builder, optimizer_builder
    from object_detection.protos import pipeline_pb2

    pipeline = pipeline_pb2.TrainEvalPipelineConfig()
    text_format.Merge(Path(path).read_text(encoding="utf-8"), pipeline)
    model = model_builder.build(pipeline.model, is_training=True)
    size = pipeline.model.ssd.image_resizer.fixed_shape_resizer
    model.predict(*model.preprocess(tf.zeros([1, size.height, size.width, 3])))
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    optimizer, _ = optimizer_builder.build(pipeline.train_config.optimizer, global_step=step)
    if pipeline.train_config.optimizer.use_moving_average:
        optimizer.shadow_copy(model)
        optimizer._optimizer._create_all_weights(model.trainable_variables)
    else:
        optimizer._create_all_weights(model.trainable_variables)
    checkpoint = tf.train.Checkpoint(step=step, model=model, optimizer=optimizer)
    status = checkpoint.restore(tf.train.latest_checkpoint(model_dir))
    status.assert_existing_objects_matched().expect_partial()
    checkpoint.write(copy)


if __name__ == "__main__":
    main(*sys.argv[1:4])
