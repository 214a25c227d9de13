"""The tf.Example of a picture and its objects, under the keys of the OD API."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cfgtool.data import keys
from cfgtool.data.example import encode_example
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from cfgtool.data.importing.objects import Kept
    from cfgtool.data.importing.pictures import Picture
    from cfgtool.data.importing.source import ClassEntry, Entry, Thing


class KeypointPlaces:
    """Where the keypoints of each class stand among those of an object: classes with keypoints share out the places,
    as the ids in the label map say; `count` of them in all, and their `names`.
    """

    def __init__(self, classes: Sequence[ClassEntry]) -> None:
        self.names: list[str] = []
        self._start: dict[int, int] = {}
        shared: dict[tuple[str, ...], int] = {}
        for entry in classes:
            if entry.keypoints:
                # Classes with the same keypoints, as all of YOLO's have, use the same places.
                start = shared.setdefault(entry.keypoints, len(self.names))
                if start == len(self.names):
                    self.names += entry.keypoints
                self._start[entry.id] = start

    @property
    def count(self) -> int:
        """How many keypoints each object has in the records."""
        return len(self.names)

    def ids(self, entry: ClassEntry) -> range:
        """The places of the keypoints of a class, which are their ids in the label map."""
        start = self._start.get(entry.id, 0)
        return range(start, start + len(entry.keypoints))

    def triples(self, kept: Kept, frame: tuple[float, float]) -> list[tuple[float, float, int]]:
        """(x, y, visibility) of every place, in fractions of `frame` (width, height); 0 where the object has none."""
        found = [(0.0, 0.0, 0)] * self.count
        for place, (x, y, seen) in zip(self.ids(kept.entry), kept.thing.keypoints, strict=False):
            found[place] = (x / frame[0], y / frame[1], seen)
        return found


def keypoint_mistake(thing: Thing, entry: ClassEntry) -> str:
    """What is wrong with the keypoints of an object; "" if nothing is."""
    if not thing.keypoints:
        return ""
    if len(thing.keypoints) != len(entry.keypoints):
        return f"class {entry.name!r} has {len(entry.keypoints)} keypoints, not as many as are written"
    for x, y, seen in thing.keypoints:
        if not (abs(x) < 1e9 and abs(y) < 1e9):
            return "a keypoint is not a number"
        if seen not in (0, 1, 2):
            return f"a keypoint has the visibility {seen}, not 0, 1 or 2"
    return ""


def with_masks(
    kept: Sequence[Kept], png: Callable[[Any], bytes], tell: Callable[[str, Thing, str], None]
) -> tuple[list[Kept], list[bytes]]:
    """The objects whose masks can be made, with these; `tell` gets the code, object and reason of others."""
    left, masks = [], []
    for one in kept:
        try:
            masks.append(png(one.thing.outline))
        except UserError as error:
            missing = one.thing.outline in (None, []) or isinstance(one.thing.outline, int)
            tell("mask-missing" if missing else "mask-malformed", one.thing, error.message)
            continue
        left.append(one)
    return left, masks


def example_of(
    entry: Entry,
    picture: Picture,
    kept: Sequence[Kept],
    masks: Sequence[bytes],
    places: KeypointPlaces,
    *,
    fractions: bool,
) -> bytes:
    """The serialised example. Keypoints are in the frame of the picture, or in `fractions` already."""
    features: dict[str, list[Any]] = {
        keys.IMAGE: [picture.data],
        keys.FORMAT: [picture.format],
        keys.HEIGHT: [picture.height],
        keys.WIDTH: [picture.width],
        keys.FILENAME: [_text(entry.name)],
        keys.SOURCE_ID: [_text(entry.source_id)],
        keys.HASH: [hashlib.sha256(picture.data).hexdigest()],
        keys.LABEL: [one.entry.id for one in kept],
        keys.TEXT: [_text(one.entry.name) for one in kept],
        keys.MASK: list(masks),
    }
    for place, key in enumerate(keys.BOX):
        features[key] = [one.box[place] for one in kept]
    for key in kept[0].thing.extra if kept else ():
        features[key] = _extra(key, [one.thing.extra[key] for one in kept], picture)
    if places.count and kept:
        frame = (1.0, 1.0) if fractions else picture.frame
        features |= _keypoints([places.triples(one, frame) for one in kept], places)
    return encode_example({key: values for key, values in features.items() if values})


def _extra(key: str, values: list[Any], picture: Picture) -> list[Any]:
    """Flags as they are; areas in square pixels of the picture as it is stored."""
    if key != keys.AREA:
        return [_text(value) if isinstance(value, str) else value for value in values]
    width, height = picture.frame
    factor = picture.width * picture.height / (width * height)
    return [float(value) * factor for value in values]


def _keypoints(
    objects: Sequence[list[tuple[float, float, int]]], places: KeypointPlaces
) -> Mapping[str, list[Any]]:
    flat = [triple for triples in objects for triple in triples]
    return {
        keys.KEYPOINT_X: [float(x) for x, _, _ in flat],
        keys.KEYPOINT_Y: [float(y) for _, y, _ in flat],
        keys.KEYPOINT_VISIBILITY: [seen for _, _, seen in flat],
        keys.KEYPOINT_NUM: [sum(seen > 0 for _, _, seen in triples) for triples in objects],
        keys.KEYPOINT_TEXT: [_text(name) for name in places.names] * len(objects),
    }


def _text(text: str) -> bytes:
    """UTF-8; bytes of a file name that were none come out as they were, lone halves of a character as "?"."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
