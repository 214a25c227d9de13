"""The checks of what only some readers load: depths of keypoints, DensePose points, track ids, context features."""

from __future__ import annotations

from cfgtool.data import keys, objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfgtool.data.example import Values
    from cfgtool.data.expected import Loaded

    Flaw = tuple[str, str, str]
    Features = Mapping[str, Values]

PARTS = 24
"""DensePose's body parts."""


def loaded_flaws(features: Features, loaded: Loaded, boxes: int) -> Iterator[Flaw]:
    """(code, severity, message) of what the reader loads and does not find as it must be."""
    keypoints = boxes * loaded.keypoints
    if loaded.labelled:
        yield from _labelled_flaws(features, boxes)
        keypoints = len(features.get(keys.KEYPOINT_TEXT, ()))
    if loaded.depths:
        yield from _depth_flaws(features, keypoints)
    if loaded.dense_pose:
        yield from _dense_pose_flaws(features, boxes)
    if loaded.track_ids and len(features.get(keys.TRACK, ())) != boxes:
        message = f"{keys.TRACK!r} has {len(features.get(keys.TRACK, ()))} values for {boxes} boxes"
        yield "track-ids-differ", "error", message
    if loaded.context_length:
        yield from _context_flaws(features, loaded.context_length)


def _labelled_flaws(features: Features, boxes: int) -> Iterator[Flaw]:
    texts = len(features.get(keys.KEYPOINT_TEXT, ()))
    if texts % boxes if boxes else texts:
        message = f"{keys.KEYPOINT_TEXT!r} has {texts} values for {boxes} boxes"
        yield "keypoint-count-differs", "error", message
    for key in (keys.KEYPOINT_Y, keys.KEYPOINT_X):
        number = len(features.get(key, ()))
        if number != texts:
            message = f"{key!r} has {number} values, and {keys.KEYPOINT_TEXT!r} has {texts}"
            yield "keypoint-count-differs", "error", message


def _depth_flaws(features: Features, count: int) -> Iterator[Flaw]:
    """Depths may be absent, but not in part."""
    for key in (keys.KEYPOINT_DEPTH, keys.KEYPOINT_DEPTH_WEIGHT):
        number = len(features.get(key, ()))
        if number not in (0, count):
            yield "keypoint-depths-differ", "error", f"{key!r} has {number} values for {count} keypoints"


def _dense_pose_flaws(features: Features, boxes: int) -> Iterator[Flaw]:
    numbers = objects.integers(features, keys.DENSEPOSE_NUM)
    if len(numbers) not in (0, boxes):
        message = f"{keys.DENSEPOSE_NUM!r} has {len(numbers)} values for {boxes} boxes"
        yield "densepose-differs", "error", message
    for key in keys.DENSEPOSE:
        number = len(features.get(key, ()))
        if number != sum(numbers):
            message = f"{key!r} has {number} values, and {keys.DENSEPOSE_NUM!r} says {sum(numbers)}"
            yield "densepose-differs", "error", message
    wrong = [part for part in objects.integers(features, keys.DENSEPOSE_PART) if not 0 <= part < PARTS]
    if wrong:
        message = f"DensePose part '{wrong[0]}' is not in 0..{PARTS - 1}"
        yield "densepose-part", "error", message


def _context_flaws(features: Features, length: int) -> Iterator[Flaw]:
    stored = objects.integers(features, keys.CONTEXT_LENGTH)
    if stored != [length]:
        said = f"is {stored[0]}" if stored else "is missing"
        message = f"{keys.CONTEXT_LENGTH!r} {said}, and 'context_feature_length' of the model is '{length}'"
        yield "context-features-differ", "error", message
    elif len(features.get(keys.CONTEXT_FEATURES, ())) % length:
        number = len(features.get(keys.CONTEXT_FEATURES, ()))
        message = f"{keys.CONTEXT_FEATURES!r} has {number} values, which are no vectors of length {length}"
        yield "context-features-differ", "error", message
