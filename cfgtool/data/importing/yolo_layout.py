"""How a YOLO data set lies on the disk: `data.yaml`, Darknet's `.data`, or folders with a list of classes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cfgtool.data.importing.folders import ENDINGS, files_below, no_folder, split_name
from cfgtool.data.importing.source import ClassEntry
from cfgtool.data.importing.values import as_integer
from cfgtool.errors import UserError
from cfgtool.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTS = ("classes.txt", "obj.names", "classes.names", "labels.txt")
_MOST_KEYPOINTS = 1000


class Layout:
    """`path` is what is quoted in messages, `names` the classes by index, `splits` (split, folder or list of pictures),
    `keypoints` how many an object has and how many numbers each (2 or 3).
    """

    def __init__(self, path: str, root: str, names: list[str], splits: list[tuple[str, str]]) -> None:
        self.path = path
        self.root = root
        self.names = names
        self.splits = splits
        self.keypoints: tuple[int, int] | None = None
        self.keypoint_names: list[str] = []

    def classes(self, *, keypoints: bool) -> dict[int, ClassEntry]:
        """Class number, from 0, to its entry, with ids from 1."""
        points: list[str] = []
        if keypoints and self.keypoints is not None:
            points = self.keypoint_names or [f"keypoint_{number}" for number in range(self.keypoints[0])]
        return {
            number: ClassEntry(number + 1, name, keypoints=points) for number, name in enumerate(self.names)
        }

    def pictures(self) -> Iterator[tuple[str, str, str]]:
        """(split, path, name) of each picture. Raises UserError for a list or folder that is not there."""
        for split, place in self.splits:
            if os.path.isdir(place):
                for path in files_below(place, *ENDINGS):
                    yield split, path, os.path.relpath(path, place)
                continue
            if not os.path.isfile(place):
                raise UserError(
                    f"{split or 'the pictures'}: no such folder or list: {place!r}",
                    path=self.path,
                    hint="correct the path",
                )
            for line in read_text(place).split("\n"):
                if name := line.strip():
                    path = name if os.path.isabs(name) else self._found(place, name)
                    yield split, path, os.path.basename(name)

    def _found(self, place: str, name: str) -> str:
        """A picture of a list: relative to the list, else as other paths of the description."""
        beside = os.path.normpath(os.path.join(os.path.dirname(place), name))
        return beside if os.path.isfile(beside) else _from_either(self.root, name)

    def labels_of(self, picture: str) -> str:
        """The file of a picture's labels: its path with the last `images` as `labels`, else beside the picture."""
        stem = os.path.splitext(picture)[0] + ".txt"
        parts = stem.split(os.sep)
        for place in range(len(parts) - 1, -1, -1):
            if parts[place] == "images":
                return os.sep.join([*parts[:place], "labels", *parts[place + 1 :]])
        return stem


def layout_of(path: str, images: str | None, *, named: bool) -> Layout:
    """The layout of a folder, a `data.yaml` or a `.data` file. Raises UserError if it is none.

    `images` replaces where pictures are looked for; `named`: class names are given elsewhere.
    """
    if os.path.isdir(path):
        inside = [os.path.join(path, name) for name in ("data.yaml", "dataset.yaml", "data.yml", "obj.data")]
        found = next((one for one in inside if os.path.isfile(one)), None)
        layout = _plain(path, named=named) if found is None else _described(found)
    elif os.path.isfile(path):
        layout = _described(path)
    else:
        raise no_folder(path)
    if images is not None:
        layout.splits = [("", images)]
    return layout


def _described(path: str) -> Layout:
    if path.endswith((".yaml", ".yml")):
        return _yaml(path)
    if path.endswith(".data"):
        return _darknet(path)
    raise UserError("is no data.yaml and no .data file", path=path, hint="give the folder of the data set")


def _yaml(path: str) -> Layout:
    """The description that ultralytics' trainers read."""
    said = _read_yaml(path)
    root = os.path.dirname(path) or "."
    base = said.get("path")
    if isinstance(base, str) and base:
        moved = os.path.join(root, base)
        # What was written for another machine still describes the folder it lies in.
        root = moved if os.path.isdir(moved) else root
    names = _names(said, path)
    splits: list[tuple[str, str]] = []
    for key in ("train", "val", "valid", "test"):
        places = said.get(key)
        listed = [places] if isinstance(places, str) else places if isinstance(places, list) else []
        splits += [(split_name(key), _place(root, str(place))) for place in listed]
    if not splits:
        raise UserError("names no pictures: has no 'train' and no 'val'", path=path)
    layout = Layout(path, root, names, splits)
    shape = said.get("kpt_shape")
    if shape is not None:
        numbers = [as_integer(item) for item in shape] if isinstance(shape, list) else []
        if (
            len(numbers) != 2
            or not numbers[0]
            or not 0 < numbers[0] <= _MOST_KEYPOINTS
            or numbers[1] not in (2, 3)
        ):
            raise UserError(f"kpt_shape is {shape!r}, not [number, 2] or [number, 3]", path=path)
        layout.keypoints = numbers[0], numbers[1]
        points = said.get("kpt_names")
        points = next(iter(points.values()), None) if isinstance(points, dict) and points else points
        if isinstance(points, list) and len(points) == numbers[0]:
            layout.keypoint_names = [str(point) for point in points]
    return layout


