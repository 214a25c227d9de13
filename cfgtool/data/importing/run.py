"""An import from beginning to end: `import_data`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.data.importing.encode import KeypointPlaces
from cfgtool.data.importing.flaws import WAYS
from cfgtool.data.importing.label_maps import check_ids, chosen, label_map_text, read_classes, renumbered
from cfgtool.data.importing.report import Report
from cfgtool.data.importing.shards import Outcome, ShardWriter
from cfgtool.data.importing.splits import assign, file_name, shards_of
from cfgtool.data.importing.target import LABEL_MAP, REPORT, check_target, made
from cfgtool.data.processes import results
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.data.importing.options import ImportOptions
    from cfgtool.data.importing.source import ClassEntry, Key, Source
    from cfgtool.data.importing.splits import Shard
    from cfgtool.data.reading import Progress


class RefusedError(Exception):
    """Nothing was written, because of flaws; `report` says which."""

    def __init__(self, report: Report) -> None:
        super().__init__("the data has flaws")
        self.report = report


def import_data(options: ImportOptions, progress: Progress | None = None) -> Report:
    """Write the folder `options.output`; `progress` is told how many pictures are done, of how many.

    Raises RefusedError for flaws that `repair` and `skip_bad` leave, with the report of all; UserError for a source that
    cannot be read at all. In both cases, and if the process is stopped, nothing is there that was not there before.
    """
    check_target(options.output, force=options.force)
    _check_needs(options)
    source = _open(options)
    classes = _classes(source, options)
    places = KeypointPlaces(list(classes.values()) if options.keypoints else [])
    splits = assign(source.entries, options)
    shards = [shard for name, entries in splits.items() for shard in shards_of(name, entries, options)]
    whole = Outcome()
    for flaw in source.flaws:
        if options.repair and WAYS[flaw.code].repaired:
            whole.mended.add(flaw)
        else:
            (whole.skipped if options.skip_bad else whole.fatal).add(flaw)
    with made(options.output) as folder:
        writer = ShardWriter(source, classes, options, folder, stopped=bool(whole.fatal.total))
        outcomes = list(results(writer, shards, options.workers, len(source.entries), progress))
        report = Report(options, source, list(classes.values()), shards, outcomes, whole)
        if report.fatal.total:
            raise RefusedError(report)
        if not report.pictures:
            raise UserError("no picture is left to be written", path=options.source)
        shards, outcomes = _without_empty(folder, shards, outcomes)
        report = Report(options, source, list(classes.values()), shards, outcomes, whole)
        _write(os.path.join(folder, LABEL_MAP), label_map_text(classes.values(), places))
        _write(os.path.join(folder, REPORT), report.as_json())
    return report


def _check_needs(options: ImportOptions) -> None:
    if options.masks:
        from cfgtool.data.importing.masks import need_masks

        need_masks()
    if options.verify:
        from cfgtool.data.importing.pixels import need_pillow

        need_pillow("--verify")
    if options.repair:
        from cfgtool.data.importing.pixels import need_pillow

        need_pillow("--repair")


def _open(options: ImportOptions) -> Source:
    path = options.source
    source: Source
    if options.keypoints and options.format in ("voc", "csv"):
        raise UserError(f"format {options.format!r} has no keypoints", hint="import without --keypoints")
    if options.images is not None and not os.path.isdir(options.images):
        raise UserError("is no folder", path=options.images, hint="--images DIR holds the pictures")
    if options.format == "coco":
        from cfgtool.data.importing.coco import Coco

        source = Coco(path, options.images, keypoints=options.keypoints)
    elif options.format == "voc":
        from cfgtool.data.importing.voc import Voc

        source = Voc(path, options.images)
    elif options.format == "yolo":
        from cfgtool.data.importing.yolo import Yolo

        source = Yolo(path, options.images, keypoints=options.keypoints, named=options.classes is not None)
    else:
        from cfgtool.data.importing.tables import Table

        source = Table(path, options.images)
    if options.masks and not source.masks:
        raise UserError(f"format {options.format!r} has no masks", hint="import without --masks")
    return source


def _classes(source: Source, options: ImportOptions) -> dict[Key, ClassEntry]:
    classes = source.classes
    if options.classes is not None:
        classes = chosen(classes, read_classes(options.classes), by_number=options.format == "yolo")
    if options.renumber:
        classes = renumbered(classes)
    if not classes:
        raise UserError(
            "has no object, so there are no classes", path=options.source, hint="--classes FILE names them"
        )
    check_ids(classes.values(), options.source)
    return classes


def _without_empty(
    folder: str, shards: list[Shard], outcomes: list[Outcome]
) -> tuple[list[Shard], list[Outcome]]:
    """The files that have a record, numbered anew where others went: all of their pictures were left out."""
    if all(outcome.pictures for outcome in outcomes):
        return shards, outcomes
    kept = [pair for pair in zip(shards, outcomes, strict=True) if pair[1].pictures]
    for shard, outcome in zip(shards, outcomes, strict=True):
        if not outcome.pictures:
            os.unlink(os.path.join(folder, shard.name))
    renamed = []
    for split in dict.fromkeys(shard.split for shard, _ in kept):
        members = [shard for shard, _ in kept if shard.split == split]
        for number, shard in enumerate(members):
            name = file_name(split, number, len(members))
            os.rename(os.path.join(folder, shard.name), os.path.join(folder, name))
            renamed.append(shard._replace(name=name))
    return renamed, [outcome for _, outcome in kept]


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", path=path) from None
