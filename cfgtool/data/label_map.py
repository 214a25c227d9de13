"""Label maps: the `StringIntLabelMap` text protos that name the classes of a data set."""

from __future__ import annotations

from cfgtool.data.problems import Problem
from cfgtool.errors import UserError
from cfgtool.files import read_proto, refuse_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfgtool.schema import Config

    Mistake = tuple[int, str, str, str]

MAX_ID = 1_000_000
"""Higher ids are slips of the keyboard: a network has an output for each number up to the highest."""


class LabelMapItem:
    """One class: `id` from 1, `name` as the records spell it, `display_name` for people (may be empty).

    `keypoints` are the ids of its keypoints, places among the keypoints of an object from 0, `keypoint_labels` their
    names; `ancestors` and `descendants` the ids of the classes above and below it. `frequency` is in how many images
    it is, `FREQUENT`, `COMMON` or `RARE`, empty where nobody says.
    """

    __slots__ = (
        "ancestors",
        "descendants",
        "display_name",
        "frequency",
        "id",
        "keypoint_labels",
        "keypoints",
        "name",
    )

    def __init__(
        self,
        id: int,  # noqa: A002
        name: str,
        display_name: str = "",
        keypoints: Sequence[int] = (),
        ancestors: Sequence[int] = (),
        descendants: Sequence[int] = (),
        keypoint_labels: Sequence[str] = (),
        frequency: str = "",
    ) -> None:
        self.id = id
        self.name = name
        self.display_name = display_name
        self.keypoints = tuple(keypoints)
        self.ancestors = tuple(ancestors)
        self.descendants = tuple(descendants)
        self.keypoint_labels = tuple(keypoint_labels)
        self.frequency = frequency

    @property
    def keypoint_ids(self) -> dict[str, int]:
        """The ids of its keypoints by their labels."""
        return dict(zip(self.keypoint_labels, self.keypoints, strict=True))

    @property
    def title(self) -> str:
        """The display name, else the name, else the id: what evaluation and drawings show."""
        return self.display_name or self.name or f"id {self.id}"


class LabelMap:
    """The classes of a data set in file order; `path` is where they came from."""

    __slots__ = ("items", "path")

    def __init__(self, items: Sequence[LabelMapItem], path: str = "") -> None:
        self.items = list(items)
        self.path = path

    @property
    def ids(self) -> set[int]:
        """All class ids."""
        return {item.id for item in self.items}

    @property
    def max_id(self) -> int:
        """The largest id, which `num_classes` must reach; 0 for an empty map."""
        return max((item.id for item in self.items), default=0)

    def titles(self) -> dict[int, str]:
        """id -> name to show; of items with the same id the first counts, as in the OD API."""
        titles: dict[int, str] = {}
        for item in self.items:
            titles.setdefault(item.id, item.title)
        return titles

    def lookup(self) -> dict[str, int]:
        """Class text of a record -> id. A name counts before any display name, as in the OD API's decoder."""
        table = {item.display_name: item.id for item in reversed(self.items) if item.display_name}
        table.update({item.name: item.id for item in reversed(self.items) if item.name})
        return table


def read_label_map(path: str) -> LabelMap:
    """The label map in `path`.

    Raises UserError with line and column for the first mistake that `check_label_map` calls an error.
    """
    label_map, problems = load_label_map(path)
    for problem in problems:
        if problem.severity == "error":
            raise UserError(problem.message, path=path, line=problem.line, column=problem.column)
    return label_map


def check_label_map(path: str) -> list[Problem]:
    """All mistakes of the label map in `path`, in text order. Raises UserError if it cannot be read."""
    return load_label_map(path)[1]


def load_label_map(path: str) -> tuple[LabelMap, list[Problem]]:
    """What can be read of a label map, and its mistakes. Raises UserError if the file cannot be read, or is none."""
    refuse_device(path)
    return parse_label_map(read_proto(path), path)


