"""DensePose in an example: points on people, each with the body part it lies on and its place on that part.

Güler, Neverova, Kokkinos, "DensePose: Dense Human Pose Estimation in the Wild", arXiv:1802.00434. On its way through
augmentation an object has `MAX_POINTS` rows; a point that is not there has NaN as its place, and is taken out at the end.
"""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data import keys
from cfgtool.errors import UserError
from cfgtool.training.input.checks import counted
from cfgtool.training.input.example import DENSEPOSE, DENSEPOSE_PARTS, DENSEPOSE_SURFACE, Example
from cfgtool.training.input.mat_file import read_mat

MAX_POINTS = 336
"""Points kept of each object: 14 on each of 24 parts, the most that the data set's authors had marked."""
NUM_POINTS = "densepose_num_points"
PART_IDS = "densepose_part_ids"
SURFACE_COORDS = "densepose_surface_coords"

_PARTS = 24
_SIDE = 256
_FIRST_PAIRED = 2
"""Back and front of the torso come first; from then on left and right are neighbours."""

SYMMETRY = "CFGTOOL_DENSEPOSE_SYMMETRY"
"""Environment variable with the path of the DensePose project's table of how surfaces look in a mirror."""


def symmetry_problem() -> str | None:
    """Why people with DensePose points cannot be mirrored, None if they can."""
    path = os.environ.get(SYMMETRY)
    if not path:
        return (
            "mirroring DensePose points takes the table UV_symmetry_transforms.mat of the DensePose project, which is"
            f" not part of this package, nor of the OD API's: name its path in {SYMMETRY}"
        )
    try:
        _symmetry(path)
    except UserError as error:
        return f"{SYMMETRY}: {error}"
    return None


@lru_cache(maxsize=1)
def _symmetry(path: str) -> npt.NDArray[np.uint8]:
    """The mirror images of v and u, 0..255, by part and by v and u, 0..255: [24 * 256 * 256, 2].

    Raises UserError if the file cannot be read or holds something else.
    """
    tables = read_mat(path)
    found = []
    for name in ("V_transforms", "U_transforms"):
        parts = tables.get(name)
        if not isinstance(parts, list) or len(parts) != _PARTS:
            raise UserError(f"'{name}' with a table for each of {_PARTS} parts is missing", path=path)
        if any(part.shape != (_SIDE, _SIDE) for part in parts):
            raise UserError(f"the tables of '{name}' are not {_SIDE} x {_SIDE}", path=path)
        found.append(np.stack(parts).astype(np.uint8).ravel())
    return np.stack(found, axis=1)


def other_hand(example: Example) -> Example:
    """The example with left parts called right ones and the other way round, as in a mirror; places stay.

    Without DensePose the example as it is. Raises UserError for what `symmetry_problem` finds.
    """
    if DENSEPOSE_PARTS not in example:
        return example
    problem = symmetry_problem()
    if problem is not None:
        raise UserError(problem)
    table = tf.constant(_symmetry(os.environ[SYMMETRY]))
    parts = example[DENSEPOSE_PARTS]
    cells = tf.cast(tf.clip_by_value(example[DENSEPOSE_SURFACE], 0.0, 1.0) * float(_SIDE), tf.int32)
    v, u = tf.unstack(tf.minimum(cells, _SIDE - 1), axis=-1)
    mirrored = tf.gather(table, (parts * _SIDE + v) * _SIDE + u)
    partner = tf.bitwise.bitwise_xor(parts, 1)
    return {
        **example,
        DENSEPOSE_PARTS: tf.where(parts >= _FIRST_PAIRED, partner, parts),
        DENSEPOSE_SURFACE: tf.cast(mirrored, tf.float32) / 255.0,
    }


def stored_points(parsed: dict[str, Tensor], count: Tensor) -> Example:
    """The points of `count` objects from the lists of a record, all objects after one another.

    Objects have no points where the record has none at all. The first `MAX_POINTS` of an object are kept.
    """
    numbers = parsed[keys.DENSEPOSE_NUM]
    numbers = tf.cond(tf.size(numbers) > 0, lambda: numbers, lambda: tf.zeros([count], tf.int64))
    message = "as many numbers of DensePose points as boxes are needed"
    numbers = tf.cast(counted(numbers, tf.size(numbers), count, message), tf.int32)
    total = tf.reduce_sum(numbers)
    lists = []
    for key in keys.DENSEPOSE:
        message = f"{key.rpartition('/')[2]} of each DensePose point is needed, as many as densepose/num says"
        lists.append(counted(parsed[key], tf.size(parsed[key]), total, message))
    parts, y, x, v, u = lists
    message = f"a DensePose part_index is not in 0..{_PARTS - 1}"
    wrong = tf.reduce_sum(tf.cast((parts < 0) | (parts >= _PARTS), tf.int32))
    parts = counted(parts, wrong, 0, message)
    there = tf.sequence_mask(numbers, MAX_POINTS)
    rows = tf.cumsum(numbers, exclusive=True)[:, tf.newaxis] + tf.range(MAX_POINTS)
    rows = tf.where(there, rows, total)

    def spread(values: Tensor) -> Tensor:
        # One row more, a zero for the places without a point.
        return tf.gather(tf.pad(values, [[0, 1]]), rows)

    places = tf.stack([spread(y), spread(x)], axis=-1)
    return {
        DENSEPOSE: tf.where(there[..., tf.newaxis], places, float("nan")),
        DENSEPOSE_PARTS: tf.cast(spread(parts), tf.int32),
        DENSEPOSE_SURFACE: tf.stack([spread(v), spread(u)], axis=-1),
    }


def compact(example: Example) -> dict[str, Tensor]:
    """The points that are there, in their order, at the front of each object's rows; 0 beyond them.

    `densepose_num_points` int32 [n], `densepose_part_ids` int32 [n, points], `densepose_surface_coords` float32
    [n, points, 4] as y, x, v, u.
    """
    there = tf.reduce_all(tf.math.is_finite(example[DENSEPOSE]), axis=-1)
    order = tf.argsort(tf.cast(~there, tf.int32), axis=1, stable=True)
    number = tf.reduce_sum(tf.cast(there, tf.int32), axis=1)
    kept = tf.sequence_mask(number, MAX_POINTS)
    coords = tf.concat([example[DENSEPOSE], example[DENSEPOSE_SURFACE]], axis=-1)
    coords = tf.gather(coords, order, batch_dims=1)
    parts = tf.gather(example[DENSEPOSE_PARTS], order, batch_dims=1)
    return {
        NUM_POINTS: number,
        PART_IDS: tf.where(kept, parts, 0),
        SURFACE_COORDS: tf.where(kept[..., tf.newaxis], coords, 0.0),
    }
