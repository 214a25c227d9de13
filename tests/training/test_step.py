"""The training step on a detector of two weights, whose losses and gradients are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.run.loop import TOTAL_LOSS
from cfgtool.training.run.loss_scale import GROWS_AFTER, START, LossScale
from cfgtool.training.run.optimizers import Momentum
from cfgtool.training.run.step import StepSettings, make_step, step_settings


class Line:
    """`kernel x + bias` against `target`: the loss is half the mean squared error; x is fed as "image"."""

    def __init__(self) -> None:
        self.trainable_by_name = {"line/kernel": tf.Variable(2.0), "line/bias": tf.Variable(1.0)}
        self.seeds: list[int] = []

    def losses(
        self, batch: dict[str, tf.Tensor], training: bool, step: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        assert training
        assert step is not None
        tf.py_function(lambda number: self.seeds.append(int(number)), [step], [])
        kernel, bias = self.trainable_by_name.values()
        error = kernel * batch["image"] + bias - batch["target"]
        return {"error": 0.5 * tf.reduce_mean(tf.square(error))}

    def regularization(self) -> tf.Tensor:
        return 0.5 * tf.square(self.trainable_by_name["line/kernel"])


BATCH = {"image": tf.constant([1.0, 2.0, 3.0, -1.0]), "target": tf.constant([0.0, 1.0, 5.0, 2.0])}


def one_step(
    settings: StepSettings, batch: dict[str, tf.Tensor] = BATCH, scale: LossScale | None = None
) -> tuple[Line, dict[str, Any], tf.Variable]:
    line = Line()
    step = tf.Variable(0, dtype=tf.int64)
    optimizer = Momentum(line.trainable_by_name, 0.0)
    values = make_step(line, optimizer, lambda step: tf.constant(0.1), step, settings, scale)(batch)
    return line, {name: float(value) for name, value in values.items()}, step


def moved(line: Line) -> np.ndarray:
    """By how much a step of rate 0.1 moved kernel and bias, as the gradients that it followed."""
    kernel, bias = (float(v) for v in line.trainable_by_name.values())
    return np.array([2.0 - kernel, 1.0 - bias]) / 0.1


ERRORS = 2.0 * BATCH["image"].numpy() + 1.0 - BATCH["target"].numpy()
SLOPES = np.array([np.mean(ERRORS * BATCH["image"].numpy()) + 2.0, np.mean(ERRORS)])


def test_losses_and_gradients() -> None:
    line, values, step = one_step(StepSettings())
    np.testing.assert_allclose(moved(line), SLOPES, rtol=1e-5)
    assert values["Loss/error"] == pytest.approx(np.mean(ERRORS**2) / 2)
    assert values["Loss/regularization_loss"] == pytest.approx(2.0)
    assert values[TOTAL_LOSS] == pytest.approx(np.mean(ERRORS**2) / 2 + 2.0)
    assert values["gradient_norm"] == pytest.approx(np.linalg.norm(SLOPES))
    assert int(step) == 1


def test_without_the_penalty() -> None:
    line, values, _ = one_step(StepSettings(regularize=False))
    assert "Loss/regularization_loss" not in values
    np.testing.assert_allclose(moved(line), SLOPES - [2.0, 0.0], rtol=1e-5)


def test_clipping_acts_on_the_weighed_gradients() -> None:
    line, values, _ = one_step(StepSettings(clip_norm=1.0, bias_factor=3.0))
    weighed = SLOPES * [1.0, 3.0]
    assert values["gradient_norm"] == pytest.approx(np.linalg.norm(weighed))
    np.testing.assert_allclose(moved(line), weighed / np.linalg.norm(weighed), rtol=1e-5)


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_of_a_batch_make_the_same_update(parts: int) -> None:
    whole, whole_values, _ = one_step(StepSettings(clip_norm=1.0))
    line, values, step = one_step(StepSettings(clip_norm=1.0, accumulate=parts))
    np.testing.assert_allclose(moved(line), moved(whole), rtol=1e-5)
    assert values == pytest.approx(whole_values, rel=1e-5)
    assert int(step) == 1
    assert line.seeds == list(range(parts))


def test_sums_start_anew_with_every_step() -> None:
    line = Line()
    step = tf.Variable(0, dtype=tf.int64)
    optimizer = Momentum(line.trainable_by_name, 0.0)
    settings = StepSettings(accumulate=2)
    step_fn = make_step(line, optimizer, lambda step: tf.constant(0.0), step, settings)
    first, second = (float(step_fn(BATCH)["gradient_norm"]) for _ in range(2))
    assert first == second
    assert line.seeds == [0, 1, 2, 3]


def test_an_overflow_changes_nothing_but_the_scale() -> None:
    huge = {name: value * 1e19 for name, value in BATCH.items()}
    scale = LossScale()
    line, values, step = one_step(StepSettings(), huge, scale)
    assert not np.isfinite(values["gradient_norm"])
    np.testing.assert_array_equal(moved(line), [0.0, 0.0])
    assert float(scale.factor) == START / 2
    assert int(step) == 1


def test_the_scale_leaves_the_update_as_it_is_and_grows() -> None:
    scale = LossScale()
    scale.finite_steps.assign(GROWS_AFTER - 2)
    line, values, _ = one_step(StepSettings(), scale=scale)
    np.testing.assert_allclose(moved(line), SLOPES, rtol=1e-5)
    assert values[TOTAL_LOSS] == pytest.approx(np.mean(ERRORS**2) / 2 + 2.0)
    assert (float(scale.factor), int(scale.finite_steps)) == (START, GROWS_AFTER - 1)
    scale.update(tf.constant(True))
    assert (float(scale.factor), int(scale.finite_steps)) == (2 * START, 0)


def test_settings_of_a_config() -> None:
    text = "gradient_clipping_by_norm: 10 bias_grad_multiplier: 2 add_regularization_loss: false"
    config = read_config(parse(text), "TrainConfig")
    assert step_settings(config, accumulate=3) == StepSettings(10.0, False, 2.0, 3)
    assert step_settings(read_config(parse(""), "TrainConfig")) == StepSettings()
