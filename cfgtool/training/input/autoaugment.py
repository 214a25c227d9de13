"""`autoaugment_image`: the learned policies of Zoph et al. 2019, "Learning Data Augmentation Strategies for Object
Detection" (arXiv:1906.11172), by the names that the OD API gives them.

A policy is a list of sub-policies, of which each image gets one at random: operations in order, each with a
probability and a level from 0 to 10.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config
from cfgtool.training.input import autoaugment_colours as colours
from cfgtool.training.input import autoaugment_moves as moves
from cfgtool.training.input.autoaugment_moves import Chances
from cfgtool.training.input.colour import on_colours
from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import IMAGE, Example, Step, with_image

Operation = Callable[[Example, Tensor, Chances, Tensor], Example]
"""(example with a uint8 image, level, draws, probability) -> example. Operations on boxes use the probability
themselves, for each box; the others are done or not done as a whole.
"""
_SHEAR, _TURN, _TRANSLATE, _TRANSLATE_IN_BOX = 0.3, 30.0, 250.0, 120.0
_CUTOUT, _CUTOUT_IN_BOX, _BBOX_CUTOUT = 100.0, 50.0, 0.75


def _recolour(change: Callable[[Tensor, Tensor], Tensor]) -> Operation:
    def operate(example: Example, level: Tensor, chance: Chances, probability: Tensor) -> Example:  # noqa: ARG001
        return with_image(example, on_colours(example[IMAGE], lambda image: change(image, level)))

    return operate


def _whole(operate: Callable[[Example, Tensor, Chances], Example]) -> Operation:
    return lambda example, level, chance, probability: operate(example, level, chance)


def _recolour_boxes(change: Callable[[Tensor, Tensor], Tensor]) -> Operation:
    def content(content: Example, value: Tensor, y: Tensor, x: Tensor) -> Example:  # noqa: ARG001
        level = tf.abs(value)
        return with_image(content, on_colours(content[IMAGE], lambda image: change(image, level)))

    return moves.in_boxes(content, colours.MOST)


WHOLE: dict[str, Operation] = {
    "AutoContrast": _recolour(colours.autocontrast),
    "Equalize": _recolour(colours.equalize),
    "Posterize": _recolour(colours.posterize),
    "Solarize": _recolour(colours.solarize),
    "SolarizeAdd": _recolour(colours.solarize_add),
    "Color": _recolour(colours.color),
    "Contrast": _recolour(colours.contrast),
    "Brightness": _recolour(colours.brightness),
    "Sharpness": _recolour(colours.sharpness),
    "Cutout": _whole(moves.cutout(_CUTOUT)),
    "BBox_Cutout": _whole(moves.bbox_cutout(_BBOX_CUTOUT)),
    "Rotate_BBox": _whole(moves.move_all(moves.turn, _TURN)),
    "TranslateX_BBox": _whole(moves.move_all(moves.translate_x, _TRANSLATE)),
    "TranslateY_BBox": _whole(moves.move_all(moves.translate_y, _TRANSLATE)),
    "ShearX_BBox": _whole(moves.move_all(moves.shear_x, _SHEAR)),
    "ShearY_BBox": _whole(moves.move_all(moves.shear_y, _SHEAR)),
}
IN_BOXES: dict[str, Operation] = {
    "ShearX_Only_BBoxes": moves.in_boxes(moves.moved_in_box(moves.shear_x), _SHEAR),
    "ShearY_Only_BBoxes": moves.in_boxes(moves.moved_in_box(moves.shear_y), _SHEAR),
    "TranslateY_Only_BBoxes": moves.in_boxes(moves.moved_in_box(moves.translate_y), _TRANSLATE_IN_BOX),
    "Flip_Only_BBoxes": moves.in_boxes(moves.moved_in_box(moves.mirror), 0.0),
    "Equalize_Only_BBoxes": _recolour_boxes(colours.equalize),
    "Cutout_Only_BBoxes": moves.in_boxes(moves.cutout_in_box, _CUTOUT_IN_BOX),
}
OPERATIONS = WHOLE | IN_BOXES

POLICIES: dict[str, str] = {
    "v0": """
        TranslateX_BBox 0.6 4, Equalize 0.8 10
        TranslateY_Only_BBoxes 0.2 2, Cutout 0.8 8
        Sharpness 0.0 8, ShearX_BBox 0.4 0
        ShearY_BBox 1.0 2, TranslateY_Only_BBoxes 0.6 6
        Rotate_BBox 0.6 10, Color 1.0 6
    """,
    "v1": """
        TranslateX_BBox 0.6 4, Equalize 0.8 10
        TranslateY_Only_BBoxes 0.2 2, Cutout 0.8 8
        Sharpness 0.0 8, ShearX_BBox 0.4 0
        ShearY_BBox 1.0 2, TranslateY_Only_BBoxes 0.6 6
        Rotate_BBox 0.6 10, Color 1.0 6
        Color 0.0 0, ShearX_Only_BBoxes 0.8 4
        ShearY_Only_BBoxes 0.8 2, Flip_Only_BBoxes 0.0 10
        Equalize 0.6 10, TranslateX_BBox 0.2 2
        Color 1.0 10, TranslateY_Only_BBoxes 0.4 6
        Rotate_BBox 0.8 10, Contrast 0.0 10
        Cutout 0.2 2, Brightness 0.8 10
        Color 1.0 6, Equalize 1.0 2
        Cutout_Only_BBoxes 0.4 6, TranslateY_Only_BBoxes 0.8 2
        Color 0.2 8, Rotate_BBox 0.8 10
        Sharpness 0.4 4, TranslateY_Only_BBoxes 0.0 4
        Sharpness 1.0 4, SolarizeAdd 0.4 4
        Rotate_BBox 1.0 8, Sharpness 0.2 8
        ShearY_BBox 0.6 10, Equalize_Only_BBoxes 0.6 8
        ShearX_BBox 0.2 6, TranslateY_Only_BBoxes 0.2 10
        SolarizeAdd 0.6 8, Brightness 0.8 10
    """,
    "v2": """
        Color 0.0 6, Cutout 0.6 8, Sharpness 0.4 8
        Rotate_BBox 0.4 8, Sharpness 0.4 2, Rotate_BBox 0.8 10
        TranslateY_BBox 1.0 8, AutoContrast 0.8 2
        AutoContrast 0.4 6, ShearX_BBox 0.8 8, Brightness 0.0 10
        SolarizeAdd 0.2 6, Contrast 0.0 10, AutoContrast 0.6 0
        Cutout 0.2 0, Solarize 0.8 8, Color 1.0 4
        TranslateY_BBox 0.0 4, Equalize 0.6 8, Solarize 0.0 10
        TranslateY_BBox 0.2 2, ShearY_BBox 0.8 8, Rotate_BBox 0.8 8
        Cutout 0.8 8, Brightness 0.8 8, Cutout 0.2 2
        Color 0.8 4, TranslateY_BBox 1.0 6, Rotate_BBox 0.6 6
        Rotate_BBox 0.6 10, BBox_Cutout 1.0 4, Cutout 0.2 8
        Rotate_BBox 0.0 0, Equalize 0.6 6, ShearY_BBox 0.6 8
        Brightness 0.8 8, AutoContrast 0.4 2, Brightness 0.2 2
        TranslateY_BBox 0.4 8, Solarize 0.4 6, SolarizeAdd 0.2 10
        Contrast 1.0 10, SolarizeAdd 0.2 8, Equalize 0.2 4
    """,
    "v3": """
        Posterize 0.8 2, TranslateX_BBox 1.0 8
        BBox_Cutout 0.2 10, Sharpness 1.0 8
        Rotate_BBox 0.6 8, Rotate_BBox 0.8 10
        Equalize 0.8 10, AutoContrast 0.2 10
        SolarizeAdd 0.2 2, TranslateY_BBox 0.2 8
        Sharpness 0.0 2, Color 0.4 8
        Equalize 1.0 8, TranslateY_BBox 1.0 8
        Posterize 0.6 2, Rotate_BBox 0.0 10
        AutoContrast 0.6 0, Rotate_BBox 1.0 6
        Equalize 0.0 4, Cutout 0.8 10
        Brightness 1.0 2, TranslateY_BBox 1.0 6
        Contrast 0.0 2, ShearY_BBox 0.8 0
        AutoContrast 0.8 10, Contrast 0.2 10
        Rotate_BBox 1.0 10, Cutout 1.0 10
        SolarizeAdd 0.8 6, Equalize 0.8 8
    """,
}
"""Name -> a sub-policy a line, in the OD API's names of operations: operation, probability, level."""

