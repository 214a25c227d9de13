"""Training examples as a run is fed them, beside what the records hold."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.networks import describe
from cfgtool.schema import Config
from cfgtool.training.detectors.ssd import SsdDetector
from cfgtool.training.input.denormalise import Denormalised, denormalised
from cfgtool.training.input.densepose import NUM_POINTS, PART_IDS, SURFACE_COORDS
from cfgtool.training.input.example import BOXES, CLASSES, DENSEPOSE, DENSEPOSE_PARTS, IMAGE
from cfgtool.training.input.pipeline import label_map_of, stored_examples, training_batches
from cfgtool.training.input.read_errors import checked
from cfgtool.training.report.points import Surface
from cfgtool.training.run.drawing import Boxes
from cfgtool.training.targets.assigner import Groundtruth
from cfgtool.training.targets.matchers import IGNORED
from cfgtool.training.targets.similarity import build_similarity

Batch = Mapping[str, Any]
_OBJECTS = ("boxes", "classes", "weights", "masks", "keypoints", "keypoint_visibilities")


@dataclass(frozen=True)
class Matches:
    """What the matcher does with the boxes of an example.

    `anchors` float [m, 4] are the positive ones, `owners` [m] the rows of their boxes; `best` [n] is each box's
    highest similarity with any anchor. `ignored` anchors count neither as positive nor as negative.
    """

    anchors: npt.NDArray[np.float32]
    owners: npt.NDArray[np.int64]
    best: npt.NDArray[np.float32]
    ignored: int


@dataclass(frozen=True)
class Sample:
    """A training example.

    `stored` is the image of the record, uint8 [height, width, 3], with its boxes; `fed` is the network's input
    with the normalisation taken back, padding included, and `true_size` its (height, width) without padding. The
    surfaces are the DensePose points of both, where they are loaded.
    """

    element: int
    source_id: str
    stored: npt.NDArray[np.uint8]
    stored_boxes: Boxes
    fed: npt.NDArray[np.uint8]
    fed_boxes: Boxes
    true_size: tuple[int, int]
    weights: npt.NDArray[np.float32]
    matches: Matches | None = None
    stored_surface: Surface | None = None
    fed_surface: Surface | None = None


def training_samples(
    config: Config,
    *,
    seed: int = 0,
    step: int = 1,
    count: int | None = None,
    match: bool = False,
    accumulate: int = 1,
) -> list[Sample]:
    """The examples that step `step` (from 1) of a run with `seed` is fed, and of later steps up to `count`.

    A step takes `accumulate` batches, and without `count` these are all. With `match` the anchors of SSD are matched.
    Raises UserError for what the pipeline or the network refuses.
    """
    reader = config.message("train_input_reader")
    batch_size = config.message("train_config").integer("batch_size") * accumulate
    picture_of = denormalised(config)
    matcher = AnchorMatcher(config) if match else None
    batches = checked(
        training_batches(config, seed=seed, start_batch=step - 1, batch_size=batch_size or None), reader
    )
    stored = checked(stored_examples(config, seed=seed, start=(step - 1) * batch_size), reader)
    samples: list[Sample] = []
    for batch in itertools.islice(batches, -(-(count or batch_size) // batch_size)):
        found = matcher.of(batch) if matcher is not None else [None] * batch_size
        for index, (example, matches) in enumerate(
            zip(itertools.islice(stored, batch_size), found, strict=True)
        ):
            samples.append(_sample(batch, index, example, picture_of, matches))
    return samples[: count or batch_size]


class AnchorMatcher:
    """Matches the boxes of batches with the anchors of a configured SSD."""

    def __init__(self, config: Config) -> None:
        """Raises UserError for other detectors, and for networks that are not described."""
        kind = config.message("model").which("model")
        if kind != "ssd":
            raise UserError(
                f"anchors of {kind!r} are not matched, only those of 'ssd'",
                hint="leave out --anchors and --matches",
            )
        self._config = config
        self._similarity = build_similarity(config.find("model.ssd.similarity_calculator"))
        self._detectors: dict[tuple[int, int], SsdDetector] = {}

    def of(self, batch: Batch) -> list[Matches]:
        """The matches of each example."""
        detector = self._detector(batch["image"].shape[1], batch["image"].shape[2])
        groundtruth = Groundtruth(batch["boxes"], batch["classes"], batch["weights"], batch["num_boxes"])
        match = detector.assign(groundtruth).match.numpy()
        similarity = self._similarity(groundtruth.boxes, tf.constant(detector.anchors)).numpy()
        found = []
        for rows, values, count in zip(match, similarity, batch["num_boxes"].numpy(), strict=True):
            positive = np.flatnonzero(rows >= 0)
            best = values[:count].max(axis=1) if count else np.zeros(0, np.float32)
            ignored = int((rows == IGNORED).sum())
            found.append(Matches(detector.anchors[positive], rows[positive].astype(np.int64), best, ignored))
        return found

    def _detector(self, height: int, width: int) -> SsdDetector:
        """The detector for inputs of a size; resizers may leave each image its own."""
        if (height, width) not in self._detectors:
            maps = describe(self._config, size=(height, width)).feature_maps
            self._detectors[height, width] = SsdDetector(
                self._config.find("model.ssd"),
                (height, width),
                [(size[0], size[1]) for size in maps],
                trim_padding=False,
            )
        return self._detectors[height, width]


def training_names(config: Config) -> dict[int, str]:
    """Class id -> name by the training reader's label map; empty without one."""
    label_map = label_map_of(config.message("train_input_reader"))
    return label_map.titles() if label_map is not None else {}


