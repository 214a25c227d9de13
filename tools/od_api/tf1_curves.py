"""Short training runs of the OD API in the graph mode of TF1.

`PYTHON -m tools.od_api.tf1_curves REFERENCE OUTPUT.json` trains published SSD configs for three steps at 128 pixels from
the reference weights on one reference batch, with the calls of the OD API's own training graph (losses, regularisation,
updates, `slim.optimizers.optimize_loss`), and records the losses of every step, the length of the moving statistics
after the first, and sum and length of the weights after the last one. REFERENCE is the folder of reference data.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from tools.od_api.stand_in import tensorflow

SIZE, STEPS, CLASSES, CLIP = 128, 3, 3, 10.0
# The rate changes at every step: optimizers differ in what they multiply by it.
_RATE = (
    "learning_rate { manual_step_learning_rate { initial_learning_rate: 0.002"
    " schedule { step: 1 learning_rate: 0.001 } schedule { step: 2 learning_rate: 0.004 } } }"
)
OPTIMIZERS = {
    "momentum": f"momentum_optimizer {{ {_RATE} momentum_optimizer_value: 0.9 }}",
    "rms_prop": f"rms_prop_optimizer {{ {_RATE} momentum_optimizer_value: 0.9 decay: 0.9 epsilon: 1.0 }}",
}
RUNS = (
    ("ssd_mobilenet_v1_coco", "momentum"),
    ("ssd_mobilenet_v2_coco", "momentum"),
    ("ssd_mobilenet_v1_coco", "rms_prop"),
)


def main(reference: Path, output: Path) -> None:
    """Train and write."""
    tf = tensorflow(tf1=True).compat.v1
    path = reference / "oracle" / "reference_inputs.py"
    spec = importlib.util.spec_from_file_location("reference_inputs", path)
    assert spec is not None
    assert spec.loader is not None
    inputs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(inputs)
    runs = []
    for name, optimizer in RUNS:
        text = (reference / "oracle" / "golden_tf1" / f"{name}.config").read_text(encoding="utf-8")
        with tf.Graph().as_default():
            result = _run(tf, text, OPTIMIZERS[optimizer], inputs)
        config = f"oracle/golden_tf1/{name}.config"
        runs.append(
            {"name": f"{name}_{optimizer}", "config": config, "optimizer": OPTIMIZERS[optimizer], **result}
        )
    text = json.dumps({"size": SIZE, "clip": CLIP, "runs": runs}, indent=None, separators=(",", ":"))
    output.write_text(text.replace('},"', '},\n"').replace('],"', '],\n"') + "\n", encoding="utf-8")


def _run(tf: Any, text: str, optimizer_text: str, inputs: Any) -> dict[str, Any]:
    import tf_slim as slim
    from google.protobuf import text_format
    from object_detection.builders import model_builder, optimizer_builder
    from object_detection.protos import optimizer_pb2, pipeline_pb2

    pipeline = text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig())
    resizer = pipeline.model.ssd.image_resizer.fixed_shape_resizer
    resizer.height = resizer.width = SIZE
    model = model_builder.build(pipeline.model, is_training=True)
    image = tf.constant(inputs.image(SIZE, SIZE, 2), tf.float32)
    truth = inputs.groundtruth(pipeline.model.ssd.num_classes, 2)
    model.provide_groundtruth(
        [tf.constant(each["boxes"]) for each in truth],
        [tf.one_hot(each["classes"], pipeline.model.ssd.num_classes) for each in truth],
    )
    images, shapes = model.preprocess(image)
    losses = dict(model.loss(model.predict(images, shapes), shapes))
    losses["Loss/regularization_loss"] = tf.add_n(model.regularization_losses())
    total = tf.add_n(list(losses.values()))
    step = tf.train.get_or_create_global_step()
    config = text_format.Parse(f"{optimizer_text} use_moving_average: false", optimizer_pb2.Optimizer())
    optimizer, _ = optimizer_builder.build(config, global_step=step)
    model_variables = [v for v in tf.global_variables() if v is not step]
    train = slim.optimizers.optimize_loss(
        loss=total,
        global_step=step,
        learning_rate=None,
        clip_gradients=CLIP,
        optimizer=optimizer,
        update_ops=model.updates(),
        variables=tf.trainable_variables(),
        summaries=[],
        name="",
    )
    steps, statistics = [], {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable in model_variables:
            variable.load(inputs.weight(variable.op.name, tuple(variable.shape.as_list())), session)
        for number in range(STEPS):
            values = session.run({**losses, "Loss/total_loss": total, "train": train})
            del values["train"]
            steps.append({_tag(name): float(value) for name, value in values.items()})
            if number == 0:
                statistics = {v.op.name: v for v in model_variables if "/moving_" in v.op.name}
                statistics = {name: _length(v) for name, v in session.run(statistics).items()}
        after = session.run({v.op.name: v for v in tf.trainable_variables()})
    return {
        "steps": steps,
        "moving_statistics_after_step_1": statistics,
        "trainable_after": {name: [float(v.sum(dtype="float64")), _length(v)] for name, v in after.items()},
    }


def _tag(name: str) -> str:
    return name if name.startswith("Loss/") else f"Loss/{name.rpartition('/')[2]}"


def _length(value: Any) -> float:
    return float((value.astype("float64") ** 2).sum() ** 0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