def parse_label_map(text: str, path: str = "") -> tuple[LabelMap, list[Problem]]:
    """What can be read of the text of a label map, and its mistakes; `path` is only quoted."""
    from cfgtool import schema, textproto

    document = textproto.parse(text)
    config = schema.read_config(document, root="StringIntLabelMap")
    found: list[Mistake] = [(flaw.start, flaw.code, "error", flaw.message) for flaw in document.problems]
    found += [
        (flaw.start, flaw.code, schema.SEVERITIES.get(flaw.code, "error"), flaw.message)
        for flaw in config.problems
    ]
    earlier = _Earlier()
    items: list[LabelMapItem] = []
    for entry in config.messages("item"):
        keypoints = entry.messages("keypoints")
        item = LabelMapItem(
            entry.integer("id"),
            entry.text("name"),
            entry.text("display_name"),
            [keypoint.integer("id") for keypoint in keypoints],
            entry.integers("ancestor_ids"),
            entry.integers("descendant_ids"),
            [keypoint.text("label") for keypoint in keypoints],
            entry.enum("frequency").replace("UNSPECIFIED", ""),
        )
        found += _item_mistakes(entry, item, earlier)
        items.append(item)
        earlier.ids.setdefault(item.id, item)
        earlier.names.setdefault(item.name, item.id)
    if not items:
        found.append((0, "label-map-empty", "error", _not_a_label_map(text)))
    unique = {(start, code): (severity, message) for start, code, severity, message in reversed(found)}
    problems = []
    for (start, code), (severity, message) in sorted(unique.items()):
        line, column = document.position(start)
        problems.append(Problem(code, severity, message, path, line=line, column=column, offset=start))
    return LabelMap(items, path), problems


class _Earlier:
    """The items before one, by id and by name."""

    def __init__(self) -> None:
        self.ids: dict[int, LabelMapItem] = {}
        self.names: dict[str, int] = {}


def _item_mistakes(config: Config, item: LabelMapItem, earlier: _Earlier) -> Iterator[Mistake]:
    """(offset, code, severity, message) for an item, which `config` describes."""
    start = config.block.start if config.block is not None else 0

    def place(field: str) -> int:
        entry = config.entry(field)
        return start if entry is None or entry.node is None else entry.node.start

    background = "background" in (item.name, item.display_name)
    if not config.has("id"):
        yield start, "label-map-missing-id", "error", f"{_called(item)} has no id, ids start at 1"
    elif item.id < 0 or (item.id == 0 and not background):
        message = f"id '{item.id}' is not allowed: 0 is the background and classes start at 1"
        yield place("id"), "label-map-id", "error", message
    elif item.id > MAX_ID:
        message = f"id '{item.id}' is beyond any number of classes, {MAX_ID:,} at most are taken"
        yield place("id"), "label-map-id", "error", message
    if not item.name and not item.display_name:
        yield start, "label-map-missing-name", "warning", f"item with id '{item.id}' has no name"
    if background and item.id > 0:
        message = f"the background has id '{item.id}' here and becomes a class of its own; it needs no item"
        yield start, "label-map-background", "warning", message
    twin = earlier.ids.get(item.id)
    if twin is not None and config.has("id"):
        message = f"id '{item.id}' is already that of {_called(twin)}: both become one class"
        yield place("id"), "label-map-duplicate-id", "warning", message
    if item.name and earlier.names.get(item.name, item.id) != item.id:
        yield place("name"), "label-map-duplicate-name", "error", f"the name {item.name!r} has several ids"
    elif item.name != item.name.strip():
        message = f"the name {item.name!r} begins or ends with a blank; records must spell it the same way"
        yield place("name"), "label-map-blank-in-name", "warning", message


def _called(item: LabelMapItem) -> str:
    name = item.name or item.display_name
    return f"item {name!r}" if name else "an item without a name"


def _not_a_label_map(text: str) -> str:
    """What to say of a file that has no items."""
    start = text.lstrip()
    if start.startswith("node"):
        return "has no 'item': it is a TensorFlow graph, not a label map"
    if start.startswith(("model", "train_config", "eval_")):
        return "has no 'item': it is a pipeline config, not a label map"
    return "has no 'item', so it names no class" if start else "is empty, so it names no class"
