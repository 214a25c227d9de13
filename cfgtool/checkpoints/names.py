"""What the names in checkpoints tell: which entries belong to a network and which to the run that trained it."""

from __future__ import annotations

VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
"""What an object-based checkpoint appends to the object path of every variable."""

_COUNTERS = {"global_step", "step", "save_counter", "_CHECKPOINTABLE_OBJECT_GRAPH", "learning_rate"}
_STATE = (
    "/.OPTIMIZER_SLOT/", "/Momentum", "/Momentum_1", "/RMSProp", "/RMSProp_1", "/Adam", "/Adam_1", "/Adagrad",
    "/ExponentialMovingAverage",
)  # fmt: skip
_ROOTS = ("optimizer/", "beta1_power", "beta2_power")


def is_bookkeeping(key: str) -> bool:
    """True for optimizer slots and settings, moving averages of weights, step counters and the object graph."""
    if key in _COUNTERS or key.startswith(_ROOTS) or "/.OPTIMIZER_SLOT/" in key:
        return True
    return key.endswith(_STATE) or key.rpartition("/")[2] == "global_step" or key.startswith("_")
