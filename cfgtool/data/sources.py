"""Where a config says its data is: the input readers with what bounds their records."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.schema import Config

READER_FIELDS = ("train_input_reader", "eval_input_reader")


class Source:
    """One input reader: its field, file patterns, label map path (maybe empty), and record bounds."""

    __slots__ = ("field", "label_map_path", "max_boxes", "num_classes", "patterns")

    def __init__(
        self,
        field: str,
        patterns: list[str],
        label_map_path: str,
        num_classes: int | None,
        max_boxes: int | None,
    ) -> None:
        self.field = field
        self.patterns = patterns
        self.label_map_path = label_map_path
        self.num_classes = num_classes
        self.max_boxes = max_boxes


def sources(config: Config) -> Iterator[Source]:
    """The input readers of a pipeline config that read TFRecords, training first."""
    count = num_classes(config)
    for name in READER_FIELDS:
        if not config.has(name):
            continue
        readers = config.messages(name) if name == "eval_input_reader" else [config.message(name)]
        for number, reader in enumerate(readers):
            patterns = reader.message("tf_record_input_reader").texts("input_path")
            yield Source(
                name if len(readers) == 1 else f"{name}[{number}]",
                patterns,
                reader.text("label_map_path"),
                count,
                reader.integer("max_number_of_boxes"),
            )


def num_classes(config: Config) -> int | None:
    """`num_classes` of the configured model, None if there is none."""
    model = config.message("model")
    architecture = model.which("model")
    if architecture is None:
        return None
    detector = model.message(architecture)
    return detector.integer("num_classes") if "num_classes" in detector.type.fields else None
