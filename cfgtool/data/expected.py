"""What a reader and its model expect of every record."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.data.label_map import LabelMap
    from cfgtool.schema import Config

MASK_KINDS = {"PNG_MASKS": "png", "NUMERICAL_MASKS": "numerical", "DEFAULT": "numerical"}
"""`mask_type` of a reader -> how a mask is stored: as PNG images or as numbers, height x width for each object."""


class Loaded:
    """What a reader loads of a record beside the image, its boxes and its classes; "", 0 and False: not.

    `masks` is how they are stored ("png" or "numerical"), `keypoints` how many each object has, `labelled`: known by
    their texts, so that objects may have fewer; `context_length` how long the vectors of the image's context are.
    `sequences`: a record holds several frames.
    """

    __slots__ = (
        "context_length",
        "dense_pose",
        "depths",
        "keypoints",
        "labelled",
        "masks",
        "sequences",
        "track_ids",
    )

    def __init__(
        self,
        *,
        masks: str = "",
        keypoints: int = 0,
        labelled: bool = False,
        depths: bool = False,
        dense_pose: bool = False,
        track_ids: bool = False,
        context_length: int = 0,
        sequences: bool = False,
    ) -> None:
        self.masks = masks
        self.keypoints = keypoints
        self.labelled = labelled
        self.depths = depths
        self.dense_pose = dense_pose
        self.track_ids = track_ids
        self.context_length = context_length
        self.sequences = sequences

    def key(self) -> tuple[object, ...]:
        """Equal for readers that load the same."""
        return tuple(getattr(self, name) for name in self.__slots__)


class Expected:
    """What records are compared with; what is None or not loaded is not compared.

    `label_map` gives `lookup` (class text to id) and `ids`, `max_boxes` is the reader's `max_number_of_boxes`.
    `unique_sources`: whether two records may not share a source id, as in evaluation.
    """

    __slots__ = (
        "ids",
        "label_map",
        "loaded",
        "lookup",
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
        loaded: Loaded | None = None,
        unique_sources: bool = True,
    ) -> None:
        self.label_map = label_map
        self.lookup = label_map.lookup() if label_map is not None else None
        self.ids = label_map.ids if label_map is not None else None
        self.num_classes = num_classes
        self.max_boxes = max_boxes
        self.loaded = loaded or Loaded()
        self.unique_sources = unique_sources

    def key(self) -> tuple[object, ...]:
        """Equal for two expectations that judge every record alike, if their label maps are the same file."""
        return self.num_classes, self.max_boxes, self.unique_sources, *self.loaded.key()


def expected_of(reader: Config, label_map: LabelMap | None) -> Expected:
    """What an `InputReader` message, and the model of its config, expect."""
    return Expected(
        label_map,
        num_classes(reader.root),
        reader.integer("max_number_of_boxes"),
        loaded=loaded_of(reader),
        unique_sources=not reader.path.startswith("train_input_reader"),
    )


def loaded_of(reader: Config) -> Loaded:
    """What an `InputReader` message loads."""
    keypoints = reader.integer("num_keypoints")
    model = reader.root.message("model")
    context = 0
    if reader.flag("load_context_features") and model.which("model") == "faster_rcnn":
        context = model.find("faster_rcnn.context_config").integer("context_feature_length")
    sequences = reader.enum("input_type") == "TF_SEQUENCE_EXAMPLE"
    return Loaded(
        masks=MASK_KINDS[reader.enum("mask_type")] if reader.flag("load_instance_masks") else "",
        keypoints=keypoints,
        labelled=reader.flag("use_keypoint_label_map") and keypoints > 0,
        depths=reader.flag("load_keypoint_depth_features") and keypoints > 0,
        dense_pose=reader.flag("load_dense_pose"),
        track_ids=reader.flag("load_track_id"),
        context_length=context,
        sequences=sequences,
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
