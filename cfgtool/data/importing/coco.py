"""COCO: JSON files with `images`, `annotations` and `categories`. Format: cocodataset.org, "Data format".

Annotations stand in any order. Their places in the file are remembered, and those of a picture are read when its turn
comes, so that memory holds a few numbers for each.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Any, BinaryIO

from cfgtool.data import keys
from cfgtool.data.importing.flaws import Flaw, counted
from cfgtool.data.importing.folders import beside, files_below, split_name
from cfgtool.data.importing.json_stream import element, elements
from cfgtool.data.importing.source import Annotation, ClassEntry, Entry, Thing
from cfgtool.data.importing.values import as_integer, as_number, numbers
from cfgtool.data.tfrecord import open_records
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.data.importing.source import Key

_LISTS = ("images", "annotations", "categories")


class Coco:
    """One or several JSON files, each a split of its own where there are several."""

    masks = True

    def __init__(self, path: str, images: str | None, *, keypoints: bool) -> None:
        """Raises UserError for files that are no COCO instances, and where no picture is found."""
        self.entries: list[Entry] = []
        self.classes: dict[Key, ClassEntry] = {}
        self.flaws: list[Flaw] = []
        self.notes: list[str] = []
        self.takes_keypoints = keypoints
        self._files: dict[str, BinaryIO] = {}
        for file, split in _json_files(path):
            _Index(self, file, split, images).read()
        if keypoints and not any(entry.keypoints for entry in self.classes.values()):
            raise UserError("no category has keypoints", path=path, hint="import without --keypoints")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_files": {}}

    def read(self, entry: Entry) -> Annotation:
        """The annotations of a picture, in the order of the file."""
        path, spans, size = entry.detail
        if path not in self._files:
            self._files[path] = open_records(path)
        found = Annotation(path, size=size)
        for start, end in zip(spans[::2], spans[1::2], strict=True):
            value = element(self._files[path], start, end)
            thing = self._thing(value)
            if isinstance(thing, str):
                message = f"annotation {value.get('id')} of {entry.name!r}: {thing}"
                found.flaws.append(Flaw("annotation-malformed", entry.number, path, None, message))
            else:
                found.things.append(thing)
        return found

    def _thing(self, value: dict[str, Any]) -> Thing | str:
        """The object of an annotation, or what is wrong with it."""
        box = numbers(value.get("bbox"))
        if box is None or len(box) != 4:
            return f"bbox is {_short(value.get('bbox'))}, not [x, y, width, height]"
        left, top, width, height = box
        crowd = as_integer(value.get("iscrowd", 0))
        area = as_number(value.get("area", width * height))
        if crowd not in (0, 1):
            return f"iscrowd is {_short(value.get('iscrowd'))}, not 0 or 1"
        if area is None:
            return f"area is {_short(value.get('area'))}, not a number"
        category = value.get("category_id")
        thing = Thing(
            category if isinstance(category, (int, str)) else str(category),
            (top, left, top + height, left + width),
            f"annotation {value.get('id')}",
            extra={keys.CROWD: crowd, keys.AREA: area},
            outline=value.get("segmentation"),
        )
        if self.takes_keypoints and (points := value.get("keypoints")) is not None:
            flat = numbers(points)
            if flat is None or len(flat) % 3:
                thing.keypoints = [(0.0, 0.0, -1)]  # no count that any class has: reported as malformed
            else:
                triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
                thing.keypoints = [(x, y, int(seen)) for x, y, seen in triples]
        return thing


class _Index:
    """One pass over a file: pictures, categories, and where the annotations of each picture stand."""

    def __init__(self, source: Coco, path: str, split: str, images: str | None) -> None:
        self._source = source
        self._path = path
        self._split = split
        self._images = images
        self._pictures: dict[Any, Entry] = {}
        self._spans: dict[Any, array[int]] = {}
        self._counts = dict.fromkeys(_LISTS, 0)
        self._seen: set[str] = set()
        self._first: dict[str, Any] = {}
        self._left_out: set[Any] = set()

    def read(self) -> None:
        with open_records(self._path) as file, open_records(self._path) as again:
            for key, start, end, value in elements(self._path, file):
                if key not in _LISTS:
                    continue
                self._seen.add(key)
                if start == end:
                    continue
                if not isinstance(value, dict):
                    raise UserError(f"{key!r} holds {_short(value)}, not objects", path=self._path)
                self._counts[key] += 1
                if key == "annotations":
                    self._annotation(value, start, end)
                else:
                    value = element(again, start, end)  # with its strings as they are meant
                    self._picture(value) if key == "images" else self._category(value)
        self._judge()
        self._resolve()

    def _annotation(self, value: dict[str, Any], start: int, end: int) -> None:
        if "bbox" not in value and ("caption" in value or "segments_info" in value):
            kind = "captions" if "caption" in value else "a panoptic segmentation"
            raise UserError(f"holds {kind}, not instances", path=self._path, hint="give instances_*.json")
        spans = self._spans.setdefault(_hashable(value.get("image_id")), array("Q"))
        spans.extend((start, end))

    def _picture(self, value: dict[str, Any]) -> None:
        name, id_ = value.get("file_name"), _hashable(value.get("id"))
        if not isinstance(name, str) or not name or id_ is None:
            raise UserError(
                f"image {_short(value)} needs an 'id' and a 'file_name'",
                path=self._path,
                hint="correct the list 'images'",
            )
        number = len(self._source.entries) + len(self._pictures)
        if id_ in self._pictures:
            earlier = self._pictures[id_].name
            self._flaw(number, "picture-duplicate", f"image id {id_!r} is that of {earlier!r} and {name!r}")
            return
        if name in self._first:
            message = f"{name!r} is listed with the ids {self._first[name]!r} and {id_!r}"
            self._flaw(number, "picture-duplicate", message)
            self._left_out.add(id_)
            return
        self._first[name] = id_
        width, height = as_integer(value.get("width")), as_integer(value.get("height"))
        size = (width, height) if width and height and min(width, height) > 0 else None
        self._pictures[id_] = Entry(number, name, "", str(id_), self._split, [self._path, (), size])

    def _category(self, value: dict[str, Any]) -> None:
        id_, name = value.get("id"), value.get("name")
        if not isinstance(id_, int) or isinstance(id_, bool) or not isinstance(name, str) or not name:
            raise UserError(
                f"category {_short(value)} needs a whole number as 'id' and a 'name'",
                path=self._path,
                hint="correct the list 'categories'",
            )
        known = self._source.classes.get(id_)
        if known is not None and known.name != name:
            raise UserError(
                f"category {id_} is {known.name!r} and {name!r}",
                path=self._path,
                hint="give each an id of its own",
            )
        points = value.get("keypoints") if self._source.takes_keypoints else None
        named = [str(point) for point in points] if isinstance(points, list) else []
        self._source.classes[id_] = ClassEntry(id_, name, keypoints=named)

    def _judge(self) -> None:
        """What is wrong with the file as a whole."""
        missing = [name for name in _LISTS if name not in self._seen]
        if missing:
            raise UserError(
                f"has no {' and no '.join(map(repr, missing))}",
                path=self._path,
                hint="a COCO file has 'images', 'annotations' and 'categories'",
            )
        if not self._pictures:
            raise UserError("lists no picture", path=self._path, hint="is it the right file?")
        if not self._source.classes:
            raise UserError("lists no category", path=self._path, hint="is it the right file?")
        for id_, spans in self._spans.items():
            if id_ in self._pictures:
                self._pictures[id_].detail[1] = spans
                continue
            if id_ in self._left_out:
                continue
            message = f"{counted(len(spans) // 2, 'annotation')} of image id {id_!r}, which is not listed"
            self._flaw(-1, "annotation-of-no-picture", message)

    def _resolve(self) -> None:
        """Find the pictures in the folder that has them."""
        names = [entry.name for entry in self._pictures.values()]
        folder = os.path.dirname(self._path)
        stem = os.path.splitext(os.path.basename(self._path))[0].rpartition("_")[2]
        above = os.path.dirname(folder) or os.pardir
        places = [
            os.path.join(base, inner)
            for base in (folder, above)
            for inner in (stem, f"images/{stem}", "images", "")
        ]
        chosen = beside(names, [self._images] if self._images else places, self._path)
        for entry in self._pictures.values():
            entry.path = os.path.join(chosen, entry.name)
            self._source.entries.append(entry)

    def _flaw(self, number: int, code: str, message: str) -> None:
        self._source.flaws.append(Flaw(code, number, self._path, None, message))


def _json_files(path: str) -> list[tuple[str, str]]:
    """(file, split) of the instances in a folder, or the file itself."""
    if not os.path.isdir(path):
        return [(path, "")]
    found = files_below(path, ".json")
    chosen = [
        file
        for file in found
        if os.path.basename(file).startswith("instances")
        or os.path.basename(file) == "_annotations.coco.json"
    ] or found
    if not chosen:
        raise UserError("has no .json file", path=path, hint="give the file with the annotations")
    if len(chosen) == 1:
        return [(chosen[0], "")]
    named = [(file, _split_of(file)) for file in chosen]
    splits = [split for _, split in named]
    if "" in splits or len(set(splits)) < len(splits):
        raise UserError(
            f"has {len(chosen)} .json files, and their names do not say which split each is",
            path=path,
            hint=f"give one of them, such as {chosen[0]!r}",
        )
    return named


def _split_of(file: str) -> str:
    """`instances_train2017.json` is train; `valid/_annotations.coco.json` is val."""
    stem = os.path.splitext(os.path.basename(file))[0]
    if stem == "_annotations.coco":
        return split_name(os.path.basename(os.path.dirname(file)))
    return split_name(stem.rpartition("_")[2]) or split_name(stem)


def _hashable(id_: Any) -> Any:
    return id_ if isinstance(id_, (int, str)) else None if id_ is None else str(id_)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