_PASS = "pass"


def policy(name: str) -> list[list[tuple[str, float, float]]]:
    """The sub-policies of a policy: operation, probability, level."""
    result = []
    for line in POLICIES[name].strip().splitlines():
        parts = [entry.split() for entry in line.split(",")]
        result.append([(operation, float(chance), float(level)) for operation, chance, level in parts])
    return result


def autoaugment_image(config: Config) -> Step:
    """One sub-policy of the policy, each as likely as the others."""
    choices = policy(config.text("policy_name"))
    longest = max(len(choice) for choice in choices)
    padded = [choice + [(_PASS, 0.0, 0.0)] * (longest - len(choice)) for choice in choices]

    def step(example: Example, draws: Draws) -> Example:
        index = draws.integer(0, len(choices))
        pixels = tf.clip_by_value(tf.cast(example[IMAGE], tf.float32), 0.0, 255.0)
        example = with_image(example, tf.cast(pixels, tf.uint8))
        for number in range(longest):
            example = _one_of([choice[number] for choice in padded], index, example, draws)
        return example

    return step


def _one_of(
    entries: list[tuple[str, float, float]], index: Tensor, example: Example, draws: Draws
) -> Example:
    """The operation of entry number `index`, done with its probability.

    Each operation is one branch, its level and probability are looked up: so few branches are traced.
    """
    chance = moves.chances(example, draws)
    applies = draws.uniform(0.0, 1.0)
    level = tf.gather([level for _, _, level in entries], index)
    probability = tf.gather([probability for _, probability, _ in entries], index)
    names = [name for name in dict.fromkeys(name for name, _, _ in entries) if name != _PASS]
    branches: list[Callable[[], Example]] = [lambda: example]
    branches += [partial(OPERATIONS[name], example, level, chance, probability) for name in names]
    own = tf.constant([name in IN_BOXES for name, _, _ in entries])
    places = tf.constant([names.index(name) + 1 if name != _PASS else 0 for name, _, _ in entries])
    wanted = tf.gather(own, index) | (applies < probability)
    result: Example = tf.switch_case(tf.where(wanted, tf.gather(places, index), 0), branches)
    result[IMAGE].set_shape([None, None, example[IMAGE].shape[-1]])
    return result
