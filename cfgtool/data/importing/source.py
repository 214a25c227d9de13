"""What a source of annotations gives: its pictures, and the objects of one picture as they are written there."""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from cfgtool.data.importing.flaws import Flaw

    Key = int | str
    """What a source calls a class by: the id of a category, the index of a name, or the name."""

    class Source(Protocol):
        """Annotations in one of the formats. `classes` are in the order of the label map; `masks` and `keypoints`
        say whether the format can have them. `flaws` are those of the set, `notes` lines worth telling.
        """

        entries: list[Entry]
        classes: dict[Key, ClassEntry]
        flaws: list[Flaw]
        notes: list[str]
        masks: bool

        def read(self, entry: Entry) -> Annotation:
            """The objects of a picture, with the flaws that keep some from being read."""


class ClassEntry:
    """One class of the label map to be written; `keypoints` are the names of those an object has."""

    __slots__ = ("display_name", "id", "keypoints", "name")

    def __init__(
        self,
        id: int,  # noqa: A002
        name: str,
        display_name: str = "",
        keypoints: Sequence[str] = (),
    ) -> None:
        self.id = id
        self.name = name
        self.display_name = display_name
        self.keypoints = tuple(keypoints)


class Entry:
    """A picture of a source: its `number` there (from 0), `name` as it is written, `path` of the file (empty: not
    found), `source_id` for evaluation, `split` ("": the source has none), and `detail` for the source itself.
    """

    __slots__ = ("detail", "name", "number", "path", "source_id", "split")

    def __init__(
        self, number: int, name: str, path: str, source_id: str, split: str = "", detail: Any = None
    ) -> None:
        self.number = number
        self.name = name
        self.path = path
        self.source_id = source_id
        self.split = split
        self.detail = detail


@dataclass(slots=True)
class Thing:
    """An annotated object.

    `box` is (ymin, xmin, ymax, xmax), in pixels unless the annotation is in fractions; `place` says where it is
    written ("annotation 7", "object 2"), `line` on which line. `extra` are values of flags by the key of the
    example. `outline` is what a mask is made from: polygons (lists of x, y), a run-length code as COCO writes it, or
    the number of the object in a picture of numbers. `keypoints` are (x, y, visibility) as `box` is.
    """

    key: Key
    box: tuple[float, float, float, float]
    place: str
    line: int | None = None
    extra: dict[str, int | float | str] = field(default_factory=dict)
    outline: Any = None
    keypoints: list[tuple[float, float, int]] = field(default_factory=list)


@dataclass(slots=True)
class Annotation:
    """What a source says of a picture, in the file `path`. `size` is the (width, height) it states, None where
    it states none; `fractions`: coordinates are fractions of the sides. `outlines` names a picture of numbers with
    the masks.
    """

    path: str
    things: list[Thing] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    size: tuple[int, int] | None = None
    fractions: bool = False
    outlines: str = ""
