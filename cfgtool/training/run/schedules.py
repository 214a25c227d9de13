"""Learning-rate schedules: pure functions from the global step to a rate.

One definition per schedule serves two readers: plain Python numbers (plots, linting; no TensorFlow is
imported) and traced tensors (training). It is written against the few operations in `Maths`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

# A number: a Python float, or a scalar float32 tensor when the schedule is traced.
Number = Any


class Maths:
    """The operations of a schedule, on Python floats."""

    def where(self, condition: Any, yes: Number, no: Number) -> Number:
        """`yes` where the condition holds, else `no`; both are evaluated."""
        return yes if condition else no

    def floor(self, value: Number) -> Number:
        """The largest whole number that is not above the value."""
        return float(math.floor(value))

    def power(self, base: float, exponent: Number) -> Number:
        """`base` to the power of `exponent`."""
        return base**exponent

    def cos(self, value: Number) -> Number:
        """Cosine of an angle in radians."""
        return math.cos(value)

    def clip(self, value: Number, low: float, high: float) -> Number:
        """The value, brought into `low`..`high`."""
        return min(max(value, low), high)


class TensorMaths(Maths):
    """The same operations on float32 tensors."""

    def __init__(self) -> None:
        import tensorflow

        self._tf = tensorflow

    def where(self, condition: Any, yes: Number, no: Number) -> Number:
        return self._tf.where(condition, yes, no)

    def floor(self, value: Number) -> Number:
        return self._tf.floor(value)

    def power(self, base: float, exponent: Number) -> Number:
        return self._tf.pow(base, exponent)

    def cos(self, value: Number) -> Number:
        return self._tf.cos(value)

    def clip(self, value: Number, low: float, high: float) -> Number:
        return self._tf.clip_by_value(value, low, high)


Rate = Callable[[Number, Maths], Number]


class Schedule:
    """A learning rate as a function of the global step (the number of finished updates)."""

    __slots__ = ("_rate", "kind")

    def __init__(self, kind: str, rate: Rate) -> None:
        self.kind = kind
        self._rate = rate

    def __call__(self, step: int) -> float:
        """The rate at a step, as a Python float, without TensorFlow."""
        return float(self._rate(float(step), Maths()))

    def traced(self, step: Any) -> Any:
        """The rate at a step given as a scalar integer tensor, as a scalar float32 tensor.

        Steps are exact in float32 up to 16.7 million.
        """
        import tensorflow as tf

        return tf.convert_to_tensor(self._rate(tf.cast(step, tf.float32), TensorMaths()), tf.float32)


def build_schedule(config: Config) -> Schedule:
    """The schedule that a `LearningRate` message describes.

    Raises UserError for an empty message and for values that give no rate (`decay_steps: 0`, steps that do
    not increase, a cosine that ends before its warm-up).
    """
    kind = config.which("learning_rate")
    if kind is None:
        raise UserError(f"'{config.path}' chooses no schedule", hint=f"set one of {', '.join(_BUILDERS)}")
    return Schedule(kind, _BUILDERS[kind](config.message(kind)))


def constant(rate: float) -> Rate:
    """The same rate at every step."""
    # The product keeps a tensor a tensor.
    return lambda step, _: step * 0.0 + rate


def exponential(
    base: float,
    decay_steps: float,
    factor: float,
    *,
    staircase: bool = True,
    burnin_rate: float = 0.0,
    burnin_steps: float = 0,
    floor: float = 0.0,
) -> Rate:
    """`base x factor^((t - burnin_steps) / decay_steps)`, in whole powers if `staircase`, at least `floor`.

    Before `burnin_steps` the rate is `burnin_rate` (0 stands for `base`); the floor holds there too.
    """

    def rate(step: Number, maths: Maths) -> Number:
        exponent = (step - burnin_steps) / decay_steps
        if staircase:
            exponent = maths.floor(exponent)
        # A negative exponent belongs to the burn-in, where its power is not used and could overflow.
        decayed = base * maths.power(factor, maths.clip(exponent, 0.0, math.inf))
        value = maths.where(step < burnin_steps, burnin_rate or base, decayed)
        return maths.clip(value, floor, math.inf)

    return rate


def manual_step(initial: float, steps: list[tuple[int, float]], *, warmup: bool = False) -> Rate:
    """`initial`, then each entry's rate from its step on; `warmup` draws a line up to the first entry."""
    first_step, first_rate = steps[0]

    def rate(step: Number, maths: Maths) -> Number:
        value = step * 0.0 + initial
        if warmup:
            value = initial + step * ((first_rate - initial) / first_step)
        for boundary, entry_rate in steps:
            value = maths.where(step >= boundary, entry_rate, value)
        return value

    return rate


