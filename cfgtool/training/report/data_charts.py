"""A data set as bars: classes, sizes, shapes, objects per image, and what its anchors reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cfgtool.matching.report.document import asset, document
from cfgtool.matching.report.markup import escape
from cfgtool.training.report.bars import Bars, draw_bars
from cfgtool.training.report.scene import DARK, LIGHT, Label, Scene, in_grid
from cfgtool.training.report.svg import CLASSES, scene_as_element

Numbers = Mapping[str, Any]
_WIDTH = 430.0
_MOST = 20
_PER_IMAGE = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, 20), (21, 50), (51, 100))


def data_bars(numbers: Numbers) -> list[Bars]:
    """The charts of one set."""
    charts = [_classes(numbers), _per_image(numbers), _sizes(numbers), _shapes(numbers), _images(numbers)]
    if numbers.get("anchors"):
        charts.append(_anchors(numbers["anchors"]))
    return charts


def draw_data(sets: Sequence[Numbers]) -> Scene:
    """All sets below each other, each with a line of what it is."""
    scenes = [_grid(numbers) for numbers in sets]
    shapes, top = [], 0.0
    for scene in scenes:
        shapes += list(in_grid([scene], 1, "", Scene(scene.width, top, "")).shapes)
        top += scene.height
    return Scene(max(scene.width for scene in scenes), top, scenes[0].title, shapes)


def data_page(sets: Sequence[Numbers], name: str) -> str:
    """The same as one page of HTML that needs nothing else."""
    import os

    body = []
    for numbers in sets:
        body.append(
            f'<section class="card long"><h2>{escape(numbers["source"])}</h2><p>{escape(_line(numbers))}</p>'
        )
        body.append('<div class="charts">')
        charts = data_bars(numbers)
        body += (
            f"<figure>{scene_as_element(draw_bars(bars, _WIDTH, len(bars.rows)))}</figure>" for bars in charts
        )
        body.append(f"</div>{_table(numbers)}</section>")
    return document(
        f"Data of {name}",
        f"<b>cfgtool data stats</b> {escape(name)}",
        "".join(body),
        "What records hold, as cfgtool data stats read them.",
        style=asset("page.css", os.path.dirname(__file__)) + CLASSES,
        script="",
        light=LIGHT,
        dark=DARK,
    )


def _table(numbers: Numbers) -> str:
    rows = "".join(
        f"<tr><td>{escape(str(one['id']))}</td><td>{escape(one['name'])}</td><td>{one['objects']}</td>"
        f"<td>{one['images']}</td><td>{100 * one['share']:.1f} %</td></tr>"
        for one in numbers["classes"]
    )
    head = "<tr><th>id</th><th>class</th><th>objects</th><th>images</th><th>share</th></tr>"
    return f"<details><summary>Classes as a table</summary><table>{head}{rows}</table></details>"


def _grid(numbers: Numbers) -> Scene:
    charts = data_bars(numbers)
    rows = max(len(bars.rows) for bars in charts)
    title = Scene(
        _WIDTH,
        54.0,
        "",
        [Label(14, 26, numbers["source"], 17.0, bold=True), Label(14, 46, _line(numbers), 12.0, "soft")],
    )
    scenes = [replace(draw_bars(bars, _WIDTH, rows)) for bars in charts]
    return in_grid(scenes, 3, f"Data of {numbers['source']}", title)


def _line(numbers: Numbers) -> str:
    return f"{numbers['records']:,} records, {numbers['boxes']:,} boxes, {numbers['bytes'] / 1e6:,.1f} MB"


def _rows(counts: Mapping[str, int]) -> Iterator[tuple[str, float, str]]:
    total = sum(counts.values())
    for name, count in counts.items():
        yield name, float(count), f"{count:,} ({100 * count / total:.0f} %)" if total else "0"


def _classes(numbers: Numbers) -> Bars:
    classes = numbers["classes"]
    note = (
        f"{len(classes)} classes" if len(classes) <= _MOST else f"the first {_MOST} of {len(classes)} classes"
    )
    rows = [
        (one["name"], float(one["objects"]), f"{one['objects']:,} in {one['images']:,} images")
        for one in classes[:_MOST]
    ]
    return Bars("Objects of each class", note, rows)


def _per_image(numbers: Numbers) -> Bars:
    counts: dict[str, int] = {}
    for low, high in (*_PER_IMAGE, (101, 10**9)):
        name = str(low) if low == high else f"{low} to {high}" if high < 10**9 else f"{low} and more"
        number = sum(
            images for count, images in numbers["boxes_per_image_counts"].items() if low <= int(count) <= high
        )
        if number:
            counts[name] = number
    return Bars("Objects per image", f"{numbers['boxes_per_image']:g} on average", list(_rows(counts)))


def _sizes(numbers: Numbers) -> Bars:
    seen = numbers.get("seen")
    if not seen:
        return Bars("Sizes of boxes", "as stored; COCO's classes of area", list(_rows(numbers["box_sizes"])))
    size = seen["input"]
    where = f"at {size[1]} x {size[0]}" if size else "as the resizer leaves them"
    return Bars("Sizes of boxes", f"{where}; COCO's classes of area", list(_rows(seen["box_sizes"])))


def _shapes(numbers: Numbers) -> Bars:
    return Bars("Shapes of boxes", "width / height, as stored", list(_rows(numbers["box_shapes"])))


def _images(numbers: Numbers) -> Bars:
    rows = [
        (f"{end} {side}", float(numbers[side][end]), f"{numbers[side][end]:,}")
        for side in ("width", "height")
        if numbers[side]
        for end in ("min", "median", "max")
    ]
    return Bars("Sizes of images", "pixels, as stored", rows)


def _anchors(anchors: Mapping[str, Any]) -> Bars:
    rows = []
    for name, count in anchors["reached_by_size"].items():
        share = count["reached"] / count["boxes"] if count["boxes"] else 0.0
        rows.append((name, share, f"{count['reached']:,} of {count['boxes']:,}"))
    note = f"overlap of at least {anchors['threshold']:g} with an anchor of the same centre"
    return Bars("Boxes that anchors reach", note, rows)