def _place(root: str, name: str) -> str:
    """The folder or list of a split; `../train/images`, as some exports write it, means `train/images` too."""
    place = os.path.normpath(os.path.join(root, name))
    if not os.path.exists(place) and name.startswith("../"):
        inside = os.path.normpath(os.path.join(root, name[3:]))
        place = inside if os.path.exists(inside) else place
    return place


def _read_yaml(path: str) -> dict[str, Any]:
    import yaml

    try:
        said = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "cannot be parsed"
        line = mark.line + 1 if mark is not None else None
        raise UserError(f"is not YAML: {reason}", path=path, line=line) from None
    except (ValueError, RecursionError):  # a date that is none, nesting without end
        raise UserError("is not YAML that describes a data set", path=path) from None
    if not isinstance(said, dict):
        raise UserError(
            "is not a description of a data set", path=path, hint="'names' and 'train' are expected"
        )
    return said


def _names(said: dict[str, Any], path: str) -> list[str]:
    names = said.get("names")
    if isinstance(names, dict):
        numbers = {as_integer(key): str(name) for key, name in names.items()}
        if None in numbers or sorted(key for key in numbers if key is not None) != list(range(len(numbers))):
            raise UserError("'names' are not numbered 0, 1, 2, ...", path=path, hint="number them so")
        names = [numbers[number] for number in range(len(numbers))]
    if not isinstance(names, list) or not names:
        raise UserError("has no 'names'", path=path, hint="list the classes in the order of their numbers")
    count = as_integer(said.get("nc", len(names)))
    if count != len(names):
        raise UserError(f"nc is {said['nc']!r}, and there are {len(names)} names", path=path)
    return [str(name) for name in names]


def _darknet(path: str) -> Layout:
    """`key = value` lines: classes, train, valid, names."""
    said = {}
    for line in read_text(path).split("\n"):
        key, equals, value = line.partition("=")
        if equals and not key.strip().startswith("#"):
            said[key.strip()] = value.strip()
    root = os.path.dirname(path) or "."
    if "names" not in said:
        raise UserError("has no 'names = FILE'", path=path)
    splits = [
        (split_name(key), _from_either(root, said[key]))
        for key in ("train", "valid", "test")
        if said.get(key)
    ]
    if not splits:
        raise UserError("names no list of pictures: has no 'train' and no 'valid'", path=path)
    return Layout(path, root, read_names(_from_either(root, said["names"])), splits)


def _from_either(root: str, name: str) -> str:
    """Paths in such files start where the trainer was started; here from the file, or its folder's folder."""
    for base in (root, os.path.dirname(os.path.abspath(root)), "."):
        place = os.path.join(base, name)
        if os.path.exists(place):
            return os.path.normpath(place)
    return os.path.normpath(os.path.join(root, name))


def _plain(path: str, *, named: bool) -> Layout:
    """Folders without a description: images/ (with or without folders of splits), or one folder with everything."""
    listed = next(
        (os.path.join(path, name) for name in _LISTS if os.path.isfile(os.path.join(path, name))), None
    )
    if listed is None:
        inner = os.path.join(path, "labels", "classes.txt")
        listed = inner if os.path.isfile(inner) else None
    if listed is None and not named:
        raise UserError(
            f"has no data.yaml, obj.data or {_LISTS[0]}", path=path, hint="--classes FILE names the classes"
        )
    names = read_names(listed) if listed is not None else []
    images = os.path.join(path, "images")
    if not os.path.isdir(images):
        below = [
            name for name in sorted(os.listdir(path)) if os.path.isdir(os.path.join(path, name, "images"))
        ]
        splits = [
            (split_name(name), os.path.join(path, name, "images")) for name in below if split_name(name)
        ]
        return Layout(path, path, names, splits or [("", path)])
    below = [name for name in sorted(os.listdir(images)) if os.path.isdir(os.path.join(images, name))]
    splits = [(split_name(name), os.path.join(images, name)) for name in below if split_name(name)]
    return Layout(path, path, names, splits or [("", images)])


def read_names(path: str) -> list[str]:
    """The classes of a list, one a line."""
    names = [line.strip() for line in read_text(path).split("\n")]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise UserError("names no class", path=path)
    if "" in names:
        raise UserError("is a blank line between classes", path=path, line=names.index("") + 1)
    return names
