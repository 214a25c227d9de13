"""Metrics of random detections as the OD API's evaluators compute them.

`PYTHON -m tools.od_api.metrics > tests/training/recorded/metrics.json`. A case is a list of images, each with the
arguments of `ImageResult`; NaN is written as null. The evaluators get what their own interface asks for; those that
know labelled classes are asked to skip the detections of other classes. Masks are ellipses, run-length encoded.
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
KEYPOINTS = {"nose": 0, "left": 2, "right": 3, "tail": 5}
"""Those of `KEYPOINT_CLASS`, and their places among the keypoints of every object."""
KEYPOINT_CLASS = 1
PLACES = 6
SIGMAS = {"nose": 0.03, "left": 0.08, "right": 0.07, "tail": 0.1}
FREQUENCIES = {1: "f", 2: "c", 3: "r", 4: "c", 5: "r"}


def main() -> None:
    """Print the cases."""
    tensorflow()
    import numpy as np

    for name, value in (("float", float), ("bool", bool), ("NAN", math.nan)):
        np.__dict__.setdefault(name, None)
        setattr(np, name, value)
    random = np.random.default_rng(5)
    shapes = np.random.default_rng(6)
    cases = [_case(random, shapes, np) for _ in range(6)]
    settings = {
        "classes": CLASSES,
        "recalls": BAND,
        "keypoint_class": KEYPOINT_CLASS,
        "keypoints": KEYPOINTS,
        "sigmas": SIGMAS,
        "frequencies": FREQUENCIES,
    }
    json.dump({**settings, "cases": cases}, sys.stdout, allow_nan=False)
    print()


def _case(random: Any, shapes: Any, np: Any) -> dict[str, Any]:
    images = [_image(random, np) for _ in range(6)]
    for image in images:
        image |= _shapes(shapes, np, image)
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


def _shapes(random: Any, np: Any, image: dict[str, Any]) -> dict[str, Any]:
    """Masks and keypoints of objects and detections, and what is known of the classes.

    Some objects have an empty mask, which for Open Images means that they have none; some have no keypoint that can
    be seen. Detections have the keypoints of the object that they lie on best, moved a little.
    """
    truths = np.reshape(np.array(image["boxes"]), (-1, 4))
    found = np.reshape(np.array(image["detection_boxes"]), (-1, 4))
    points = truths[:, np.newaxis, :2] + random.uniform(0.0, 1.0, (len(truths), PLACES, 2)) * (
        truths[:, np.newaxis, 2:] - truths[:, np.newaxis, :2]
    )
    guesses = random.uniform(0.0, SIZE, (len(found), PLACES, 2))
    for row, box in enumerate(found):
        if len(truths):
            nearest = np.abs(truths - box).sum(axis=1).argmin()
            guesses[row] = points[nearest] + random.normal(0.0, 4.0, (PLACES, 2))
    seen = (random.random((len(truths), PLACES)) < 0.8) & (random.random((len(truths), 1)) < 0.85)
    shown = np.round(points, 2).tolist()
    for row, column in np.argwhere(~seen):
        shown[row][column] = [None, None]
    return {
        "masks": _ellipses(random, np, truths, empty=0.2),
        "detection_masks": _ellipses(random, np, found, empty=0.05),
        "keypoints": shown,
        "detection_keypoints": np.round(guesses, 2).tolist(),
        "absent": (random.random(len(CLASSES)) < 0.4).tolist(),
        "inexhaustive": (random.random(len(CLASSES)) < 0.3).tolist(),
    }


def _ellipses(random: Any, np: Any, boxes: Any, empty: float) -> list[dict[str, Any]]:
    from pycocotools import mask

    found = []
    ys, xs = np.mgrid[: int(SIZE), : int(SIZE)] + 0.5
    for ymin, xmin, ymax, xmax in boxes:
        shape = ((ys - (ymin + ymax) / 2) / (ymax - ymin)) ** 2 + (
            (xs - (xmin + xmax) / 2) / (xmax - xmin)
        ) ** 2
        pixels = (shape < 0.25 * random.uniform(0.7, 1.3)) & (random.random() >= empty)
        encoded = mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
        found.append({"size": encoded["size"], "counts": encoded["counts"].decode()})
    return found


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
        "coco_mask_metrics": {},
        "pascal_voc_instance_segmentation_metrics": {},
        "weighted_pascal_voc_instance_segmentation_metrics": {},
        "oid_challenge_segmentation_metrics": {},
        "lvis_mask_metrics": {},
        "coco_keypoint_metrics": _of_keypoints(SIGMAS),
        "coco_keypoint_metrics unweighted": _of_keypoints(None),
    }


def _of_keypoints(sigmas: dict[str, float] | None) -> dict[str, Any]:
    names = [{"id": number, "name": name} for name, number in KEYPOINTS.items()]
    text = CLASSES[KEYPOINT_CLASS]
    return {"category_keypoints": names, "class_text": text, "oks_sigmas": sigmas}


def _evaluate(np: Any, name: str, images: list[dict[str, Any]]) -> dict[str, float | None]:
    from object_detection.eval_util import EVAL_METRICS_CLASS_DICT

    set_name = name.partition(" ")[0]
    categories = [
        {"id": number, "name": text, "frequency": FREQUENCIES[number]} for number, text in CLASSES.items()
    ]
    keypoints = set_name == "coco_keypoint_metrics"
    evaluator = EVAL_METRICS_CLASS_DICT[set_name](
        KEYPOINT_CLASS if keypoints else categories, **_evaluators()[name]
    )
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
        if "mask" in set_name or "segmentation" in set_name:
            truth["groundtruth_instance_masks"] = _decoded(np, image["masks"])
        if keypoints:
            points = np.array(image["keypoints"], np.float64).reshape(-1, PLACES, 2)
            truth["groundtruth_keypoints"] = points
            truth["groundtruth_keypoint_visibilities"] = np.isfinite(points[..., 0]).astype(np.int64)
        for key, flags in (("verified_neg", image["absent"]), ("not_exhaustive", image["inexhaustive"])):
            truth[f"groundtruth_{key}_classes"] = np.array([False, *flags], np.float32)
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
            "detection_masks": _decoded(np, image["detection_masks"]),
            "detection_keypoints": np.array(image["detection_keypoints"], np.float64).reshape(-1, PLACES, 2),
        }
        evaluator.add_single_detected_image_info(str(number), found)
    with contextlib.redirect_stdout(io.StringIO()):
        values = {metric: float(value) for metric, value in evaluator.evaluate().items()}
    return {metric: None if math.isnan(value) else value for metric, value in values.items()}


def _decoded(np: Any, masks: list[dict[str, Any]]) -> Any:
    from pycocotools import mask

    empty = np.zeros((0, int(SIZE), int(SIZE)), np.uint8)
    return np.stack([mask.decode(one) for one in masks]) if masks else empty


if __name__ == "__main__":
    main()
