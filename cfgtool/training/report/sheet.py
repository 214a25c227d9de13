"""Training examples on one sheet: a title, the pictures with their captions, the colours of the classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from PIL import Image, ImageDraw

from cfgtool.matching.report import printable
from cfgtool.training.report.points import draw_points
from cfgtool.training.report.samples import Sample
from cfgtool.training.run.colours import class_colour
from cfgtool.training.run.drawing import Boxes, draw_boxes
from cfgtool.training.run.fonts import Font, fitted, text_font

_MARGIN = 20
_GAP = 16
_SIDE = 480
"""Pixels of the longer side of a picture."""
_MOST_COLUMNS = 4
_INK, _SOFT = "#1a1f26", "#566070"
_HEADINGS = ("as stored", "as the network gets it")


def draw_sheet(
    samples: Sequence[Sample],
    names: Mapping[int, str],
    title: str,
    subtitle: str,
    *,
    original: bool = False,
    anchors: bool = False,
) -> Image.Image:
    """The samples in a grid; with `original` each beside its stored image, with `anchors` the positive ones."""
    cells = [_cell(sample, names, original, anchors) for sample in samples]
    columns = _columns(len(cells), original)
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    width = max(cell.width for cell in cells)
    whole = 2 * _MARGIN + columns * width + (columns - 1) * _GAP
    legend = _legend(samples, names, whole - 2 * _MARGIN)
    top = _MARGIN + 62
    heights = [max(cell.height for cell in row) for row in rows]
    bottom = top + sum(heights) + _GAP * len(rows)
    sheet = Image.new("RGB", (whole, bottom + legend.height + _MARGIN), "white")
    canvas = ImageDraw.Draw(sheet)
    large, small = text_font(22, bold=True), text_font(15)
    canvas.text((_MARGIN, _MARGIN), fitted(title, whole - 2 * _MARGIN, large), fill=_INK, font=large)
    canvas.text((_MARGIN, _MARGIN + 32), fitted(subtitle, whole - 2 * _MARGIN, small), fill=_SOFT, font=small)
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            sheet.paste(cell, (_MARGIN + column * (width + _GAP), top))
        top += height + _GAP
    sheet.paste(legend, (_MARGIN, bottom))
    return sheet


def lines(sample: Sample, names: Mapping[int, str], *, boxes: bool = False) -> Iterator[str]:
    """What there is to say of a sample: its sizes, how many of its boxes are left, how many anchors they have.

    With `boxes` a line for each box: class, size in pixels of the network's input, similarity to its best anchor.
    """
    height, width, _ = sample.fed.shape
    inner = "" if sample.true_size == (height, width) else f" (image {_size(*sample.true_size)})"
    stored = _size(*sample.stored.shape[:2])
    yield f"{_named(sample)}: stored {stored}, fed {_size(height, width)}{inner}, {_counts(sample)}"
    if not boxes or sample.matches is None:
        return
    for index, (box, number) in enumerate(zip(sample.fed_boxes.boxes, sample.fed_boxes.classes, strict=True)):
        sides = (box[2:] - box[:2]) * (height, width)
        anchors = int((sample.matches.owners == index).sum())
        weight = "" if sample.weights[index] == 1 else f", weight {sample.weights[index]:g}"
        name = printable(names.get(int(number), f"class {number}"))
        yield (
            f"  {name} {sides[1]:.0f} x {sides[0]:.0f}: {_anchors(anchors)},"
            f" best similarity {sample.matches.best[index]:.2f}{weight}"
        )


def _cell(sample: Sample, names: Mapping[int, str], original: bool, anchors: bool) -> Image.Image:
    """The pictures of a sample with what they are above and what is to be said below."""
    fed_boxes = sample.fed_boxes if anchors else _without_anchors(sample.fed_boxes)
    fed = draw_boxes(sample.fed, fed_boxes, names, longer_side=_SIDE)
    pictures = [draw_points(fed, fed_boxes.keypoints, sample.fed_surface)]
    if original:
        stored = draw_boxes(sample.stored, sample.stored_boxes, names, longer_side=_SIDE)
        pictures.insert(0, draw_points(stored, sample.stored_boxes.keypoints, sample.stored_surface))
    font = text_font(14)
    headings = _HEADINGS if original else ()
    top = 22 if original else 0
    width = sum(picture.width for picture in pictures) + 6 * (len(pictures) - 1)
    captions = _captions(sample, width, font)
    height = top + max(picture.height for picture in pictures) + 20 * len(captions) + 6
    cell = Image.new("RGB", (width, height), "white")
    canvas = ImageDraw.Draw(cell)
    left = 0
    for number, picture in enumerate(pictures):
        if headings:
            canvas.text((left, 0), headings[number], fill=_SOFT, font=font)
        cell.paste(picture, (left, top))
        left += picture.width + 6
    place = top + max(picture.height for picture in pictures) + 5
    for caption in captions:
        canvas.text((0, place), caption, fill=_INK, font=font)
        place += 20
    return cell


def _captions(sample: Sample, width: int, font: Font) -> list[str]:
    """Name and counts on one line, or on two where they are too long for it."""
    joined = f"{_named(sample)}: {_counts(sample)}"
    return (
        [joined]
        if font.getlength(joined) <= width
        else [fitted(part, width, font) for part in (_named(sample), _counts(sample))]
    )


def _legend(samples: Sequence[Sample], names: Mapping[int, str], width: int) -> Image.Image:
    """The classes that occur, with their colours, in rows."""
    numbers = sorted(
        {
            int(number)
            for sample in samples
            for number in (*sample.fed_boxes.classes, *sample.stored_boxes.classes)
        }
    )
    font = text_font(15)
    places: list[tuple[int, int, int, str]] = []
    left, row = 0, 0
    for number in numbers:
        name = fitted(names.get(number, f"class {number}"), width - 40, font)
        room = 24 + math.ceil(font.getlength(name)) + 20
        if left and left + room > width:
            left, row = 0, row + 1
        places.append((left, row * 24, number, name))
        left += room
    legend = Image.new("RGB", (width, 24 * (row + 1) if numbers else 1), "white")
    canvas = ImageDraw.Draw(legend)
    for x, y, number, name in places:
        canvas.rectangle((x, y + 3, x + 16, y + 19), fill=class_colour(number))
        canvas.text((x + 24, y + 11), name, fill=_INK, font=font, anchor="lm")
    return legend


def _columns(count: int, original: bool) -> int:
    """How many cells stand side by side; pairs are twice as wide."""
    most = _MOST_COLUMNS // 2 if original else _MOST_COLUMNS
    return min(most, math.ceil(math.sqrt(count / (2 if original else 1))))


def _without_anchors(boxes: Boxes) -> Boxes:
    return Boxes(boxes.boxes, boxes.classes, boxes.scores, boxes.masks, boxes.keypoints, boxes.visible)


def _named(sample: Sample) -> str:
    return f"example {sample.element}" + (f", {printable(sample.source_id)}" if sample.source_id else "")


def _counts(sample: Sample) -> str:
    """How many boxes and anchors a sample has."""
    kept, stored = len(sample.fed_boxes.boxes), len(sample.stored_boxes.boxes)
    dropped = f", {stored - kept} dropped" if kept < stored else ""
    counts = f"{kept} {'box' if kept == 1 else 'boxes'}{dropped}"
    if sample.matches is None:
        return counts
    ignored = f", {sample.matches.ignored} ignored" if sample.matches.ignored else ""
    return f"{counts}, {_anchors(len(sample.matches.anchors))} matched{ignored}"


def _anchors(count: int) -> str:
    return f"{count} {'anchor' if count == 1 else 'anchors'}"


def _size(height: int, width: int) -> str:
    return f"{width} x {height}"
