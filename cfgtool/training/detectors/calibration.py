"""Score calibration, as `post_processing.calibration_config` says; scores are [..., slots]."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

Curve = Callable[[Tensor], Tensor]


def temperature(config: Config) -> float:
    """What the logits are divided by before they become scores; 1 without a `temperature_scaling_calibration`."""
    if config.which("calibrator") != "temperature_scaling_calibration":
        return 1.0
    scaling = config.message("temperature_scaling_calibration")
    scaler = scaling.number("scaler")
    if scaler <= 0.0:
        raise UserError(f"'{scaling.path}.scaler' is '{scaler:g}'", hint="it must be positive")
    return scaler


def build_calibration(config: Config, slots: int, first_id: int) -> Curve:
    """The map from scores [..., slots] to calibrated scores that a `PostProcessing` message describes.

    `first_id` is the label map's id of slot 0; 0 for the background. Raises UserError for curves that cannot be,
    and for ids that no slot has.
    """
    if not config.has("calibration_config"):
        return tf.identity
    config = config.message("calibration_config")
    match config.which("calibrator"):
        case None:
            raise UserError(
                f"'{config.path}' chooses no calibration", hint="drop it, or write function_approximation { }"
            )
        case "function_approximation":
            return _curve(config.message("function_approximation").message("x_y_pairs"))
        case "sigmoid_calibration":
            return _logistic(config.message("sigmoid_calibration").message("sigmoid_parameters"))
        case "class_id_function_approximations":
            kind, name, build = "class_id_function_approximations", "class_id_xy_pairs_map", _curve
        case "class_id_sigmoid_calibrations":
            kind, name, build = "class_id_sigmoid_calibrations", "class_id_sigmoid_parameters_map", _logistic
        case _:
            return tf.identity
    entries = {entry.integer("key"): entry for entry in config.message(kind).messages(name)}
    for key, entry in entries.items():
        if not first_id <= key < first_id + slots:
            raise UserError(
                f"'{entry.path}.key' is '{key}', which no class score has",
                hint=f"the ids are {first_id} to {first_id + slots - 1}",
            )
    return _by_slot({key - first_id: build(entry.message("value")) for key, entry in entries.items()})


def _by_slot(curves: Mapping[int, Curve]) -> Curve:
    """Each slot by its own curve; slots without one stay as they are."""

    def calibrate(scores: Tensor) -> Tensor:
        columns = tf.unstack(scores, axis=-1)
        kept: Curve = tf.identity
        return tf.stack([curves.get(slot, kept)(column) for slot, column in enumerate(columns)], axis=-1)

    return calibrate


def _logistic(config: Config) -> Curve:
    """Platt scaling, 1 / (1 + exp(a x score + b)) (Platt 1999)."""
    slope, offset = config.number("a"), config.number("b")
    return lambda scores: tf.sigmoid(-(slope * scores + offset))


def _curve(config: Config) -> Curve:
    """The piecewise linear curve of an `XYPairs` message, constant outside of its points."""
    points = config.messages("x_y_pair")
    if not points:
        raise UserError(f"'{config.path}.x_y_pair' is missing: a curve needs points")
    x = [point.number("x") for point in points]
    for before, point in itertools.pairwise(points):
        if point.number("x") <= before.number("x"):
            raise UserError(
                f"'{point.path}.x' is '{point.number('x'):g}', not above the one before",
                hint="sort the points by x",
            )
    return _interpolation(x, [point.number("y") for point in points])


def _interpolation(x: Sequence[float], y: Sequence[float]) -> Curve:
    # A point more on either side makes every value lie between two points.
    xs = tf.constant([x[0] - 1.0, *x, x[-1] + 1.0], tf.float32)
    ys = tf.constant([y[0], *y, y[-1]], tf.float32)

    def calibrate(scores: Tensor) -> Tensor:
        values = tf.clip_by_value(scores, xs[0], xs[-1])
        flat = tf.reshape(values, [-1])
        right = tf.clip_by_value(tf.searchsorted(xs, flat, side="right"), 1, len(x) + 1)
        left_x, left_y = tf.gather(xs, right - 1), tf.gather(ys, right - 1)
        share = (flat - left_x) / (tf.gather(xs, right) - left_x)
        return tf.reshape(left_y + share * (tf.gather(ys, right) - left_y), tf.shape(scores))

    return calibrate
