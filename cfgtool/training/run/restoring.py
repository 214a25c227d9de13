"""Giving a network the values of a start checkpoint."""

from __future__ import annotations

import tensorflow as tf

from cfgtool.checkpoints.values import Values
from cfgtool.errors import UserError
from cfgtool.matching import RestorePlan
from cfgtool.training.assemblies import Assembly


def carry_out(plan: RestorePlan, assembly: Assembly) -> None:
    """Give the assembly's weights the values of the plan. Raises UserError if the data cannot be read."""
    # TensorFlow reads constants only into the graph that they are of, and knows few schemes.
    remote = "://" in plan.checkpoint.path
    if plan.checkpoint.in_graph or remote:
        with Values(plan.checkpoint, check=remote) as values_of:
            assembly.weights.assign(
                {variable.name: values_of.array(entry) for variable, entry in plan.restored}
            )
        return
    try:
        reader = tf.train.load_checkpoint(plan.checkpoint.path)
        values = {variable.name: reader.get_tensor(entry.name) for variable, entry in plan.restored}
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        message = getattr(error, "message", None) or str(error)
        raise UserError(
            f"the checkpoint cannot be read: {message.splitlines()[0]}", path=plan.checkpoint.path
        ) from None
    assembly.weights.assign(values)
