"""What the names in checkpoints tell: which entries belong to a network, which to the run behind it."""

from __future__ import annotations

VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
"""What an object-based checkpoint appends to the object path of every variable."""

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""The entry that every object-based checkpoint has, and no other: its objects and how they are connected."""

SAVE_COUNTER = "save_counter"
"""What `tf.train.Checkpoint.save` counts its checkpoints with."""

_SLOT_OF_OBJECT = "/.OPTIMIZER_SLOT/"
_SLOTS = frozenset(
    (
        "Adadelta",
        "Adagrad",
        "Adam",
        "ExponentialMovingAverage",
        "Ftrl",
        "Momentum",
        "RMSProp",
        "beta1_power",
        "beta2_power",
        "global_step",
    )
)
_ROOTS = frozenset(("optimizer", SAVE_COUNTER, "step", "global_step", "learning_rate", OBJECT_GRAPH))


def is_bookkeeping(key: str) -> bool:
    """True for what training keeps beside the network's variables.

    Optimizer slots and settings, moving averages of weights, step counters, the object graph, saved Python
    state.
    """
    if "/.ATTRIBUTES/" in key or _SLOT_OF_OBJECT in key or key.split("/", 1)[0] in _ROOTS:
        return True
    last = key.rpartition("/")[2]
    if last.rpartition("_")[2].isdecimal():  # the second slot of that optimizer: RMSProp_1
        last = last.rpartition("_")[0]
    return last in _SLOTS
