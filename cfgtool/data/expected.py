"""What a reader and its model expect of every record."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.data.label_map import LabelMap
    from cfgtool.schema import Config

MASK_KINDS = {"PNG_MASKS": "png", "NUMERICAL_MASKS": "numerical", "DEFAULT": "numerical"}
"""`mask_type` of a reader -> how a mask is stored: as PNG images or as numbers, height x width for each object."""


class Expected:
    """What records are compared with; what is None, empty or 0 is not compared.

    `label_map` gives `lookup` (class text to id) and `ids`, `max_boxes` is the reader's `max_number_of_boxes`,
    `masks` says that masks are loaded and how they are stored ("png" or "numerical"), `keypoints` how many
    each object has. `unique_sources`: whether two records may not share a source id, as in evaluation.
    """

    __slots__ = (
        "ids",
        "keypoints",
        "label_map",
        "lookup",
        "masks",
        "max_boxes",
        "num_classes",
        "unique_sources",
    )

    def __init__(
        self,
        label_map: LabelMap | None = None,
        num_classes: int | None = None,
        max_boxes: int | None = None,
        *,
        masks: str = "",
        keypoints: int = 0,
        unique_sources: bool = True,
    ) -> None:
        self.label_map = label_map
        self.lookup = label_map.lookup() if label_map is not None else None
        self.ids = label_map.ids if label_map is not None else None
        self.num_classes = num_classes
        self.max_boxes = max_boxes
        self.masks = masks
        self.keypoints = keypoints
        self.unique_sources = unique_sources

    def key(self) -> tuple[object, ...]:
        """Equal for two expectations that judge every record alike, if their label maps are the same file."""
        return self.num_classes, self.max_boxes, self.masks, self.keypoints, self.unique_sources


def expected_of(reader: Config, label_map: LabelMap | None) -> Expected:
    """What an `InputReader` message, and the model of its config, expect."""
    return Expected(
        label_map,
        num_classes(reader.root),
        reader.integer("max_number_of_boxes"),
        masks=MASK_KINDS[reader.enum("mask_type")] if reader.flag("load_instance_masks") else "",
        keypoints=reader.integer("num_keypoints"),
        unique_sources=not reader.path.startswith("train_input_reader"),
    )


def num_classes(config: Config) -> int | None:
    """`num_classes` of the configured model, None if it is not set."""
    model = config.message("model")
    architecture = model.which("model")
    if architecture is None:
        return None
    detector = model.message(architecture)
    count = detector.integer("num_classes") if "num_classes" in detector.type.fields else 0
    return count if count > 0 else None
