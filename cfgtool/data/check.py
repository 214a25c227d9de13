"""What is wrong with the records of a data set, and what they hold: `inspect_records`.

The flaws are those that make a trainer stop with an assertion, diverge, or silently learn something else. There
is one pass over the records, whoever asks: `cfgtool data` reads them whole, lint a sample.
"""

from __future__ import annotations

from cfgtool.data import keys, objects
from cfgtool.data.check_example import check_example
from cfgtool.data.example import decode_example
from cfgtool.data.expected import Expected
from cfgtool.data.problems import Problem
from cfgtool.data.reading import WholeReading, size_of
from cfgtool.data.stats import Stats
from cfgtool.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.data.example import Values
    from cfgtool.data.processes import Advance
    from cfgtool.data.reading import Progress, Reading
    from cfgtool.data.tfrecord import Record

    Place = tuple[str, int | None, int]
    """File, number (None if not counted) and offset of a record."""

_TWINS = "record-duplicate-source"
MAX_PER_CODE = 20
"""Problems of one code beyond this many are only counted."""


class Inspection:
    """What became of one pass over records.

    `problems` holds the first `MAX_PER_CODE` of each code in file order, `counts` how many there were of each
    code, `records` how many records have it (0 for flaws of files and of the set), `stats` what the records
    hold. `complete`: whether every record was read.
    """

    def __init__(self, expected: Expected, *, decode: bool = False) -> None:
        """`decode`: every picture is decoded, which needs Pillow."""
        self.expected = expected
        self._decode = decode
        self.problems: list[Problem] = []
        self.counts: dict[str, int] = {}
        self.records: dict[str, int] = {}
        self.stats = Stats()
        self.complete = False
        self._last: dict[str, tuple[str, int]] = {}
        self._sources: dict[bytes, Place] = {}
        self._twins: list[tuple[bytes, Place]] = []

    def first(self, code: str) -> Problem | None:
        """The first problem of this code."""
        return next((problem for problem in self.problems if problem.code == code), None)

    def listed(self) -> list[Problem]:
        """The kept problems, then one line for each code that had more."""
        rest = [
            Problem("more", "info", f"{count - MAX_PER_CODE} more of {code}", "")
            for code, count in self.counts.items()
            if count > MAX_PER_CODE
        ]
        return self.problems + rest

    def add(self, problem: Problem) -> None:
        """Keep or count a problem."""
        count = self.counts.get(problem.code, 0) + 1
        self.counts[problem.code] = count
        if count <= MAX_PER_CODE:
            self.problems.append(problem)
        place = (problem.path, problem.offset)
        if problem.offset is not None and self._last.get(problem.code) != place:
            self._last[problem.code] = (problem.path, problem.offset)
            self.records[problem.code] = self.records.get(problem.code, 0) + 1

    def see(self, record: Record) -> list[dict[str, Values]]:
        """Check and count one intact record; returns the features of its examples, none where it holds none."""

        def flaw(code: str, severity: str, message: str) -> None:
            place = {"record": record.index, "offset": record.offset}
            self.add(Problem(code, severity, message, record.path, **place))

        try:
            examples = _examples(record.data, self.expected.loaded.sequences)
        except UserError as error:
            flaw("record-not-an-example", "error", error.message)
            return []
        for features in examples:
            for code, severity, message in check_example(features, self.expected):
                flaw(code, severity, message)
            if self._decode:
                from cfgtool.data.check_pixels import pixel_flaws

                for code, severity, message in pixel_flaws(features):
                    flaw(code, severity, message)
            self.stats.add(features, len(record.data) // len(examples))
            source = objects.first_bytes(features, keys.SOURCE_ID) if self.expected.unique_sources else None
            if source:
                self._twin(source, (record.path, record.index, record.offset))
        return examples

    def _twin(self, source: bytes, place: Place) -> None:
        """Note an earlier record with the same source id: evaluation counts a picture once per id, and loses this."""
        first = self._sources.setdefault(source, place)
        if first is not place:
            self._told(source, place, first)
            self._twins.append((source, place))

    def _told(self, source: bytes, place: Place, first: Place) -> None:
        path, index, offset = place
        where = f"record {first[1]}" if first[1] is not None else f"byte {first[2]}"
        where += f" of {first[0]}" if first[0] != path else ""
        message = f"source id {source.decode('utf-8', 'replace')!r} is already that of {where}"
        self.add(Problem("record-duplicate-source", "warning", message, path, record=index, offset=offset))

    def merge(self, other: Inspection) -> None:
        """Add what became of another part of the data set. The order of the parts makes the result, nothing else."""
        room = {code: MAX_PER_CODE - self.counts.get(code, 0) for code in other.counts}
        room[_TWINS] = 0  # told below, with the records of all parts
        for problem in other.problems:
            if room[problem.code] > 0:
                room[problem.code] -= 1
                self.problems.append(problem)
        for code, count in other.counts.items():
            if code != _TWINS:
                self.counts[code] = self.counts.get(code, 0) + count
                if code in other.records:
                    self.records[code] = self.records.get(code, 0) + other.records[code]
        for source, place in [*other._sources.items(), *other._twins]:
            self._twin(source, place)
        self.stats.merge(other.stats)


def _examples(data: bytes, sequences: bool) -> list[dict[str, Values]]:
    """The features of a record, or of each of its frames. Raises UserError for a record of the other kind."""
    if not sequences:
        return [decode_example(data)]
    from cfgtool.data.sequence import decode_frames

    return decode_frames(data)


def check_records(
    paths: Sequence[str], expected: Expected | None = None, limit: int | None = None
) -> list[Problem]:
    """The flaws of the TFRecord files `paths`, in file order; `MAX_PER_CODE` of each kind, then a count.

    `limit` stops after that many records of each file. Unreadable files are problems too: nothing is raised.
    """
    return inspect_records(WholeReading(paths, limit), expected).listed()


def inspect_records(reading: Reading, expected: Expected | None = None) -> Inspection:
    """The flaws and the statistics of what `reading` yields. Unreadable files are problems: nothing is raised."""
    inspection = Inspection(expected or Expected())
    for item in reading:
        if isinstance(item, Problem):
            inspection.add(item)
        else:
            inspection.see(item)
    inspection.stats.files = len(reading.paths)
    inspection.complete = reading.complete
    _judge(inspection, reading.paths)
    return inspection


class _FileReader:
    """Inspects one file; a process has one."""

    def __init__(self, expected: Expected, limit: int | None, decode: bool) -> None:
        self._expected = expected
        self._limit = limit
        self._decode = decode

    def __call__(self, path: str, advance: Advance) -> Inspection:
        done = 0

        def progress(now: int, total: int) -> None:
            nonlocal done
            advance(min(now, total) - done)
            done = min(now, total)

        inspection = Inspection(self._expected, decode=self._decode)
        reading = WholeReading([path], self._limit, progress)
        for item in reading:
            if isinstance(item, Problem):
                inspection.add(item)
            else:
                inspection.see(item)
        return inspection


def inspect_files(
    paths: Sequence[str],
    expected: Expected,
    limit: int | None = None,
    *,
    decode: bool = False,
    workers: int = 0,
    progress: Progress | None = None,
) -> Inspection:
    """The flaws and the statistics of whole files, several at a time: what is found does not depend on how many.

    With `decode` every picture is decoded. `workers` of 0: a process for each core. Raises UserError if a process is
    killed.
    """
    from cfgtool.data.processes import results

    total = sum(size_of(path) for path in paths)
    whole = Inspection(expected)
    for part in results(_FileReader(expected, limit, decode), paths, workers, total, progress):
        whole.merge(part)
    whole.stats.files = len(paths)
    whole.complete = limit is None
    _judge(whole, paths)
    return whole


def _judge(inspection: Inspection, paths: Sequence[str]) -> None:
    """Flaws of the data set as a whole."""
    path = paths[0] if paths else ""
    stats, label_map = inspection.stats, inspection.expected.label_map
    read = "" if inspection.complete else f" of the {stats.records} read"
    if stats.records and not stats.boxes:
        message = f"no record{read} has a box: nothing can be learnt"
        inspection.add(Problem("records-without-boxes", "error", message, path))
    elif stats.without_boxes * 2 > stats.records:
        share = 100 * stats.without_boxes / stats.records
        message = f"{share:.0f} % of the records{read and ' read'} have no box"
        inspection.add(Problem("records-mostly-without-boxes", "warning", message, path))
    if label_map is None or not inspection.complete or not stats.boxes:
        return
    absent = [
        item.title for item in label_map.items if not stats.has_class(item.id, item.name, item.display_name)
    ]
    if absent:
        shown = ", ".join(repr(name) for name in absent[:5]) + (", ..." if len(absent) > 5 else "")
        message = f"{len(absent)} class{'es' * (len(absent) > 1)} of the label map without a box: {shown}"
        inspection.add(Problem("classes-without-boxes", "info", message, path))
