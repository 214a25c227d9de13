"""`cfgtool data import`: other formats to TFRecords."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from cfgtool.data.importing.report import Report


def import_(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="coco, voc, yolo or csv.")],
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="The file of annotations, or the folder of the data set.")
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder to write: records, label map, import.json."
        ),
    ],
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="FRACTIONS|FILE",
            help="0.8,0.2 (train, val) or 0.7,0.2,0.1 (and test); or a file naming the pictures of val."
            " Default: the source's own split, else all is train.",
        ),
    ] = None,
    shards: Annotated[
        int, typer.Option("--shards", min=0, help="Files of each split (0: about 100 MiB each).")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Order of the pictures, and random split.")] = 0,
    images: Annotated[
        str | None,
        typer.Option("--images", metavar="DIR", help="Folder of the pictures, where it is elsewhere."),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            "--classes",
            metavar="FILE",
            help="Names and order of the classes: a list, or a label map (.pbtxt).",
        ),
    ] = None,
    masks: Annotated[
        bool, typer.Option("--masks/--no-masks", help="Also masks, as PNG images (coco, voc, yolo).")
    ] = False,
    keypoints: Annotated[bool, typer.Option("--keypoints", help="Also keypoints (coco, yolo).")] = False,
    renumber: Annotated[
        bool, typer.Option("--renumber", help="Give classes the ids 1, 2, ... (default: ids of the source).")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended, and report each case.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out pictures with flaws that are not mended.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Decode every picture (default: its header and its end).")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes (0: one for each core).")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder with imported data.")] = False,
) -> int:
    """Write TFRecords and a label map from COCO, Pascal VOC, YOLO or CSV.

    Exits with 1, and writes nothing, if the data has flaws that neither --repair nor --skip-bad deals with.
    """
    from cfgtool.cli.output import write
    from cfgtool.cli.progress import count_progress
    from cfgtool.data.importing.options import FORMATS, ImportOptions
    from cfgtool.data.importing.run import RefusedError, import_data
    from cfgtool.data.importing.splits import parse_split

    if format not in FORMATS:
        raise typer.BadParameter(f"{format!r} is not one of {', '.join(FORMATS)}", param_hint="FORMAT")
    fractions, held_out = parse_split(split)
    options = ImportOptions(
        format,
        source,
        output,
        fractions=fractions,
        held_out=held_out,
        shards=shards,
        seed=seed,
        images=images,
        classes=classes,
        masks=masks,
        keypoints=keypoints,
        renumber=renumber,
        repair=repair,
        skip_bad=skip_bad,
        verify=verify,
        workers=workers,
        force=force,
    )
    try:
        with _termination():
            report = import_data(options, count_progress("importing pictures"))
    except RefusedError as refused:
        write("".join(f"{line}\n" for line in refused.report.problem_lines()), sys.stdout)
        sys.stdout.flush()
        count = refused.report.fatal.total
        print(f"nothing is written: {count} problem{'s' * (count > 1)}", file=sys.stderr)
        return 1
    write("".join(f"{line}\n" for line in report.lines()), sys.stdout)
    sys.stdout.flush()
    print(f"written to {output}", file=sys.stderr)
    _hint(report)
    return 0


def _hint(report: Report) -> None:
    """What to do next where there is only one split."""
    if list(report.splits) == ["train"]:
        print("all pictures are in train; --split 0.8,0.2 keeps a part for evaluation", file=sys.stderr)


@contextlib.contextmanager
def _termination() -> Iterator[None]:
    """Treat SIGTERM as an interrupt, so that what is half written is taken away."""
    import signal

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
