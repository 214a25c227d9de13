"""Metrics of random detections as the OD API's evaluators compute them.

`PYTHON -m tools.od_api.metrics > tests/training/recorded/metrics.json`. A case is a list of images, each with the
arguments of `ImageResult`; NaN is written as null. The evaluators get what their own interface asks for; those that
know labelled classes are asked to skip the detections of other classes.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import sys
from typing import Any

from tools.od_api.stand_in import tensorflow

CLASSES = {1: "cat", 2: "dog", 3: "bird", 4: "fish", 5: "cow"}
LAST_WITH_OBJECTS = 4
SIZE = 200.0
BAND = (0.2, 0.7)


def main() -> None:
    """Print the cases."""
    tensorflow()
    import numpy as np

    for name, value in (("float", float), ("bool", bool), ("NAN", math.nan)):
        np.__dict__.setdefault(name, None)
        setattr(np, name, value)
    random = np.random.default_rng(5)
    cases = [_case(random, np) for _ in range(6)]
    json.dump({"classes": CLASSES, "recalls": BAND, "cases": cases}, sys.stdout, allow_nan=False)
    print()


def _case(random: Any, np: Any) -> dict[str, Any]:
    images = [_image(random, np) for _ in range(6)]
    return {"images": images, "metrics": {name: _evaluate(np, name, images) for name in _evaluators()}}


def _image(random: Any, np: Any) -> dict[str, Any]:
    """Some objects, and detections near them and elsewhere.

    No scores are equal: the evaluators sort them in a way that leaves the order of equal ones to the processor.
    """
    count = int(random.integers(0, 6))
    boxes = _boxes(random, np, count)
    classes = random.integers(1, LAST_WITH_OBJECTS + 1, count)
    near = random.integers(0, count, int(random.integers(0, 7))) if count else np.zeros(0, np.int64)
    moved = np.round(boxes[near] + random.normal(0.0, 5.0, (len(near), 4)), 2)
    found = np.concatenate([moved, _boxes(random, np, int(random.integers(0, 3)))])
    guessed = np.concatenate([classes[near], random.integers(1, len(CLASSES) + 1, len(found) - len(near))])
    wrong = random.random(len(found)) < 0.15
    guessed[wrong] = random.integers(1, len(CLASSES) + 1, int(wrong.sum()))
    labeled = random.random(len(CLASSES)) < 0.7
    return {
        "boxes": boxes.tolist(),
        "classes": classes.tolist(),
        "detection_boxes": found.tolist(),
        "detection_classes": guessed.tolist(),
        "detection_scores": np.round(random.uniform(0.05, 1.0, len(found)), 6).tolist(),
        "is_crowd": (random.random(count) < 0.15).tolist(),
        "difficult": (random.random(count) < 0.25).tolist(),
        "group_of": (random.random(count) < 0.3).tolist(),
        "area": np.round(random.uniform(100.0, 12000.0, count), 1).tolist(),
        "labeled": labeled.tolist(),
    }


def _boxes(random: Any, np: Any, count: int) -> Any:
    corners = random.uniform(0.0, SIZE - 80.0, (count, 2))
    return np.round(np.concatenate([corners, corners + random.uniform(15.0, 80.0, (count, 2))], 1), 2)


def _evaluators() -> dict[str, dict[str, Any]]:
    """Set of metrics -> what its evaluator is built with."""
    band = {"recall_lower_bound": BAND[0], "recall_upper_bound": BAND[1]}
    skip = {"skip_predictions_for_unlabeled_class": True}
    return {
        "coco_detection_metrics": {},
        "coco_detection_metrics skipping": skip,
        "pascal_voc_detection_metrics": {},
        "weighted_pascal_voc_detection_metrics": {},
        "oid_V2_detection_metrics": {},
        "oid_challenge_detection_metrics": {},
        "precision_at_recall_detection_metrics": band,
        "precision_at_recall_detection_metrics skipping": {**band, **skip},
    }


def _evaluate(np: Any, name: str, images: list[dict[str, Any]]) -> dict[str, float | None]:
    from object_detection.eval_util import EVAL_METRICS_CLASS_DICT

    set_name = name.partition(" ")[0]
    categories = [{"id": number, "name": text} for number, text in CLASSES.items()]
    evaluator = EVAL_METRICS_CLASS_DICT[set_name](categories, **_evaluators()[name])
    for number, image in enumerate(images):
        truth = {
            "groundtruth_boxes": np.reshape(np.array(image["boxes"], np.float64), (-1, 4)),
            "groundtruth_classes": np.array(image["classes"], np.int64),
            "groundtruth_difficult": np.array(image["difficult"], np.bool_),
            "groundtruth_group_of": np.array(image["group_of"], np.bool_),
            "groundtruth_area": np.array(image["area"], np.float64),
            "groundtruth_is_crowd": np.array(image["is_crowd"], np.int64),
        }
        labeled = np.array([False, *image["labeled"]])
        # The challenge's evaluator takes numbers of classes, the others flags.
        challenge = set_name.startswith("oid_challenge")
        truth["groundtruth_labeled_classes"] = (
            np.flatnonzero(labeled) if challenge else labeled.astype(np.float32)
        )
        evaluator.add_single_ground_truth_image_info(str(number), truth)
        found = {
            "detection_boxes": np.reshape(np.array(image["detection_boxes"], np.float64), (-1, 4)),
            "detection_scores": np.array(image["detection_scores"], np.float64),
            "detection_classes": np.array(image["detection_classes"], np.int64),
        }
        evaluator.add_single_detected_image_info(str(number), found)
    with contextlib.redirect_stdout(io.StringIO()):
        values = {metric: float(value) for metric, value in evaluator.evaluate().items()}
    return {metric: None if math.isnan(value) else value for metric, value in values.items()}


if __name__ == "__main__":
    main()
