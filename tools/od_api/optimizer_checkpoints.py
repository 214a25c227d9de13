"""Checkpoints of the OD API's optimizers on two small variables.

`PYTHON -m tools.od_api.optimizer_checkpoints FOLDER` writes, for every kind of optimizer with and without the moving
average, FOLDER/NAME.{index,data-*} after two updates, and in FOLDER/expected.json the config of the optimizer, the
gradients of all three updates (each is the same for both variables' elements) and the weights after the third.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tools.od_api.stand_in import tensorflow

GRADIENTS = (0.5, -0.25, 0.75)
_RATE = "learning_rate { constant_learning_rate { learning_rate: 0.1 } }"
OPTIMIZERS = {
    "momentum": f"momentum_optimizer {{ {_RATE} momentum_optimizer_value: 0.8 }}",
    "no_momentum": f"momentum_optimizer {{ {_RATE} momentum_optimizer_value: 0.0 }}",
    "adam": f"adam_optimizer {{ {_RATE} epsilon: 1e-4 }}",
    "rms_prop": f"rms_prop_optimizer {{ {_RATE} momentum_optimizer_value: 0.8 epsilon: 0.5 }}",
    "rms_prop_no_momentum": f"rms_prop_optimizer {{ {_RATE} momentum_optimizer_value: 0.0 epsilon: 0.5 }}",
}


def main(folder: Path) -> None:
    """Update and write."""
    tf = tensorflow()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    expected: dict[str, Any] = {}
    for kind, text in OPTIMIZERS.items():
        for average in (False, True):
            name = f"{kind}_averaged" if average else kind
            config = f"{text} use_moving_average: {str(average).lower()} moving_average_decay: 0.9"
            expected[name] = {"config": config, **_run(tf, config, str(folder / name))}
    expected = {"gradients": GRADIENTS, "optimizers": expected}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def _run(tf: Any, text: str, prefix: str) -> dict[str, Any]:
    from google.protobuf import text_format
    from object_detection.builders import optimizer_builder
    from object_detection.protos import optimizer_pb2

    config = text_format.Parse(text, optimizer_pb2.Optimizer())
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, _ = optimizer_builder.build(config, global_step=step)
    model = tf.Module()
    model.kernel, model.bias = tf.Variable([[1.0, 2.0]], name="kernel"), tf.Variable(3.0, name="bias")
    if config.use_moving_average:
        optimizer.shadow_copy(model)
    for number, gradient in enumerate(GRADIENTS):
        if number == len(GRADIENTS) - 1:
            tf.train.Checkpoint(step=step, model=model, optimizer=optimizer).write(prefix)
        pairs = [(tf.fill(v.shape, gradient), v) for v in (model.kernel, model.bias)]
        optimizer.apply_gradients(pairs)
        step.assign_add(1)
    slots = optimizer.get_slot_names() if config.use_moving_average else []
    return {
        "weights": [model.kernel.numpy().tolist(), float(model.bias)],
        "averages": [
            optimizer.get_slot(v, s).numpy().tolist() for s in slots for v in (model.kernel, model.bias)
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
