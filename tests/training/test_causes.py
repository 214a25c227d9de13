"""Why a loss is not finite: the flaws of a batch, and the examples it was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.data.tfrecord import frames
from cfgtool.training.run.causes import batch_causes, find_records, not_finite
from cfgtool.training.run.job import load_job

SOUND = [[0.1, 0.1, 0.5, 0.5], [0.2, 0.3, 0.9, 1.0]]


def batch(boxes: Any = SOUND, *, count: int = 2, pixel: float = 0.5, weight: float = 1.0) -> dict[str, Any]:
    """Two examples; the second has `boxes`, the first two sound ones where there are any."""
    image = np.full((2, 4, 4, 3), 0.5, np.float32)
    image[1, 0, 0, 0] = pixel
    return {
        "image": tf.constant(image),
        "boxes": tf.constant([SOUND, boxes], tf.float32),
        "weights": tf.constant([[1.0, 1.0], [1.0, weight]]),
        "num_boxes": tf.constant([count, count]),
        "source_id": tf.constant([b"first", b""]),
        "element": tf.constant([6, 7], tf.int64),
    }


def test_a_sound_batch_is_not_blamed() -> None:
    assert list(batch_causes(batch())) == []


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        (
            {"boxes": [SOUND[0], [0.2, float("nan"), 0.9, 1.0]]},
            "number 7 has a box with a coordinate that is not",
        ),
        ({"boxes": [SOUND[0], [0.9, 0.3, 0.2, 1.0]]}, "number 7 has a box without an area"),
        ({"boxes": [SOUND[0], [0.2, 0.3, 0.9, 120.0]]}, "number 7 has a box that reaches to 120"),
        ({"boxes": [SOUND[0], [-7.0, 0.3, 0.9, 1.0]]}, "number 7 has a box that reaches to -7"),
        ({"pixel": float("inf")}, "pixels that are not finite, after augmentation, in number 7"),
        ({"weight": float("nan")}, "number 7 has a box whose weight is not a number"),
        ({"count": 0}, "no image of the batch has a box"),
    ],
)
def test_flaws_of_the_batch_are_named(flaw: dict[str, Any], said: str) -> None:
    (cause,) = batch_causes(batch(**flaw))
    assert cause.startswith(said)


def test_the_terms_are_named_whatever_they_are_called(fixtures: Path) -> None:
    job = load_job(str(fixtures / "demo" / "pipeline.config"))
    values = {"Loss/box/scale": float("nan"), "Loss/object_center": 1.0, "Loss/total_loss": float("nan")}
    message = str(not_finite(job, 3, values, batch(), None))
    assert "not finite at step 3: Loss/box/scale is nan\n" in message
    assert "values: box/scale nan, object center 1, total loss nan" in message


def test_padding_is_no_box() -> None:
    flawed = batch([SOUND[0], [0.9, 0.9, 0.1, 0.1]])
    flawed["num_boxes"] = tf.constant([2, 1])
    assert list(batch_causes(flawed)) == []


def test_records_are_found_by_their_source(fixtures: Path, tmp_path: Path) -> None:
    path = str(fixtures / "shapes" / "shapes_train.record")
    third = list(frames(path))[3]
    broken = tmp_path / "broken.record"
    broken.write_bytes(b"no record at all")
    found = find_records([str(broken), path], [b"train_00003", b"nowhere"], 60.0)
    assert found == {b"train_00003": f"{path}, record 3, byte {third.offset}"}
    assert find_records([path], [b"train_00003"], -1.0) == {}, "no time, no search"
