"""Objects on pictures: everything is visible, labels stay inside, colours tell classes apart."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageColor

from cfgtool.training.run.colours import class_colour, object_colour
from cfgtool.training.run.drawing import Boxes, draw_boxes, side_by_side
from cfgtool.training.run.fonts import fitted, text_font

NAMES = {1: "cat", 2: "a name that is longer than any picture could ever be wide, and longer still", 3: "dog"}


def boxes(rows: list[list[float]], classes: list[int] | None = None, **more: np.ndarray) -> Boxes:
    chosen = [1] * len(rows) if classes is None else classes
    return Boxes(np.array(rows, np.float32).reshape(-1, 4), np.array(chosen, np.int64), **more)


def black(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def pixels(image: Image.Image, number: int) -> int:
    """How many pixels have exactly the colour of a class."""
    return int((np.asarray(image) == ImageColor.getrgb(class_colour(number))).all(-1).sum())


def test_small_pictures_are_enlarged_and_large_ones_stay() -> None:
    nothing = boxes([])
    assert draw_boxes(black(64, 64), nothing, NAMES).size == (320, 320)
    assert draw_boxes(black(400, 600), nothing, NAMES).size == (600, 400)
    assert draw_boxes(black(20, 2000), nothing, NAMES).size == (2000, 20)
    assert draw_boxes(black(400, 600), nothing, NAMES, longer_side=300).size == (300, 200)


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.0, 0.9), (0.9, 0.0), (0.9, 0.9), (0.45, 0.95), (0.0, 0.45)])
@pytest.mark.parametrize("number", [1, 2])
def test_labels_do_not_run_out_of_the_picture(place: tuple[float, float], number: int) -> None:
    size = (400, 500)
    y, x = place
    middle = draw_boxes(black(*size), boxes([[0.4, 0.4, 0.5, 0.5]], [number]), NAMES)
    edge = draw_boxes(black(*size), boxes([[y, x, y + 0.1, x + 0.1]], [number]), NAMES)
    # The label of a box at the edge has as much of its ground as one in the middle; it may lie on the frame.
    assert pixels(edge, number) > 0.85 * pixels(middle, number)


def test_tiny_huge_and_empty_boxes_can_be_seen() -> None:
    for row in ([0.5, 0.5, 0.5, 0.5], [-3.0, -2.0, 4.0, 5.0], [0.999, 0.999, 1.0, 1.0], [1.2, 1.2, 1.4, 1.4]):
        assert pixels(draw_boxes(black(320, 320), boxes([row]), {1: ""}), 1) > 15, row


def test_labels_of_neighbours_keep_apart() -> None:
    """Four boxes of the same corner: each label finds a place of its own."""
    rows = [[0.4, 0.4, 0.6, 0.6]] * 4
    apart = draw_boxes(
        black(320, 320), boxes(rows, [1, 3, 4, 5]), {1: "one", 3: "two", 4: "three", 5: "four"}
    )
    for number, name in ((1, "one"), (3, "two"), (4, "three"), (5, "four")):
        alone = draw_boxes(black(320, 320), boxes([rows[0]], [number]), {number: name})
        frame = pixels(draw_boxes(black(320, 320), boxes([rows[0]], [number]), {number: ""}), number)
        assert pixels(apart, number) > 0.7 * (pixels(alone, number) - frame), name


def test_only_good_scores_are_drawn() -> None:
    rows = [[0.1, 0.1, 0.3, 0.3], [0.6, 0.6, 0.8, 0.8]]
    image = draw_boxes(black(320, 320), boxes(rows, [1, 3], scores=np.array([0.9, 0.2], np.float32)), NAMES)
    assert pixels(image, 1) > 0
    assert pixels(image, 3) == 0


def test_masks_tint_their_objects() -> None:
    mask = np.zeros((1, 320, 320), np.uint8)
    mask[0, 100:200, 100:200] = 1
    grey = np.full((320, 320, 3), 100, np.uint8)
    image = np.asarray(draw_boxes(grey, boxes([[0.2, 0.2, 0.8, 0.8]], masks=mask), {1: ""}))
    assert not (image[150, 150] == 100).all()
    assert (image[80, 150] == 100).all()


def test_keypoints_are_drawn_where_they_are() -> None:
    points = np.array([[[0.25, 0.5], [np.nan, np.nan], [0.75, 0.5]]], np.float32)
    seen = np.array([[True, True, False]])
    image = draw_boxes(
        black(320, 320), boxes([[0.1, 0.1, 0.9, 0.9]], [4], keypoints=points, visible=seen), {4: ""}
    )
    shown = np.asarray(image)
    assert tuple(shown[80, 160]) == ImageColor.getrgb(class_colour(1))
    assert tuple(shown[240, 160]) == (0, 0, 0)  # a ring: hidden in the picture
    assert pixels(image, 3) > 0
    assert pixels(image, 2) == 0


def test_anchors_have_the_colour_of_their_box() -> None:
    anchors = np.array([[0.5, 0.5, 0.9, 0.9]], np.float32)
    plain = draw_boxes(black(320, 320), boxes([[0.1, 0.1, 0.3, 0.3]], [3]), {3: ""})
    more = draw_boxes(
        black(320, 320),
        boxes([[0.1, 0.1, 0.3, 0.3]], [3], anchors=anchors, owners=np.array([0])),
        {3: ""},
    )
    red, green, blue = np.asarray(more)[160, 200]
    assert blue > red > 0
    assert green > 0
    assert tuple(np.asarray(plain)[160, 200]) == (0, 0, 0)


def test_many_classes_have_different_colours() -> None:
    assert len({class_colour(number) for number in range(1, 91)}) == 90


def test_a_thousand_boxes_are_drawn_in_time() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 0.9, (1000, 2))
    rows = np.concatenate([corner, corner + 0.1], 1)
    image = draw_boxes(black(320, 320), boxes(rows.tolist(), [1] * 1000), NAMES)
    assert image.size == (320, 320)


def test_fitted_text_fits() -> None:
    font = text_font(14)
    assert fitted("short", 200, font) == "short"
    cut = fitted(NAMES[2], 200, font)
    assert cut.endswith("…")
    assert font.getlength(cut) <= 200


def test_side_by_side_has_room_for_the_largest() -> None:
    sheet = side_by_side(
        [[Image.new("RGB", (10, 20)), Image.new("RGB", (30, 5))], [Image.new("RGB", (8, 8))]]
    )
    assert sheet.size == (2 * 36 + 6, 2 * 26 + 6)


def test_masks_have_an_outline() -> None:
    mask = np.zeros((1, 320, 320), np.uint8)
    mask[0, 100:200, 100:] = 1
    grey = np.full((320, 320, 3), 100, np.uint8)
    image = np.asarray(draw_boxes(grey, boxes([[0.1, 0.1, 0.8, 0.8]], masks=mask), {1: ""}))
    colour = ImageColor.getrgb(class_colour(1))
    assert tuple(image[150, 100]) == colour
    assert tuple(image[150, 319]) == colour, "along the edge of the picture too"
    assert tuple(image[150, 150]) not in (colour, (100, 100, 100))


def test_an_empty_mask_and_one_of_another_size() -> None:
    masks = np.zeros((2, 10, 10), np.uint8)
    masks[1, 5:, 5:] = 1
    rows = [[0.0, 0.0, 0.1, 0.1]] * 2
    image = np.asarray(draw_boxes(black(320, 320), boxes(rows, masks=masks), {1: ""}))
    assert image[250, 250].any()
    assert not image[100, 250].any()


def test_objects_of_a_class_are_told_apart() -> None:
    masks = np.zeros((3, 320, 320), np.uint8)
    for number in range(3):
        masks[number, 200:300, 100 * number : 100 * number + 90] = 1
    rows = [[0.0, 0.0, 0.1, 0.1]] * 3
    for by_object, count in ((True, 3), (False, 1)):
        drawn = Boxes(np.array(rows, np.float32), np.ones(3, np.int64), masks=masks, by_object=by_object)
        image = np.asarray(draw_boxes(black(320, 320), drawn, {1: ""}))
        assert len({tuple(image[250, 100 * number + 50]) for number in range(3)}) == count
    assert len({object_colour(1, rank) for rank in range(8)}) == 8


def test_lines_run_between_keypoints_that_are_there() -> None:
    points = np.array([[[0.25, 0.25], [0.25, 0.75], [np.nan, np.nan]]], np.float32)
    drawn = Boxes(
        np.array([[0.0, 0.0, 1.0, 1.0]], np.float32),
        np.array([4]),
        keypoints=points,
        edges=((0, 1), (1, 2), (0, 7)),
        by_object=True,
    )
    image = np.asarray(draw_boxes(black(320, 320), drawn, {4: ""}))
    assert tuple(image[80, 160]) == ImageColor.getrgb(class_colour(4))
    assert not image[160, 160].any()
