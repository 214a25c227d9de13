"""The variables of a network as TensorFlow variables: their start values, their names, and the tree that
checkpoints see.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf

from cfgtool.checkpoints.graph import local_name
from cfgtool.networks.variables import Initializer, Variable

_TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a standard normal cut at two standard deviations."""


class Weights:
    """TensorFlow variables for described ones.

    Start values depend on `seed` and each variable's name only, not on the order of creation, the device or
    other variables. `frozen` are our names of variables that training must not change. Create it inside a
    strategy's scope where there is one.
    """

    def __init__(
        self, variables: Iterable[Variable], *, seed: int = 0, frozen: frozenset[str] = frozenset()
    ) -> None:
        self.described = tuple(variables)
        self.sync_batch_norm = False
        """Whether batch norm normalises by the batches of all replicas together, where there are several."""
        self.frozen = frozen
        self.by_name: dict[str, tf.Variable] = {
            variable.name: _create(variable, seed) for variable in self.described
        }
        self.tree = object_tree({_object_path(v): self.by_name[v.name] for v in self.described})

    def __getitem__(self, name: str) -> tf.Variable:
        """The variable of that name (ours)."""
        return self.by_name[name]

    @property
    def all(self) -> list[tf.Variable]:
        """Every variable, in the order of the description."""
        return list(self.by_name.values())

    @property
    def trainable(self) -> list[tf.Variable]:
        """The variables that a training step updates by gradients: trainable ones that are not frozen."""
        return [self.by_name[v.name] for v in self.described if v.trainable and v.name not in self.frozen]

    def by_tf2_key(self) -> dict[str, tf.Variable]:
        """Object path (`model/...`) -> variable, for those that have one."""
        return {v.tf2_key: self.by_name[v.name] for v in self.described if v.tf2_key is not None}

    def by_tf1_name(self) -> dict[str, tf.Variable]:
        """TF1 graph name -> variable, for those that have one."""
        return {v.tf1_name: self.by_name[v.name] for v in self.described if v.tf1_name is not None}

    def l2(self) -> list[tuple[tf.Variable, float]]:
        """Variables with the weight w of their penalty w/2 times the sum of squares."""
        return [(self.by_name[v.name], v.l2) for v in self.described if v.l2]

    def regularization_loss(self) -> tf.Tensor:
        """The sum of all penalties on weights, a scalar float32."""
        groups: dict[float, list[tf.Tensor]] = {}
        for variable, weight in self.l2():
            groups.setdefault(weight, []).append(tf.nn.l2_loss(variable))
        terms = [weight * tf.add_n(losses) for weight, losses in groups.items()]
        terms += [v.l1 * tf.reduce_sum(tf.abs(self.by_name[v.name])) for v in self.described if v.l1]
        return tf.add_n(terms) if terms else tf.zeros([])

    def assign(self, values: Mapping[str, np.ndarray]) -> None:
        """Set variables by our names; raises KeyError for unknown names and ValueError for other shapes."""
        for name, value in values.items():
            self.by_name[name].assign(value)


def object_tree(variables: Mapping[str, tf.Variable]) -> tf.Module:
    """A tree of modules such that `tf.train.Checkpoint(model=tree)` writes each variable under its key.

    Keys are object paths from `model/...` as a checkpoint spells them (a slash inside an attribute's name is
    `.S`, a dot is two).
    """
    root = tf.Module()
    nodes: dict[str, tf.Module] = {"model": root}
    for key, variable in variables.items():
        path, _, leaf = key.rpartition("/")
        setattr(_node(nodes, path), local_name(leaf), variable)
    return root


def _node(nodes: dict[str, tf.Module], path: str) -> tf.Module:
    if path not in nodes:
        parent, _, name = path.rpartition("/")
        nodes[path] = tf.Module()
        setattr(_node(nodes, parent), local_name(name), nodes[path])
    return nodes[path]


def _object_path(variable: Variable) -> str:
    """Where a checkpoint keeps the variable; networks that the TF2 OD API does not have are kept under
    our names.
    """
    return variable.tf2_key or f"model/{variable.name}"


def _create(variable: Variable, seed: int) -> tf.Variable:
    return tf.Variable(
        start_value(variable, seed), trainable=variable.trainable, name=variable.name, dtype=variable.dtype
    )


def start_value(variable: Variable, seed: int) -> np.ndarray:
    """The start value of a variable, a pure function of its description and `seed`."""
    start, shape = variable.initializer, variable.shape
    if start.kind == "constant":
        return np.full(shape, start.value, variable.dtype)
    digest = hashlib.sha256(f"{seed}:{variable.name}".encode()).digest()
    rng = np.random.Generator(np.random.Philox(int.from_bytes(digest[:16], "little")))
    if start.kind == "random_normal":
        values = rng.normal(start.mean, start.stddev, shape)
    elif start.kind == "truncated_normal":
        values = start.mean + start.stddev * _truncated(rng, shape)
    elif start.kind == "random_uniform":
        values = rng.uniform(start.mean - start.stddev, start.mean + start.stddev, shape)
    elif start.kind == "glorot_uniform":
        limit = math.sqrt(6.0 / sum(_fans(variable)))
        values = rng.uniform(-limit, limit, shape)
    else:
        values = _variance_scaling(rng, start, variable)
    return values.astype(variable.dtype)


def _variance_scaling(rng: np.random.Generator, start: Initializer, variable: Variable) -> np.ndarray:
    """He et al. 2015 (arXiv:1502.01852) and relatives: a variance of factor / fan."""
    fan_in, fan_out = _fans(variable)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[start.mode]
    if start.uniform:
        limit = math.sqrt(3.0 * start.factor / fan)
        return rng.uniform(-limit, limit, variable.shape)
    return math.sqrt(start.factor / fan) / _TRUNCATED_STDDEV * _truncated(rng, variable.shape)


def _fans(variable: Variable) -> tuple[int, int]:
    """Inputs and outputs of one unit, counted from the last two dimensions of the kernel, as Keras does."""
    shape = variable.shape
    if len(shape) < 2:
        return (math.prod(shape),) * 2
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal values; those beyond 2 are drawn again."""
    values = rng.standard_normal(math.prod(shape))
    while (outside := np.flatnonzero(np.abs(values) > 2.0)).size:
        values[outside] = rng.standard_normal(outside.size)
    return values.reshape(shape)
