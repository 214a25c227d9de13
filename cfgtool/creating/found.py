"""What a config is made for: the records and the label map, found in a folder and looked at."""

from __future__ import annotations

import math
import os
import re
import statistics
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating.keypoints import Pose, poses_of
from cfgtool.data import keys, objects
from cfgtool.data.check import Inspection
from cfgtool.data.expected import Expected
from cfgtool.data.label_map import LabelMap, read_label_map
from cfgtool.data.paths import expand_paths, shard_pattern
from cfgtool.data.problems import Problem
from cfgtool.data.sampling import SampleReading
from cfgtool.data.tfrecord import record_offsets
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.data.example import Values

_ENDINGS = (".record", ".records", ".tfrecord", ".tfrecords", ".tfrec")
_SHARD = re.compile(r"-(\d{3,})-of-(\d{3,})(?=\.|$)")
"""Number and count of a shard, before the ending or behind it."""
_LABEL_MAPS = ("label_map.pbtxt", "labelmap.pbtxt", "label_map.txt")
_TRAIN, _VAL = ("train",), ("val", "eval", "test")
STOPPING = ("record-framing", "record-unreadable", "record-not-an-example", "record-file-empty")
"""Problems of records without which nothing can be said of the data."""


class Places(NamedTuple):
    """Where the data is, as the user names it: patterns of record files and the path of the label map."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    label_map: str


class Found(NamedTuple):
    """What the data holds. `examples` and `val_examples` are counted; the rest comes from a sample of the records.

    `classes` is the highest id of the label map, `height` and `width` the medians of the images, `box_shares` sides of
    boxes (the square root of the area) as shares of the image, `most_boxes` and `most_of_class` the most boxes in an
    image, and of one class, `mean_bytes` the size of a record. `masks` says how masks are stored, "png" or
    "numerical", "" without; `keypoints` how many each object has, and `poses` which classes name theirs. `problems` are
    the flaws of the records, as `cfgtool data check` words them.
    """

    places: Places
    classes: int
    titles: tuple[str, ...]
    examples: int
    val_examples: int
    height: int
    width: int
    box_shares: tuple[float, ...]
    most_boxes: int
    most_of_class: int
    mean_bytes: float
    masks: str
    keypoints: int
    poses: tuple[Pose, ...]
    problems: tuple[Problem, ...]


def find_places(
    folder: str | None, train: Sequence[str] = (), val: Sequence[str] = (), label_map: str | None = None
) -> Places:
    """The records and the label map in `folder`, or what is named one by one, which comes first.

    Raises UserError where something is missing or could be several things.
    """
    if folder is not None and not os.path.isdir(folder):
        missing = not os.path.exists(folder)
        raise UserError(
            "no such folder" if missing else "is a file, not a folder",
            path=folder,
            hint="name the folder that `cfgtool data import` wrote, or give --train and --label-map",
        )
    names = sorted(os.listdir(folder)) if folder is not None else []
    if not train:
        train = _records(folder, names, _TRAIN)
        if not train:
            raise UserError(
                "has no training records" if folder is not None else "no data is named",
                path=folder,
                hint="records are called train*.record, train*.record-00000-of-00010 or the like; give --train to name"
                " them"
                if folder is not None
                else "give --data FOLDER, or --train and --label-map",
            )
    return Places(
        tuple(train), tuple(val or _records(folder, names, _VAL)), label_map or _label_map(folder, names)
    )


def _records(folder: str | None, names: list[str], words: tuple[str, ...]) -> tuple[str, ...]:
    """Patterns for the record files whose names begin with one of `words`: of the first word that any does."""
    if folder is None:
        return ()
    for word in words:
        patterns: dict[str, None] = {}
        for name in names:
            whole = _SHARD.sub("", name, count=1)
            if name.startswith(word) and whole.endswith(_ENDINGS):
                pattern = _SHARD.sub(lambda found: f"-{'?' * len(found[1])}-of-{found[2]}", name, count=1)
                patterns.setdefault(os.path.join(folder, pattern))
        if patterns:
            return tuple(patterns)
    return ()


def _label_map(folder: str | None, names: list[str]) -> str:
    """The label map of the folder. Raises UserError without one, and for several."""
    found = [name for name in _LABEL_MAPS if name in names] or [
        name for name in names if name.endswith((".pbtxt", ".prototxt"))
    ]
    if folder is None or not found:
        raise UserError(
            "has no label map" if folder is not None else "no label map is named",
            path=folder,
            hint="give --label-map; `cfgtool data import` writes label_map.pbtxt",
        )
    if len(found) > 1 and found[0] not in _LABEL_MAPS:
        raise UserError(
            f"has {len(found)} files that may be the label map: {', '.join(map(repr, found[:4]))}",
            path=folder,
            hint="say which with --label-map",
        )
    return os.path.join(folder, found[0])


def look_at(places: Places) -> Found:
    """Count the examples and read a sample of them.

    Raises UserError for a broken label map, for records that are missing or cannot be read, for a class id that the
    label map does not have, and where no image could be looked at.
    """
    label_map = read_label_map(places.label_map)
    if label_map.max_id < 1:
        raise UserError("names no class", path=places.label_map, hint="ids start at 1")
    train = expand_paths([shard_pattern(pattern) for pattern in places.train])
    val = expand_paths([shard_pattern(pattern) for pattern in places.val]) if places.val else []
    sample = _Sample(label_map)
    sample.read(train)
    stats = sample.inspection.stats
    _refuse(sample, label_map, places)
    return Found(
        places,
        label_map.max_id,
        tuple(label_map.titles().values()),
        sum(len(record_offsets(path)) for path in train),
        sum(len(record_offsets(path)) for path in val),
        round(statistics.median(stats.heights)),
        round(statistics.median(stats.widths)),
        tuple(math.sqrt(h * w / (height * width)) for h, w, height, width in stats.kept.sizes),
        stats.max_boxes,
        stats.max_of_class,
        stats.bytes / stats.records,
        sample.masks,
        sample.keypoints,
        poses_of(label_map),
        tuple(sample.inspection.problems),
    )


class _Sample:
    """Records as they are looked at; `masks` and `keypoints` as in `Found`."""

    def __init__(self, label_map: LabelMap) -> None:
        self.inspection = Inspection(Expected(label_map, unique_sources=False))
        self.masks = ""
        self.keypoints = 0

    def read(self, paths: list[str]) -> None:
        """Look at a sample of the records of `paths`."""
        for item in SampleReading(paths):
            if isinstance(item, Problem):
                self.inspection.add(item)
                continue
            for features in self.inspection.see(item):
                self._see(features)

    def _see(self, features: dict[str, Values]) -> None:
        count = objects.object_count(features)
        masks = features.get(keys.MASK)
        if masks:
            self.masks = "png" if isinstance(masks[0], bytes) else "numerical"
        points = features.get(keys.KEYPOINT_X, ())
        if count and points and len(points) % count == 0:
            self.keypoints = max(self.keypoints, len(points) // count)


def _refuse(sample: _Sample, label_map: LabelMap, places: Places) -> None:
    """Raise UserError where the sample says nothing, or something else than the label map."""
    stats = sample.inspection.stats
    for problem in sample.inspection.problems:
        if problem.code in STOPPING:
            raise UserError(problem.message, path=problem.path, hint="`cfgtool data check` lists all flaws")
    beyond = sorted(label for label in stats.labels if label > label_map.max_id)
    if beyond:
        raise UserError(
            f"a box has the class id {beyond[0]}, the label map {places.label_map!r} ends at {label_map.max_id}",
            path=places.train[0],
            hint="give the label map that the records were written with",
        )
    if not stats.heights:
        raise UserError(
            "no image of the records can be read",
            path=places.train[0],
            hint="`cfgtool data check` says what is wrong with them",
        )
    if not stats.boxes:
        raise UserError(
            "no record has a box: there is nothing to learn",
            path=places.train[0],
            hint="are these the records of a detection data set?",
        )
