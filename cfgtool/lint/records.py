"""The records that an input reader names, as far as lint reads them: `read_records`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.context import is_placeholder
from cfgtool.lint.filecache import cached

if TYPE_CHECKING:
    from cfgtool.data.check import Inspection
    from cfgtool.data.label_map import LabelMap
    from cfgtool.data.reading import Progress, Reading
    from cfgtool.data.stats import Stats
    from cfgtool.lint.context import Context
    from cfgtool.schema import Config, Entry


class RecordSample:
    """What is known of the records of one reader.

    `files` are the files with the `input_path` that names each, `inspection` is what was found in the records
    that were read, `bytes` the size of all files.
    """

    __slots__ = ("bytes", "files", "inspection")

    def __init__(self, files: dict[str, Entry], inspection: Inspection, size: int) -> None:
        self.files = files
        self.inspection = inspection
        self.bytes = size

    @property
    def stats(self) -> Stats:
        """The statistics of the records that were read."""
        return self.inspection.stats

    @property
    def complete(self) -> bool:
        """Whether every record was read."""
        return self.inspection.complete

    @property
    def mean_bytes(self) -> float:
        """The average size of a record, 0 without one."""
        return self.stats.bytes / self.stats.records if self.stats.records else 0.0

    @property
    def count(self) -> int:
        """The number of records: counted where all were read, else estimated from the sizes."""
        from cfgtool.data.tfrecord import FRAME_BYTES

        if self.complete or not self.stats.records:
            return self.stats.records
        return round(self.bytes / (self.mean_bytes + FRAME_BYTES))

    def what_was_read(self) -> str:
        """How the records that a share refers to are called in messages."""
        return f"{self.stats.records} records" if self.complete else f"{self.stats.records} records read"

    def place(self, path: str = "") -> Entry:
        """The `input_path` that names a file, or else the first one."""
        return self.files.get(path) or next(iter(self.files.values()))


def record_files(context: Context, reader: Config) -> dict[str, Entry]:
    """The files that exist of those that an `InputReader` names, with the `input_path` of each.

    Why there are none is noted, unless the path is a placeholder or a finding of its own.
    """
    from cfgtool.lint.checks._paths import worth_reporting

    files: dict[str, Entry] = {}
    for entry in reader.message("tf_record_input_reader").entries("input_path"):
        name = entry.value
        if not isinstance(name, str) or is_placeholder(name):
            continue
        found = files_of(context, name) if context.looks_at(name) else []
        if not found and not worth_reporting(context, name):
            context.note(f"records not checked: there is no '{name}' on this machine")
        for path in found:
            files.setdefault(path, entry)
    return files


def files_of(context: Context, name: str) -> list[str]:
    """The files that one `input_path` names; `name@10` stands for those of ten shards that exist."""
    from cfgtool.data.paths import shard_pattern

    return context.files(shard_pattern(name))


def read_records(context: Context, reader: Config, files: dict[str, Entry]) -> RecordSample:
    """Read the records of `files`: a sample, or all of them where the settings ask for it."""
    from cfgtool.data.expected import expected_of
    from cfgtool.data.reading import size_of

    label_map = _label_map(context, reader)
    expected = expected_of(reader, label_map)
    whole, paths = context.all_records, list(files)

    def inspect() -> Inspection:
        from cfgtool.data.check import inspect_records

        return inspect_records(_reading(paths, whole, context.progress), expected)

    read_from = [*paths, label_map.path] if label_map is not None else paths
    inspection = cached("records", read_from, (whole, expected.key()), inspect)
    sample = RecordSample(files, inspection, sum(map(size_of, paths)))
    if not (whole or sample.complete):
        context.note(f"'{reader.path}': a sample of the records was read; --all-records reads every one")
    return sample


def _reading(paths: list[str], whole: bool, progress: Progress | None) -> Reading:
    if whole:
        from cfgtool.data.reading import WholeReading

        return WholeReading(paths, progress=progress)
    from cfgtool.data.sampling import SampleReading

    return SampleReading(paths)


def _label_map(context: Context, reader: Config) -> LabelMap | None:
    """The label map of the reader; one that is missing or broken is another rule's matter."""
    name = reader.text("label_map_path")
    return None if is_placeholder(name) or context.locate(name) is None else context.label_map(name)
