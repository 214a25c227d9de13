"""The state of an optimizer as the OD API's checkpoints hold it, so that runs go on here and there.

The OD API saves `{step, model, optimizer}` with an optimizer of Keras (`tf.keras.optimizers.legacy`). In the object graph
that is one node with the count of updates (`iter`), one variable per setting (`momentum`, `beta_1`, ...) and, for
every trained variable, references to its slots (`momentum`; `m` and `v`; `rms`). With `use_moving_average` the node is
that of the averaging wrapper: slots `average`, and the optimizer itself as its child `ema_base_optimizer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from cfgtool.checkpoints.names import SAVE_COUNTER, VALUE_SUFFIX
from cfgtool.training.run.loss_scale import LossScale
from cfgtool.training.run.optimizers import Optimizer, Slots

LOSS_SCALE = "loss_scale"
_BASE = "ema_base_optimizer"
_AVERAGE = "average"
_OWN = "optimizer/iterations"
"""Only in checkpoints of ours from before this layout."""

NameOf = Callable[[Any], str | None]


class SlotNode(tf.Module):
    """An optimizer to `tf.train.Checkpoint`, which writes the variables that `get_slot` gives as slots of the trained
    ones, and asks `_create_or_restore_slot_variable` where a stored slot belongs.
    """

    def __init__(self, slots: Mapping[str, Slots], name_of: NameOf) -> None:
        """`slots` are the state variables by kind and name; `name_of` gives the name of a trained variable."""
        super().__init__()

        # In closures: TensorFlow would track attributes, and save their variables a second time.
        def kinds() -> list[str]:
            return list(slots)

        def find(variable: Any, kind: str) -> tf.Variable | None:
            name = name_of(variable)
            return None if name is None else slots.get(kind, {}).get(name)

        self._kinds: Callable[[], list[str]] = kinds
        self._find: Callable[[Any, str], tf.Variable | None] = find

    def get_slot_names(self) -> list[str]:
        """The kinds of slots."""
        return self._kinds()

    def get_slot(self, variable: Any, slot_name: str) -> tf.Variable | None:
        """The slot of that kind of a trained variable, None for anything else."""
        return self._find(variable, slot_name)

    def _create_or_restore_slot_variable(
        self, slot_variable_position: Any, slot_name: str, variable: Any, **_: Any
    ) -> tf.Variable | None:
        del slot_variable_position
        return self._find(variable, slot_name)


class Setting(tf.Module):
    """A constant of the update that Keras saves as a variable: written, and never taken from a checkpoint, because
    the config decides.
    """

    def __init__(self, value: float) -> None:
        super().__init__()
        self._value = value

    def _serialize_to_tensors(self) -> dict[str, tf.Tensor]:
        return {"VARIABLE_VALUE": tf.constant(self._value, tf.float32)}

    def _restore_from_tensors(self, restored_tensors: Mapping[str, tf.Tensor]) -> None:
        """Leave the value as it is."""


def keras_state(optimizer: Optimizer) -> SlotNode:
    """The node to save as `optimizer`. It holds the optimizer's own variables, so that restoring it restores them."""
    slots = {kind: variables for kind, variables in optimizer.slots.items() if variables}
    node = SlotNode(slots, optimizer.name_of)
    node.iter = optimizer.iterations
    for name, value in optimizer.settings.items():
        setattr(node, name, Setting(value))
    if optimizer.average is None:
        return node
    wrapper = SlotNode({_AVERAGE: optimizer.average.shadow}, optimizer.name_of)
    setattr(wrapper, _BASE, node)
    return wrapper


def restorable(
    prefix: str,
    *,
    step: tf.Variable,
    model: Any,
    optimizer: Optimizer,
    loss_scale: LossScale | None = None,
) -> tf.train.Checkpoint:
    """What to restore from the checkpoint `prefix` of a run: the layout that it has, without what it cannot have.

    The checkpoint that the OD API writes before its first step knows nothing of the optimizer yet, and its averages are
    zeros; both then stay as they are here. So does the scale of the loss, if the run had none before.
    """
    keys = _keys(prefix)
    parts: dict[str, Any] = {"step": step, "model": model}
    if f"{_OWN}{VALUE_SUFFIX}" in keys:
        parts["optimizer"] = optimizer
    elif any(f"optimizer/{part}iter{VALUE_SUFFIX}" in keys for part in ("", f"{_BASE}/")):
        parts["optimizer"] = keras_state(optimizer)
    if loss_scale is not None and f"{LOSS_SCALE}/factor{VALUE_SUFFIX}" in keys:
        parts[LOSS_SCALE] = loss_scale
    return tf.train.Checkpoint(**parts)


def save_counter(prefix: str) -> int:
    """The number of the checkpoint `prefix` as it says itself, 0 if it does not."""
    key = f"{SAVE_COUNTER}{VALUE_SUFFIX}"
    return int(tf.train.load_variable(prefix, key)) if key in _keys(prefix) else 0


def _keys(prefix: str) -> frozenset[str]:
    """The keys of a checkpoint; none of one that cannot be read, which restoring it will say."""
    try:
        return frozenset(tf.train.load_checkpoint(prefix).get_variable_to_shape_map())
    except (tf.errors.OpError, RuntimeError, ValueError):
        return frozenset()
