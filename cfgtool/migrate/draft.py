"""The text as it stands between two steps, and finding fields in it by name.

Steps look at the tree, not only at the typed config, because they also rewrite fields that today's schema no
longer knows. A path names fields from the root, "model.ssd.feature_extractor.type"; elements of repeated
fields carry their index in reading order, "eval_input_reader[0].shuffle". Blocks of one singular message that
the text gives in several pieces are one message with one path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.schema import load, read_config
from cfgtool.textproto import Block, ListValue, Scalar, parse, string_value
from cfgtool.textproto.edits import apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.migrate.model import Plan
    from cfgtool.schema import Config, MessageType
    from cfgtool.textproto import Document, Edit, Field


class Place:
    """One value of a field: an occurrence of a singular field, or an element of a repeated one.

    `owner` is the name of the message type that the field stands in, "" where the schema does not know it;
    `block` is that message's block in the text; `index` is the element's number inside a list value, None
    outside of lists. `plain` is the path without indices.
    """

    __slots__ = ("block", "field", "index", "node", "owner", "parent", "path", "plain")

    def __init__(
        self,
        owner: str,
        parent: Place | None,
        block: Block,
        field: Field,
        node: Scalar | Block | None,
        path: str,
        plain: str,
        index: int | None,
    ) -> None:
        self.owner = owner
        self.parent = parent
        self.block = block
        self.field = field
        self.node = node
        self.path = path
        self.plain = plain
        self.index = index

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def start(self) -> int:
        """Where the field starts, or the item of a list."""
        return self.node.start if self.index is not None and self.node is not None else self.field.start


class Draft:
    """A text with its tree, its typed config, and the plan of the migration."""

    __slots__ = ("_places", "config", "document", "plan")

    def __init__(self, document: Document, config: Config, plan: Plan) -> None:
        self.document = document
        self.config = config
        self.plan = plan
        self._places: list[Place] | None = None

    def edited(self, edits: Iterable[Edit]) -> Draft:
        """The draft after a round of edits."""
        document = parse(apply_edits(self.document.text, edits))
        return Draft(document, read_config(document), self.plan)

    @property
    def places(self) -> list[Place]:
        """All places in reading order, known to the schema or not."""
        if self._places is None:
            self._places = list(_walk(self.config.type, None, self.document.root, "", "", {}))
        return self._places

    def find(self, *paths: str) -> list[Place]:
        """All places at any of the paths (names joined by dots, without indices), in reading order."""
        return [place for place in self.places if place.plain in paths]

    def named(self, owner: str, name: str) -> list[Place]:
        """All places of field `name` in messages of type `owner`, in reading order."""
        return [place for place in self.places if place.field.name == name and place.owner == owner]

    def inside(self, place: Place) -> list[Place]:
        """The places directly inside a message's place."""
        return [child for child in self.places if child.parent is place]

    def text(self, place: Place) -> str:
        """The value of the place as written, "" if there is none."""
        return self.document.text[place.node.start : place.node.end] if place.node else ""

    def string(self, place: Place) -> str:
        """The content of a string value, "" for anything else."""
        node = place.node
        if isinstance(node, Scalar) and node.kind == "string":
            return string_value(self.document, node).decode("utf-8", "surrogateescape")
        return ""

    def is_true(self, place: Place) -> bool:
        """Whether a bool is written as true, in any spelling that protobuf reads."""
        # Not the typed value: the field may be one that the schema no longer has.
        return self.text(place) in ("true", "True", "t", "1")

    def is_false(self, place: Place) -> bool:
        """Whether a bool is written as false, in any spelling that protobuf reads."""
        return self.text(place) in ("false", "False", "f", "0")


def _walk(
    type_: MessageType | None,
    parent: Place | None,
    block: Block,
    path: str,
    plain: str,
    counts: dict[str, int],
) -> Iterator[Place]:
    messages = load().messages
    for field in block.fields:
        known = type_.fields.get(field.name) if type_ and field.kind == "plain" else None
        # An extension's name has dots of its own; in brackets it stays one part of the path.
        name = field.name if field.kind == "plain" else f"[{field.name}]"
        value = field.value
        for index, node in enumerate(value.items if isinstance(value, ListValue) else [value]):
            # Counted over all pieces of a message that is given in several, as Merge joins them.
            number = ""
            if known and known.label in ("repeated", "map"):
                number = f"[{counts.get(path + name, 0)}]"
                counts[path + name] = counts.get(path + name, 0) + 1
            place = Place(
                type_.name if type_ else "",
                parent,
                block,
                field,
                node,
                path + name + number,
                plain + name,
                index if isinstance(value, ListValue) else None,
            )
            yield place
            if isinstance(node, Block):
                inner = messages.get(known.type) if known and known.kind == "message" else None
                yield from _walk(inner, place, node, place.path + ".", place.plain + ".", counts)
