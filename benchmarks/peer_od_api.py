"""The OD API's own training step, timed: run with the interpreter of an environment where it is installed.

Not imported by the rest. `PYTHON -m benchmarks.peer_od_api CONFIG STEPS` prints one JSON object; see `figures.py`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from benchmarks.figures import figures
from tools.od_api.stand_in import tensorflow

START = time.perf_counter()


def main(config_path: str, steps: int) -> None:
    """Train `steps` steps of the config and print the figures."""
    tf = tensorflow()
    from object_detection import inputs, model_lib_v2
    from object_detection.builders import model_builder, optimizer_builder
    from object_detection.utils import config_util

    configs = config_util.get_configs_from_pipeline_file(config_path)
    model = model_builder.build(model_config=configs["model"], is_training=True)
    dataset = inputs.train_input(
        train_config=configs["train_config"],
        train_input_config=configs["train_input_config"],
        model_config=configs["model"],
        model=model,
    ).repeat()
    iterator = iter(dataset)
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    optimizer, _ = optimizer_builder.build(configs["train_config"].optimizer, global_step=step)
    next(iterator)
    unpad = configs["train_config"].unpad_groundtruth_tensors
    model_lib_v2._ensure_model_is_built(model, dataset, unpad)

    @tf.function
    def train_step(features: Any, labels: Any, step: Any) -> Any:
        return model_lib_v2.eager_train_step(
            model, features, labels, unpad, optimizer, step, add_regularization_loss=True, num_replicas=1.0
        )

    def step_of(batch: Any) -> float:
        return float(train_step(*batch, step)["Loss/total_loss"])

    result = figures(START, iterator, step_of, configs["train_config"].batch_size, steps)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