def cosine(
    base: float,
    total_steps: float,
    *,
    warmup_rate: float = 0.0,
    warmup_steps: float = 0,
    hold_steps: float = 0,
) -> Rate:
    """A line from `warmup_rate` to `base`, `base` for `hold_steps`, half a cosine to 0 at `total_steps`.

    After `total_steps` the rate is 0 (Loshchilov and Hutter 2017, without restarts). Where no step is left
    for the cosine, the rate is `base` up to `total_steps`.
    """
    start = warmup_steps + hold_steps

    def rate(step: Number, maths: Maths) -> Number:
        value = step * 0.0 + base
        # Decided when the schedule is built: no branch of the graph may divide by zero.
        if total_steps > start:
            progress = maths.clip((step - start) / (total_steps - start), 0.0, 1.0)
            value = 0.5 * base * (1.0 + maths.cos(math.pi * progress))
        if warmup_steps > 0:
            slope = (base - warmup_rate) / warmup_steps
            value = maths.where(step < warmup_steps, warmup_rate + slope * step, value)
        return maths.where(step > total_steps, 0.0, value)

    return rate


def _constant(config: Config) -> Rate:
    return constant(config.number("learning_rate"))


def _exponential(config: Config) -> Rate:
    decay_steps = config.integer("decay_steps")
    if decay_steps <= 0:
        raise UserError(
            f"'{config.path}.decay_steps' is 0", hint="write after how many steps the rate decays"
        )
    return exponential(
        config.number("initial_learning_rate"),
        decay_steps,
        config.number("decay_factor"),
        staircase=config.flag("staircase"),
        burnin_rate=config.number("burnin_learning_rate"),
        burnin_steps=config.integer("burnin_steps"),
        floor=config.number("min_learning_rate"),
    )


def _manual_step(config: Config) -> Rate:
    entries = [
        (entry.integer("step"), entry.number("learning_rate")) for entry in config.messages("schedule")
    ]
    if not entries:
        raise UserError(
            f"'{config.path}.schedule' is empty", hint="use constant_learning_rate, or add an entry"
        )
    steps = [step for step, _ in entries]
    if steps[0] <= 0:
        raise UserError(
            f"'{config.path}.schedule' starts at step '{steps[0]}'",
            hint="make its rate the initial_learning_rate and drop the entry",
        )
    for before, after in itertools.pairwise(steps):
        if after <= before:
            raise UserError(f"'{config.path}.schedule' steps must increase, but '{after}' follows '{before}'")
    initial = config.number("initial_learning_rate")
    return manual_step(initial, entries, warmup=config.flag("warmup"))


def _cosine(config: Config) -> Rate:
    base, warmup_rate = config.number("learning_rate_base"), config.number("warmup_learning_rate")
    total_steps, warmup_steps = config.integer("total_steps"), config.integer("warmup_steps")
    if total_steps < warmup_steps:
        raise UserError(
            f"'{config.path}.total_steps' is '{total_steps}', less than warmup_steps '{warmup_steps}'",
            hint="warmup_steps is 10000 where it is not written",
        )
    if warmup_steps > 0 and warmup_rate > base:
        raise UserError(
            f"'{config.path}.warmup_learning_rate' is '{warmup_rate:g}', above learning_rate_base '{base:g}'"
        )
    return cosine(
        base,
        total_steps,
        warmup_rate=warmup_rate,
        warmup_steps=warmup_steps,
        hold_steps=config.integer("hold_base_rate_steps"),
    )


_BUILDERS: dict[str, Callable[[Config], Rate]] = {
    "constant_learning_rate": _constant,
    "exponential_decay_learning_rate": _exponential,
    "manual_step_learning_rate": _manual_step,
    "cosine_decay_learning_rate": _cosine,
}
