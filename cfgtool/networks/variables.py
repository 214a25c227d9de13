"""What a network is made of: named, shaped variables, and how each generation's checkpoints name them."""

from __future__ import annotations

from math import prod
from typing import NamedTuple


class Initializer(NamedTuple):
    """How a variable starts: `kind` and its numbers, as the config's `Hyperparams.initializer` or the
        layer fixes it.

    kinds: `constant` (value), `truncated_normal` (mean, stddev; cut at two standard deviations),
    `random_normal` (mean, stddev), `random_uniform` (mean - stddev to mean + stddev), `variance_scaling`
    (factor, uniform, mode: fan_in | fan_out | fan_avg), `glorot_uniform`.
    """

    kind: str
    value: float = 0.0
    mean: float = 0.0
    stddev: float = 1.0
    factor: float = 2.0
    uniform: bool = False
    mode: str = "fan_in"


class Difference(NamedTuple):
    """What the two generations compute differently although the variables fit: `what` says how, as a clause;
    `part` is the scope (ours) whose values come out otherwise, empty for the whole network.
    """

    part: str
    what: str

    def concerns(self, variable: Variable) -> bool:
        """True if the variable is of that part."""
        return not self.part or variable.name.startswith(f"{self.part}/")


class Variable(NamedTuple):
    """One array of a network.

    `name` is our own readable path, unique in the network (`backbone/block_13/expand/batch_norm/gamma`).
    `tf2_key` is the object path in a TF2 checkpoint from `model/...`, without `/.ATTRIBUTES/VARIABLE_VALUE`;
    `tf1_name` the graph variable of the TF1 network; each is None where that generation has no such variable.
    `l2` is the weight w of the config (penalty w/2 times the sum of squares), `l1` the weight of a sum of
    absolute values, 0 for none.
    """

    name: str
    shape: tuple[int, ...]
    trainable: bool
    initializer: Initializer
    tf2_key: str | None
    keras_name: str | None
    tf1_name: str | None
    l2: float = 0.0
    dtype: str = "float32"
    l1: float = 0.0

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)
