"""What the OD API's own trainer does with a checkpoint: the same restore, and where it raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cfgtool.matching.plan import RestorePlan


class OdApi(NamedTuple):
    """`outcome` is "ok", with the number of `restored` variables, or "raises", with exception type and text.

    Where several variables could be the first to fail, the text names one of them; it ends where the values
    of variables would follow. "unknown" is what nobody has observed.
    """

    outcome: str
    restored: int | None = None
    exception: str | None = None
    text: str | None = None


def od_api_outcome(plan: RestorePlan, checkpoint_version: str) -> OdApi:
    """What the trainer of `plan.generation` does, its checks in its order."""
    if plan.generation == "tf1":
        return _tf1(plan)
    checkpoint = plan.checkpoint
    if plan.load_all:
        return _raises("ValueError", "train_pb2.load_all_detection_checkpoint_vars unsupported in TF2")
    if plan.restore_type == "detection" and any(
        key.startswith("feature_extractor") for key in checkpoint.entries
    ):
        what = "when it contains variable names with 'feature_extractor'"
        return _raises("RuntimeError", f"The checkpoint type 'detection' is not supported {what}.")
    if checkpoint.path_error is not None:
        return _raises(*checkpoint.path_error)
    if checkpoint.format != "tf2-object":
        return _raises("OSError", "Checkpoint is expected to be an object-based checkpoint.")
    if checkpoint_version == "V1":
        return _raises("ValueError", "Checkpoint version should be V2")
    if not plan.supported:
        return _raises("ValueError", f"Not supported fine_tune_checkpoint_type: {plan.restore_type}")
    return _tf2_restore(plan)


def _tf2_restore(plan: RestorePlan) -> OdApi:
    """The restore itself, into a model whose variables exist."""
    # Values are assigned one by one, and only then is counted who got none.
    for variable, _, want, got in plan.shape_mismatch:
        where = f"with shape {tuple(want)} and name {variable.keras_name}:0."
        text = f"Received incompatible tensor with shape {tuple(got)} when attempting to restore"
        text += f" variable {where}"
        return _raises("ValueError", text)
    # The loader has one variable of its own: the counter that `Checkpoint.save` writes and `.write` does not.
    unbound = len(plan.missing) + ("save_counter" not in plan.checkpoint.entries)
    if unbound:
        text = f"Found {unbound} Python objects that were not bound to checkpointed values"
        return _raises("AssertionError", f"{text}, likely due to changes in the Python program.")
    return OdApi("ok", len(plan.restored))


def _tf1(plan: RestorePlan) -> OdApi:
    """TF1 drops what is missing or has another shape, with a warning in the log and nothing else."""
    if not plan.supported:
        return _raises("ValueError", f"Not supported fine_tune_checkpoint_type: {plan.restore_type}")
    error = plan.checkpoint.path_error
    if error is not None:
        if error[0] == "OSError":  # the reader takes the index for a checkpoint in one file, without a tensor
            return OdApi("ok", 0)
        return _raises(*error) if error[0] in ("NotFoundError", "DataLossError") else OdApi("unknown")
    # The names of objects are none of its variables: it finds nothing, and says so in the log only.
    return OdApi("ok", 0 if plan.checkpoint.format == "tf2-object" else len(plan.restored))


def _raises(exception: str, text: str) -> OdApi:
    return OdApi("raises", None, exception, text)
