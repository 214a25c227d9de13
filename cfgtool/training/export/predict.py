"""Detections on image files: a predictor for whatever model is named, its results, and pictures of them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.files import atomic_write, read_proto
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.evaluation.pasting import paste
from cfgtool.training.export.found import Found
from cfgtool.training.export.images import load_image
from cfgtool.training.export.places import ModelPlace
from cfgtool.training.export.plan import CONFIG
from cfgtool.training.export.predictors import (
    Predictor,
    checkpoint_predictor,
    saved_model_predictor,
    tflite_predictor,
)
from cfgtool.training.export.weights import Sources, read_values
from cfgtool.training.run.drawing import draw_boxes


@dataclass(frozen=True)
class Result:
    """What was found on one image: `detections` of at least the score asked for, or `error`."""

    path: str
    width: int = 0
    height: int = 0
    detections: tuple[dict[str, Any], ...] = ()
    error: UserError | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form; boxes in pixels of the image as it is seen."""
        if self.error is not None:
            return {"image": self.path, "error": str(self.error)}
        return {
            "image": self.path,
            "width": self.width,
            "height": self.height,
            "detections": list(self.detections),
        }


def open_predictor(place: ModelPlace, config: Config | None, sources: Sources | None) -> Predictor:
    """The predictor of a model; `config` and `sources` are those of a checkpoint. Raises UserError if it is none."""
    if config is not None and sources is not None:
        return checkpoint_predictor(config, read_values(sources))
    if place.kind == "saved_model":
        return saved_model_predictor(str(place.path))
    return tflite_predictor(str(place.path), _config_beside(place))


def _config_beside(place: ModelPlace) -> Config:
    path = place.folder / CONFIG
    if not path.is_file():
        raise UserError(
            "has no pipeline.config beside it, which says how images are resized and normalised",
            path=str(place.path),
        )
    return read_config(parse(read_proto(str(path))))


def predict_images(
    predictor: Predictor,
    images: Sequence[str],
    pictures: Sequence[Path] | None,
    names: Mapping[int, str],
    min_score: float,
) -> Iterator[Result]:
    """A result for each image, drawn into `pictures` if given; an image that cannot be decoded does not stop the others.

    Raises UserError if a picture cannot be written.
    """
    for number, path in enumerate(images):
        try:
            picture = load_image(path)
            found = predictor(picture)
        except UserError as error:
            yield Result(path, error=error)
            continue
        except (
            tf.errors.OpError,
            UnicodeDecodeError,
        ) as error:  # a foreign model; the message may quote its input
            reason = str(getattr(error, "message", type(error).__name__)).splitlines()[0]
            yield Result(path, error=UserError(f"the model fails on it: {reason}", path=path))
            continue
        height, width = picture.shape[:2]
        found = found.best(min_score)
        yield Result(path, width, height, tuple(_listed(found, (height, width), names)))
        if pictures is not None:
            target = pictures[number]
            boxes = found.drawn((height, width), min_score)
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(str(target), _encoded(draw_boxes(picture, boxes, names, 0.0), target))


def _listed(found: Found, size: tuple[int, int], names: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    scale = np.array([size[0], size[1]] * 2, np.float32)
    rows = zip(found.boxes * scale, found.classes, found.scores, strict=True)
    for index, (box, number, score) in enumerate(rows):
        ymin, xmin, ymax, xmax = (round(float(value), 2) for value in box)
        listed: dict[str, Any] = {
            "class": names.get(int(number), f"class {number}"),
            "id": int(number),
            "score": round(float(score), 4),
            "box": {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax},
        }
        if found.masks is not None:
            listed["mask"] = _runs(found.masks[index], found.boxes[index], size)
        if found.keypoints is not None:
            listed["keypoints"] = list(_points(found, index, size))
        yield listed


def _points(found: Found, index: int, size: tuple[int, int]) -> Iterator[dict[str, float]]:
    """The keypoints of a detection, in pixels."""
    assert found.keypoints is not None
    for number, (y, x) in enumerate(found.keypoints[index] * np.array(size, np.float32)):
        point = {"x": round(float(x), 2), "y": round(float(y), 2)}
        if found.keypoint_scores is not None:
            point["score"] = round(float(found.keypoint_scores[index, number]), 4)
        yield point


def _runs(mask: Any, box: Any, size: tuple[int, int]) -> dict[str, list[int]]:
    """A mask on the whole image as COCO's uncompressed run lengths: column by column, beside the object first."""
    canvas = np.zeros(size, np.uint8)
    paste(mask, box, canvas)
    flat = canvas.T.reshape(-1)
    ends = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], ends, [flat.size]])).tolist()
    return {"size": list(size), "counts": [0, *counts] if flat[0] else counts}


def _encoded(picture: Any, target: Path) -> bytes:
    buffer = io.BytesIO()
    ending = target.suffix.lower()
    picture.save(buffer, {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF"}.get(ending, ending[1:].upper()))
    return buffer.getvalue()
