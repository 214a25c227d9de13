"""Where a config says its data is: the input readers with what they expect of their records."""

from __future__ import annotations

from cfgtool.data.expected import Expected, expected_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.data.label_map import LabelMap
    from cfgtool.schema import Config


class Source:
    """Records to read: what they are called, file patterns, label map path (maybe empty), and their reader."""

    __slots__ = ("field", "label_map_path", "patterns", "reader")

    def __init__(
        self, field: str, patterns: list[str], label_map_path: str, reader: Config | None = None
    ) -> None:
        self.field = field
        self.patterns = patterns
        self.label_map_path = label_map_path
        self.reader = reader

    def expected(self, label_map: LabelMap | None) -> Expected:
        """What the records are compared with."""
        return Expected(label_map) if self.reader is None else expected_of(self.reader, label_map)


def readers(config: Config) -> list[Config]:
    """The input readers of a pipeline config, training first."""
    training = [config.message("train_input_reader")] if config.has("train_input_reader") else []
    return training + [reader for reader in config.messages("eval_input_reader") if reader is not None]


def sources(config: Config) -> Iterator[Source]:
    """The records of the input readers of a pipeline config, training first."""
    found = readers(config)
    alone = len(config.messages("eval_input_reader")) == 1
    for reader in found:
        patterns = reader.message("tf_record_input_reader").texts("input_path")
        name = reader.path.partition("[")[0] if alone else reader.path
        yield Source(name, patterns, reader.text("label_map_path"), reader)
