"""`cfgtool data show`: single records, as text and drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.data.example import Values

    Shown = tuple[str, dict[str, Values]]


def show(
    targets: Annotated[list[str], typer.Argument(metavar="RECORD...", help="Record files or globs.")],
    count: Annotated[
        int, typer.Option("--count", min=1, max=100, help="Records to show, evenly spread over all.")
    ] = 9,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Also draw them: a .png.")] = None,
    label_map: Annotated[
        str | None, typer.Option("--label-map", help="Label map with names of classes.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let -o replace an existing file.")] = False,
) -> None:
    """Show records as they are stored: images, boxes, classes, masks and keypoints."""
    from cfgtool.cli.output import refuse_to_replace, write
    from cfgtool.data.label_map import read_label_map
    from cfgtool.data.paths import expand_paths

    if output is not None:
        if output.suffix.lower() != ".png":
            raise UserError("a sheet of records is a .png", path=str(output))
        if not output.parent.is_dir():
            raise UserError("there is no such folder", path=str(output.parent))
        refuse_to_replace(str(output), force)
        from cfgtool.data.importing.pixels import need_pillow

        need_pillow("-o")
    labels = read_label_map(label_map) if label_map else None
    shown = _read(expand_paths(targets), count)
    titles = labels.titles() if labels is not None else {}
    for place, features in shown:
        write("".join(f"{line}\n" for line in _lines(place, features, titles)), sys.stdout)
    if output is not None:
        from cfgtool.files import atomic_write
        from cfgtool.training.report.record_sheet import draw_records
        from cfgtool.training.run.drawing import as_png

        captions = [(f"{place}: {_source(features)}", features) for place, features in shown]
        atomic_write(str(output), as_png(draw_records(captions, labels)))
        print(f"drawn in {output}", file=sys.stderr)


def _read(paths: Sequence[str], count: int) -> list[Shown]:
    """(place, features) of records evenly spread over the files. Raises UserError for a defect of one of them."""
    from cfgtool.data.example import decode_example
    from cfgtool.data.tfrecord import HEADER_BYTES, open_records, read_record, record_offsets

    all_ = [
        (path, index, offset, length)
        for path in paths
        for index, (offset, length) in enumerate(record_offsets(path))
    ]
    if not all_:
        raise UserError("has no records", path=paths[0])
    number = min(count, len(all_))
    shown = []
    for place in range(number):
        path, index, offset, length = all_[place * len(all_) // number]
        with open_records(path) as file:
            file.seek(offset)
            record = read_record(file, path, index, offset - HEADER_BYTES, length)
        try:
            features = decode_example(record.verified())
        except UserError as error:
            message = error.message if error.path else f"record {index} {error.message}"
            raise UserError(message, path=path, hint=error.hint) from None
        shown.append((f"{Path(path).name}:{index}", features))
    return shown


def _source(features: dict[str, Values]) -> str:
    from cfgtool.data import keys, objects

    for key in (keys.FILENAME, keys.SOURCE_ID):
        if text := objects.texts(features, key):
            return text[0]
    return "no source id"


def _lines(place: str, features: dict[str, Values], titles: dict[int, str]) -> list[str]:
    """The image, then each object: class, box in pixels, and what else is set."""
    from cfgtool.data import keys, objects

    sides = [objects.integers(features, key)[:1] for key in (keys.WIDTH, keys.HEIGHT)]
    width, height = (side[0] if side else 0 for side in sides)
    kind = " ".join(objects.texts(features, keys.FORMAT)[:1])
    lines = [f"{place}  {_source(features)}  {width} x {height} {kind}".rstrip()]
    texts, labels = objects.texts(features, keys.TEXT), objects.integers(features, keys.LABEL)
    flags = {
        name: objects.integers(features, key)
        for name, key in (("crowd", keys.CROWD), ("difficult", keys.DIFFICULT), ("group", keys.GROUP_OF))
    }
    for number, (ymin, xmin, ymax, xmax) in enumerate(objects.boxes(features)):
        label = labels[number] if number < len(labels) else None
        name = texts[number] if number < len(texts) else titles.get(label or 0, f"class {label}")
        box = f"{xmin * width:.1f} {ymin * height:.1f} {xmax * width:.1f} {ymax * height:.1f}"
        said = [flag for flag, values in flags.items() if number < len(values) and values[number]]
        lines.append(f"  {name} ({label})  {box}" + (f"  {', '.join(said)}" if said else ""))
    for name, key in (("masks", keys.MASK), ("keypoints", keys.KEYPOINT_X)):
        if values := features.get(key):
            lines.append(f"  {name}: {len(values)}")
    return lines
