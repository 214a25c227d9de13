"""What is wrong with the records of a data set: `check_records`.

The flaws are those that make a trainer stop with an assertion, diverge, or silently learn something else.
"""

from __future__ import annotations

from cfgtool.data import objects
from cfgtool.data.check_example import check_example
from cfgtool.data.example import decode_example
from cfgtool.data.problems import Problem
from cfgtool.data.stats import Stats
from cfgtool.data.tfrecord import Record, RecordError, frames
from cfgtool.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfgtool.data.example import Values
    from cfgtool.data.label_map import LabelMap

MAX_PER_CODE = 20
"""Problems of one code beyond this many are only counted."""


def check_records(
    paths: Sequence[str],
    label_map: LabelMap | None = None,
    num_classes: int | None = None,
    limit: int | None = None,
    max_boxes: int | None = None,
) -> list[Problem]:
    """The flaws of the TFRecord files `paths`, in file order; `MAX_PER_CODE` of each kind, then a count.

    `label_map` and `num_classes` bound the class ids, `max_boxes` is the reader's `max_number_of_boxes`, and
    `limit` stops after that many records of each file. Unreadable files are problems too: nothing is raised.
    """
    return inspect_records(paths, label_map, num_classes, limit, max_boxes)[0]


def inspect_records(
    paths: Sequence[str],
    label_map: LabelMap | None = None,
    num_classes: int | None = None,
    limit: int | None = None,
    max_boxes: int | None = None,
) -> tuple[list[Problem], Stats]:
    """`check_records` and the statistics of the records, read once."""
    report = _Report()
    stats = Stats()
    lookup = label_map.lookup() if label_map is not None else None
    ids = label_map.ids if label_map is not None else None
    for path in paths:
        stats.files += 1
        count = 0
        for record in _records(path, report, limit):
            count += 1
            features = _features(record, report)
            if features is None:
                continue
            for code, severity, message in check_example(features, lookup, ids, num_classes, max_boxes):
                report.add(Problem(code, severity, message, path, record=record.index, offset=record.offset))
            stats.add(features, len(record.data))
            report.see_source(path, record, objects.first_bytes(features, "image/source_id"))
        if count == 0 and not report.broken:
            report.add(Problem("record-file-empty", "error", "has no records", path))
    _judge(report, stats, paths, label_map, complete=limit is None)
    return report.finished(), stats


class _Report:
    """Collects problems, keeping the first ones of each code."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.counts: dict[str, int] = {}
        self.broken = False
        self._sources: dict[bytes, int] = {}

    def add(self, problem: Problem) -> None:
        count = self.counts.get(problem.code, 0) + 1
        self.counts[problem.code] = count
        if count <= MAX_PER_CODE:
            self.problems.append(problem)

    def see_source(self, path: str, record: Record, source: bytes | None) -> None:
        """Evaluation counts a picture once per source id, so a second one with the same id is lost."""
        if not source:
            return
        if source in self._sources:
            name = source.decode("utf-8", "replace")
            message = f"source id {name!r} is already that of record {self._sources[source]}"
            self.add(
                Problem(
                    "record-duplicate-source",
                    "warning",
                    message,
                    path,
                    record=record.index,
                    offset=record.offset,
                )
            )
        self._sources.setdefault(source, record.index)

    def finished(self) -> list[Problem]:
        """The kept problems, then one line for each code that had more."""
        rest = [
            Problem("more", "info", f"{count - MAX_PER_CODE} more of {code}", "")
            for code, count in self.counts.items()
            if count > MAX_PER_CODE
        ]
        return self.problems + rest


def _records(path: str, report: _Report, limit: int | None) -> Iterator[Record]:
    """The records of `path` whose data is intact; defects go to `report`."""
    report.broken = False
    # A damaged record leaves the framing intact, so the next one can be read; broken framing ends the file.
    try:
        for record in frames(path):
            if limit is not None and record.index >= limit:
                return
            if not record.intact():
                report.broken = True
                message = "the data checksum does not fit: the record is damaged"
                report.add(
                    Problem(
                        "record-checksum", "error", message, path, record=record.index, offset=record.offset
                    )
                )
                continue
            yield record
    except RecordError as error:
        report.broken = True
        report.add(
            Problem("record-framing", "error", _text(error), path, record=error.record, offset=error.offset)
        )
    except UserError as error:
        report.broken = True
        report.add(Problem("record-unreadable", "error", _text(error), path))


def _text(error: UserError) -> str:
    message = error.reason if isinstance(error, RecordError) else error.message
    return f"{message}; {error.hint}" if error.hint else message


def _features(record: Record, report: _Report) -> dict[str, Values] | None:
    try:
        return decode_example(record.data)
    except UserError as error:
        report.add(
            Problem(
                "record-not-an-example",
                "error",
                error.message,
                record.path,
                record=record.index,
                offset=record.offset,
            )
        )
        return None


def _judge(
    report: _Report, stats: Stats, paths: Sequence[str], label_map: LabelMap | None, complete: bool
) -> None:
    """Flaws of the data set as a whole."""
    path = paths[0] if paths else ""
    if stats.records and not stats.boxes:
        report.add(
            Problem("records-without-boxes", "error", "no record has a box: nothing can be learnt", path)
        )
    elif stats.without_boxes * 2 > stats.records:
        share = 100 * stats.without_boxes / stats.records
        message = f"{share:.0f} % of the records have no box"
        report.add(Problem("records-mostly-without-boxes", "warning", message, path))
    if label_map is None or not complete or not stats.boxes:
        return
    absent = [
        item.title for item in label_map.items if not stats.has_class(item.id, item.name, item.display_name)
    ]
    if absent:
        shown = ", ".join(repr(name) for name in absent[:5]) + (", ..." if len(absent) > 5 else "")
        message = f"{len(absent)} classes of the label map have no box: {shown}"
        report.add(Problem("classes-without-boxes", "info", message, path))
