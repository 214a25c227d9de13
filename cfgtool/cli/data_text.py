"""The numbers of data sets as text, and as drawings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cfgtool.cli.output import write
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Numbers = dict[str, Any]

_MOST_CLASSES = 100
_APART = (
    "source",
    "boxes_per_image_counts",
    "boxes_by_class_id",
    "boxes_by_class_text",
    "boxes_by_class",
    "classes",
    "seen",
    "anchors",
)


def print_numbers(result: Numbers) -> None:
    """One set: a line for each number, a table of the classes, and what a config makes of the boxes."""
    _say(f"{result['source']}:")
    for name, value in result.items():
        if name in _APART:
            continue
        title = name.replace("_", " ")
        if isinstance(value, dict):
            _say(f"  {title}: " + ", ".join(f"{key} {count}" for key, count in value.items()))
        else:
            _say(f"  {title}: {value}")
    if seen := result.get("seen"):
        size = seen["input"]
        where = f"at {size[1]} x {size[0]}" if size else "as the resizer leaves them"
        counts = ", ".join(f"{key} {count}" for key, count in seen["box_sizes"].items())
        _say(f"  box sizes {where}: {counts}{_of_all(result, seen['boxes'])}")
    if anchors := result.get("anchors"):
        _say(
            f"  boxes that overlap an anchor of the same centre by {anchors['threshold']:g}:"
            f" {anchors['reached']} of {anchors['boxes']} ({100 * anchors['share']:.1f} %)"
        )
    _print_classes(result["classes"])


def _print_classes(classes: list[Numbers]) -> None:
    if not classes:
        return
    shown = classes[:_MOST_CLASSES]
    _say(f"  {'objects':>9}  {'images':>8}  {'share':>7}  {'id':>5}  class")
    for one in shown:
        id_ = "" if one["id"] is None else one["id"]
        share = 100 * one["share"]
        _say(f"  {one['objects']:>9}  {one['images']:>8}  {share:>5.1f} %  {id_:>5}  {one['name']}")
    if len(classes) > len(shown):
        _say(f"  ... {len(classes) - len(shown)} more classes; --format json lists all")


def _say(line: str) -> None:
    write(f"{line}\n", sys.stdout)


def _of_all(result: Numbers, looked_at: int) -> str:
    return f" (of {looked_at} of {result['boxes']} boxes)" if looked_at < result["boxes"] else ""


def drawn(path: Path, force: bool) -> Callable[[list[Numbers], str], None]:
    """What draws numbers into the file, as its ending says.

    Raises UserError for another ending, and as `check_drawing` does, before anything is read.
    """
    from cfgtool.cli.drawing import check_drawing
    from cfgtool.cli.output import refuse_to_replace

    if path.suffix.lower() == ".html":
        if not path.parent.is_dir():
            raise UserError("there is no such folder", path=str(path.parent))
        refuse_to_replace(str(path), force)
    elif path.suffix.lower() in (".png", ".svg"):
        check_drawing(path, force)
    else:
        raise UserError(f"{path.name!r} is no .png, .svg or .html", path=str(path))

    def draw(results: list[Numbers], name: str) -> None:
        from cfgtool.training.report.data_charts import data_page, draw_data

        if path.suffix.lower() == ".html":
            from cfgtool.files import atomic_write

            atomic_write(str(path), data_page(results, name).encode())
            print(f"drawn in {path}", file=sys.stderr)
        else:
            from cfgtool.cli.drawing import write_drawing

            write_drawing(draw_data(results), path)

    return draw
