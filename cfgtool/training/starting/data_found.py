"""The data of a run, looked at before it starts: files, records and classes, from a sample, without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.data.label_map import LabelMap, read_label_map
from cfgtool.data.paths import expand_paths
from cfgtool.errors import UserError
from cfgtool.lint.context import Context

if TYPE_CHECKING:
    from cfgtool.data.check import Inspection
    from cfgtool.networks import NetworkDescription
    from cfgtool.schema import Config
    from cfgtool.training.run.job import Job

FATAL = frozenset(
    {
        "record-framing",
        "record-checksum",
        "record-unreadable",
        "record-not-an-example",
        "image-not-decodable",
        "box-inverted",
    }
)
"""Problems of records at which reading for training stops; the others make it learn something else."""


class DataFound(NamedTuple):
    """What an input reader leads to.

    `records` are counted, or estimated from the sizes of the files where not all were read (`complete`). `sampled`
    records were read, and hold `boxes`; `classes` are (name, boxes) among them, most frequent first, `unseen` the names
    of the label map without a box. `sizes` are the smallest and the largest stored image by area, as (height, width) in
    pixels. `problems` are (severity, message) of flaws that do not stop training. Of a reader without local files
    only `files` is known, 0.
    """

    reader: str
    files: int
    records: int
    complete: bool
    sampled: int
    boxes: int
    without_boxes: int
    sizes: tuple[tuple[int, int], tuple[int, int]] | None
    classes: tuple[tuple[str, int], ...]
    unseen: tuple[str, ...]
    label_map: str
    label_map_classes: int
    num_classes: int
    problems: tuple[tuple[str, str], ...]


def look_at_data(
    job: Job, reader: Config, network: NetworkDescription, *, skip_bad: bool = False
) -> DataFound:
    """What the records of `reader` are.

    Raises UserError where reading them would stop: missing or empty files, a label map that cannot be read or has more
    classes than the network, and, but for `skip_bad`, records that are damaged or cannot be decoded.
    """
    label_map = _label_map(job, reader, network)
    num_classes = job.config.find(f"model.{network.meta_architecture}").integer("num_classes")
    patterns = reader.message("tf_record_input_reader").texts("input_path")
    local = [pattern for pattern in patterns if "://" not in pattern]
    path = reader.text("label_map_path")
    known = len(label_map.ids) if label_map is not None else 0
    nothing = DataFound(reader.path, 0, 0, False, 0, 0, 0, None, (), (), path, known, num_classes, ())
    if patterns and not local:
        return nothing  # only TensorFlow can look into remote files
    expand_paths(local)
    sample = Context(job.config, job.config.document, job.path, job.generation).records(reader)
    if sample is None:
        return nothing
    inspection, stats = sample.inspection, sample.stats
    if not skip_bad:
        _refuse_fatal(inspection)
    if not stats.records:
        raise UserError("has no records", path=next(iter(sample.files)), hint="write the data set again")
    titles = label_map.titles() if label_map is not None else {}
    classes = _classes(inspection, titles)
    seen = {name for name, _ in classes}
    return nothing._replace(
        files=len(sample.files),
        records=sample.count,
        complete=sample.complete,
        sampled=stats.records,
        boxes=stats.boxes,
        without_boxes=stats.without_boxes,
        sizes=_sizes(stats.heights, stats.widths),
        classes=classes,
        unseen=tuple(name for name in titles.values() if name not in seen),
        problems=tuple(_problems(inspection)),
    )


def _label_map(job: Job, reader: Config, network: NetworkDescription) -> LabelMap | None:
    """The label map of the reader, None without one. Raises UserError unless the network has all its classes."""
    path = reader.text("label_map_path")
    if not path:
        return None
    label_map = read_label_map(path)
    field = f"model.{network.meta_architecture}.num_classes"
    classes = job.config.find(f"model.{network.meta_architecture}").integer("num_classes")
    if label_map.max_id > classes:
        raise UserError(
            f"the label map has id {label_map.max_id}, but num_classes is {classes}: objects of higher ids would be"
            " trained as nothing",
            path=path,
            hint=f"set {field} to {label_map.max_id}",
        )
    return label_map


def _refuse_fatal(inspection: Inspection) -> None:
    """Raise UserError for a problem at which training would stop."""
    fatal = next((problem for problem in inspection.problems if problem.code in FATAL), None)
    if fatal is None:
        return
    others = sum(inspection.counts.get(code, 0) for code in FATAL) - 1
    place = f" ({fatal.place})" if fatal.place else ""
    more = f" and {others} more that stop training" if others else ""
    raise UserError(
        f"{fatal.message}{place}{more}",
        path=fatal.path,
        hint="`cfgtool data check` on the config lists all flaws",
    )


def _classes(inspection: Inspection, titles: dict[int, str]) -> tuple[tuple[str, int], ...]:
    """(name, boxes) of every class in the sample: by its id, or by its text where records have no ids."""
    stats, lookup = inspection.stats, inspection.expected.lookup or {}
    counts: dict[str, int] = {}
    if stats.labels:
        for number, count in stats.labels.items():
            name = titles.get(number, f"id {number}")
            counts[name] = counts.get(name, 0) + count
    else:
        for text, count in stats.texts.items():
            name = titles.get(lookup.get(text, 0), text)
            counts[name] = counts.get(name, 0) + count
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _sizes(heights: list[int], widths: list[int]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    sizes = sorted(zip(heights, widths, strict=True), key=lambda size: size[0] * size[1])
    return (sizes[0], sizes[-1]) if sizes else None


def _problems(inspection: Inspection) -> list[tuple[str, str]]:
    """(severity, the first problem of a kind and how many there are), errors first; what is only told is left out."""
    found = {}
    for problem in inspection.problems:
        if problem.severity in ("error", "warning") and problem.code not in found:
            count = inspection.counts[problem.code]
            more = f" (and {count - 1:,} more)" if count > 1 else ""
            place = f"{problem.place}: " if problem.place else ""
            found[problem.code] = (problem.severity, f"{place}{problem.message}{more}")
    return sorted(found.values())