def _sample(
    batch: Batch, index: int, example: Batch, picture_of: Denormalised, matches: Matches | None
) -> Sample:
    count = int(batch["num_boxes"][index])
    rows = {name: batch[name][index, :count].numpy() for name in _OBJECTS if name in batch}
    fed = Boxes(
        rows["boxes"],
        rows["classes"].astype(np.int64) + 1,
        masks=rows.get("masks"),
        keypoints=rows.get("keypoints"),
        visible=rows.get("keypoint_visibilities"),
        anchors=matches.anchors if matches is not None else None,
        owners=matches.owners if matches is not None else None,
    )
    height, width, _ = batch["true_image_shape"][index].numpy()
    kept = {name: example[name].numpy() for name in (BOXES, CLASSES, *_OBJECTS) if name in example}
    stored = Boxes(
        kept[BOXES],
        kept[CLASSES].astype(np.int64),
        masks=kept.get("masks"),
        keypoints=kept.get("keypoints"),
        visible=kept.get("keypoint_visibilities"),
    )
    picture = example[IMAGE].numpy()[..., :3]
    return Sample(
        int(batch["element"][index]),
        batch["source_id"][index].numpy().decode("utf-8", "replace"),
        np.clip(picture, 0, 255).astype(np.uint8),
        stored,
        picture_of(batch["image"][index].numpy()),
        fed,
        (int(height), int(width)),
        rows["weights"],
        matches,
        _stored_surface(example),
        _fed_surface(batch, index, count),
    )


def _stored_surface(example: Batch) -> Surface | None:
    if DENSEPOSE not in example:
        return None
    return Surface(example[DENSEPOSE].numpy(), example[DENSEPOSE_PARTS].numpy().astype(np.int64))


def _fed_surface(batch: Batch, index: int, count: int) -> Surface | None:
    if SURFACE_COORDS not in batch:
        return None
    numbers, parts, coords = (
        batch[name][index, :count].numpy() for name in (NUM_POINTS, PART_IDS, SURFACE_COORDS)
    )
    there = np.arange(parts.shape[1]) < numbers[:, np.newaxis]
    return Surface(np.where(there[..., np.newaxis], coords[..., :2], np.nan), parts.astype(np.int64))
