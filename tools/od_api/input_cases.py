"""What the OD API's input makes of given records: `PYTHON -m tools.od_api.input_cases`.

Writes the batches of every case of `tests/training/input/detector_cases.py`, or the error that it raises, to
`tests/training/input/recorded/detectors.json`. Arrays of more than 200 values are recorded as their shape, their sum and
every (size // 50)-th value.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tools.od_api.stand_in import tensorflow

INPUT = Path(__file__).resolve().parents[2] / "tests" / "training" / "input"
sys.path.insert(0, str(INPUT))

LEFT_OUT = (
    "filename",
    "groundtruth_image_confidences",
    "groundtruth_label_weights",
    "groundtruth_not_exhaustive_classes",
    "groundtruth_verified_neg_classes",
    "hash",
    "key",
    "original_image",
)
_MOST = 4


def main() -> None:
    """Record all cases."""
    tf = tensorflow()
    import detector_cases

    answers = {}
    for name, case in detector_cases.CASES.items():
        try:
            answers[name] = {"examples": _examples(tf, case)}
        except Exception as error:  # what the library raises is part of its answer
            answers[name] = {"error": f"{type(error).__name__}: {_reason(str(error))}"}
        print(name, answers[name].get("error", "recorded"), file=sys.stderr)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in answers.items())
    (INPUT / "recorded" / "detectors.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def _examples(tf: Any, case: Any) -> list[dict[str, Any]]:
    from detector_cases import WINDOW
    from google.protobuf import text_format
    from object_detection import inputs
    from object_detection.builders import model_builder
    from object_detection.core import preprocessor
    from object_detection.protos import pipeline_pb2

    preprocessor.tf.image.sample_distorted_bounding_box = lambda shape, **_: _window(tf, shape, WINDOW)
    with tempfile.TemporaryDirectory() as folder:
        config = pipeline_pb2.TrainEvalPipelineConfig()
        text_format.Merge(case.text(*case.write(Path(folder))), config)
        plain = pipeline_pb2.TrainEvalPipelineConfig()
        plain.CopyFrom(config)
        # The model only preprocesses here; tasks and context need not be built.
        plain.model.center_net.ClearField("mask_estimation_task") if case.demo == "center_net" else None
        plain.model.faster_rcnn.ClearField("context_config") if case.demo != "center_net" else None
        model = model_builder.build(plain.model, is_training=not case.evaluation, add_summaries=False)
        if case.evaluation:
            reader = config.eval_input_reader[0]
            reader.num_epochs = 1
            dataset = inputs.eval_input(config.eval_config, reader, config.model, model=model)
        else:
            dataset = inputs.train_input(
                config.train_config, config.train_input_reader, config.model, model=model
            )
        found = dataset.take(_MOST if case.evaluation and case.sequences else case.batches)
        return [_plain({**features, **labels}) for features, labels in found]


def _reason(message: str) -> str:
    """What is said after TensorFlow's account of where it happened."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = next((line for line in lines if re.match(r"\w*Error: ", line)), lines[0] if lines else "")
    return re.sub(
        r"^.*Error in user-defined function passed to \S+ transformation with iterator: \S+: ", "", said
    )[:200]


def _window(tf: Any, shape: Any, window: tuple[float, ...]) -> Any:
    sides = tf.cast(shape[:2], tf.float32)
    begin = tf.cast(sides * window[:2], tf.int32)
    end = tf.cast(sides * window[2:], tf.int32)
    box = tf.cast(tf.concat([begin, end], 0), tf.float32) / tf.tile(sides, [2])
    return (
        tf.concat([begin, [0]], 0),
        tf.concat([end - begin, [-1]], 0),
        box[tf.newaxis, tf.newaxis],
    )


def _plain(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: _summary(tensor.numpy()) for name, tensor in tensors.items() if name not in LEFT_OUT}


def _summary(array: Any) -> Any:
    numbers = np.asarray(array, np.float64)
    if numbers.size <= 200:
        rounded = np.round(numbers, 6)
        return np.where(np.isnan(rounded), None, rounded).tolist()  # JSON has no NaN
    sample = numbers.ravel()[:: numbers.size // 50]
    return {
        "shape": list(numbers.shape),
        "sum": round(float(np.nansum(numbers)), 4),
        "sample": np.where(np.isnan(sample), None, np.round(sample, 6)).tolist(),
    }


if __name__ == "__main__":
    main()
