"""Records as they are stored, on one sheet: each image with its boxes, classes, masks and keypoints. No TensorFlow."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cfgtool.data import keys, objects
from cfgtool.data.importing.pixels import broken
from cfgtool.errors import UserError
from cfgtool.training.run.drawing import Boxes, draw_boxes, side_by_side
from cfgtool.training.run.fonts import fitted, text_font

if TYPE_CHECKING:
    from cfgtool.data.example import Values
    from cfgtool.data.label_map import LabelMap

    Features = Mapping[str, Values]

_SIDE = 420
_MOST_COLUMNS = 4
_CAPTION = 22


def draw_records(records: Sequence[tuple[str, Features]], label_map: LabelMap | None) -> Image.Image:
    """The (caption, features) in a grid. What cannot be decoded is a grey picture that says why."""
    cells = [_cell(caption, features, label_map) for caption, features in records]
    columns = min(_MOST_COLUMNS, len(cells), max(1, round(len(cells) ** 0.5 + 0.3)))
    return side_by_side([cells[start : start + columns] for start in range(0, len(cells), columns)])


def _cell(caption: str, features: Features, label_map: LabelMap | None) -> Image.Image:
    try:
        picture = _picture(features)
        drawn = draw_boxes(picture, *_boxes(features, label_map, picture.shape[:2]), longer_side=_SIDE)
    except UserError as error:
        drawn = Image.new("RGB", (_SIDE, _SIDE // 2), "#cccccc")
        font = text_font(14)
        ImageDraw.Draw(drawn).text((8, 8), fitted(error.message, _SIDE - 16, font), fill="black", font=font)
    cell = Image.new("RGB", (drawn.width, drawn.height + _CAPTION), "white")
    cell.paste(drawn, (0, 0))
    font = text_font(13)
    ImageDraw.Draw(cell).text(
        (2, drawn.height + 3), fitted(caption, drawn.width - 4, font), fill="black", font=font
    )
    return cell


def _picture(features: Features) -> npt.NDArray[np.uint8]:
    encoded = objects.first_bytes(features, keys.IMAGE) or b""
    if reason := broken(encoded):
        raise UserError(f"the image {reason}")
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def _boxes(
    features: Features, label_map: LabelMap | None, size: tuple[int, int]
) -> tuple[Boxes, dict[int, str]]:
    """What to draw, and the name of each class number; texts that no label map knows get numbers of their own."""
    boxes = np.array(objects.boxes(features), np.float32).reshape(-1, 4)
    count = len(boxes)
    finite = np.isfinite(boxes).all(axis=1)
    names = label_map.titles() if label_map is not None else {}
    lookup = label_map.lookup() if label_map is not None else {}
    texts, labels = objects.texts(features, keys.TEXT), objects.integers(features, keys.LABEL)
    numbers = []
    for index in range(count):
        text = texts[index] if index < len(texts) else ""
        number = labels[index] if index < len(labels) else lookup.get(text, 0)
        if text and number not in names:
            number = number or max([0, *names, *labels]) + 1
            names[number] = text
        numbers.append(number)
    keypoints, visible = _keypoints(features, count)
    masks = _masks(features, count, size)
    found = Boxes(
        boxes[finite],
        np.array(numbers, np.int64)[finite],
        masks=None if masks is None else masks[finite],
        keypoints=None if keypoints is None else keypoints[finite],
        visible=None if visible is None else visible[finite],
    )
    return found, names


def _keypoints(
    features: Features, count: int
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.bool_] | None]:
    """Keypoints [n, k, 2] as (y, x), NaN where there is none, and which are not hidden [n, k]."""
    ys, xs = (objects.numbers(features, key) for key in (keys.KEYPOINT_Y, keys.KEYPOINT_X))
    if not count or not ys or len(ys) != len(xs) or len(ys) % count:
        return None, None
    points = np.stack([ys, xs], axis=-1).astype(np.float32).reshape(count, -1, 2)
    seen = objects.integers(features, keys.KEYPOINT_VISIBILITY)
    stored = np.array(seen if len(seen) == len(ys) else [2] * len(ys)).reshape(points.shape[:2])
    points[stored == 0] = np.nan
    return points, stored == 2


def _masks(features: Features, count: int, size: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    """Masks [n, height, width], of PNG images or of numbers; None where the record has none that fit."""
    stored = features.get(keys.MASK, [])
    if not count or not stored:
        return None
    if not isinstance(stored[0], bytes):
        flat = np.array(objects.numbers(features, keys.MASK), np.float32)
        return (
            (flat.reshape(count, *size) > 0).astype(np.uint8)
            if flat.size == count * size[0] * size[1]
            else None
        )
    if len(stored) != count:
        return None
    masks = []
    for number, png in enumerate(stored):
        assert isinstance(png, bytes)
        if reason := broken(png):
            raise UserError(f"mask {number} {reason}")
        mask = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
        if mask.shape != size:
            raise UserError(f"mask {number} differs in size from the image")
        masks.append((mask > 0).astype(np.uint8))
    return np.stack(masks)
