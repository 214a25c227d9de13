"""What the OD API's own trainer does with a checkpoint: the same restore, and where it raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.networks.roles import role

if TYPE_CHECKING:
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks.variables import Variable


class OdApi(NamedTuple):
    """`outcome` is "ok", with the number of `restored` variables, or "raises", with exception type and text.

    Where several variables could be the first to fail, the text names one of them; it ends where the values
    of variables would follow. `hint` is the way out where the checkpoint itself is fine. "unknown" is what
    nobody has observed.
    """

    outcome: str
    restored: int | None = None
    exception: str | None = None
    text: str | None = None
    hint: str | None = None


_HOURGLASS = (
    "<class 'object_detection.models.center_net_hourglass_feature_extractor"
    ".CenterNetHourglassFeatureExtractor'>"
)
_TF_NAMES = {"float32": "float", "float16": "half", "float64": "double"}
"""Element types as TensorFlow's messages call them, where that differs."""


def od_api_outcome(plan: RestorePlan, checkpoint_version: str, dummy_run: bool) -> OdApi:
    """What the trainer of `plan.generation` does, its checks in its order.

    `dummy_run` says whether the model's variables exist before (as `run_fine_tune_checkpoint_dummy_computation`
    sees to).
    """
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
        hint = "set fine_tune_checkpoint_version: V2"
        return _raises("ValueError", "Checkpoint version should be V2", hint)
    if not plan.supported:
        return _raises(*_unsupported(plan))
    return _tf2_restore(plan) if dummy_run else _deferred(plan)


def _unsupported(plan: RestorePlan) -> tuple[str, str]:
    """What a TF2 meta-architecture raises for a restore type that it does not know."""
    kind = plan.restore_type
    if plan.network.meta_architecture != "center_net":
        return "ValueError", f"Not supported fine_tune_checkpoint_type: {kind}"
    if kind == "classification":
        return "NotImplementedError", f"Classification backbone not supported for {_HOURGLASS}"
    if kind == "fine_tune":
        text = '"fine_tune" is no longer supported for CenterNet. Please set fine_tune_checkpoint_type to '
        text += '"detection" which has the same functionality. If you are using the ExtremeNet checkpoint, '
        return "ValueError", text + "download the new version from the model zoo."
    return "ValueError", f"Unknown fine tune checkpoint type {kind}"


def _tf2_restore(plan: RestorePlan) -> OdApi:
    """The restore itself, into a model whose variables exist."""
    error = _other_dtype(plan)
    if error is not None:
        return error
    # Values are assigned one by one, and only then is counted who got none.
    for variable, _, want, got in plan.shape_mismatch:
        return _incompatible(variable, want, got)
    return _unbound(plan, len(plan.missing)) or OdApi("ok", len(plan.restored))


def _unbound(plan: RestorePlan, missing: int) -> OdApi | None:
    # The loader has one variable of its own: the counter that `Checkpoint.save` writes and `.write` does not.
    unbound = missing + ("save_counter" not in plan.checkpoint.entries)
    if not unbound:
        return None
    text = f"Found {unbound} Python objects that were not bound to checkpointed values"
    hint = None if missing else "write the checkpoint with Checkpoint.save: this one has no save_counter"
    return _raises("AssertionError", f"{text}, likely due to changes in the Python program.", hint)


def _incompatible(variable: Variable, want: tuple[int, ...], got: tuple[int, ...]) -> OdApi:
    text = f"Received incompatible tensor with shape {tuple(got)} when attempting to restore"
    return _raises(
        "ValueError", f"{text} variable with shape {tuple(want)} and name {variable.keras_name}:0."
    )


def _deferred(plan: RestorePlan) -> OdApi:
    """The restore into a model most of whose variables do not exist yet: each takes its value when it is
    made, if there is one that fits, and nothing is said of those that find none.
    """
    if plan.network.meta_architecture == "faster_rcnn" and plan.restore_type == "detection":
        return _raises("ValueError", _NO_TRACKABLE, _BUILD_FIRST)
    if plan.restore_type == "classification" and not _has_backbone(plan):
        text = "Since we are restoring a v2 style checkpoint restore_map was expected to return a"
        text += " (str -> Model) mapping, but we received a (str -> NoneType) mapping instead."
        return _raises("TypeError", text, _BUILD_FIRST)
    error = _other_dtype(plan)
    if error is not None:
        return error
    for variable, _, want, got in plan.shape_mismatch:
        if _exists(plan, variable):
            return _incompatible(variable, want, got)
    unbound = _unbound(plan, sum(_exists(plan, variable) for variable, _ in plan.missing))
    if unbound is not None:
        return unbound
    # The others are made at the first step.
    for variable, _, want, got in plan.shape_mismatch:
        if role(variable.name) != "head":
            return _incompatible(variable, want, got)
        text = f"In this `tf.Variable` creation, the initial value's shape ({tuple(got)}) is not compatible"
        text += f" with the explicitly supplied `shape` argument ({tuple(want)})."
        return _raises("ValueError", text)
    return OdApi("ok", len(plan.restored))


_BUILD_FIRST = "set run_fine_tune_checkpoint_dummy_computation: true"
_NO_TRACKABLE = (
    "`Checkpoint` was expecting a trackable object (an object derived from `Trackable`), got "
    "__uninitialized__. If you believe this object should be trackable (i.e. it is part of the TensorFlow "
    "Python API and manages state), please open an issue."
)


def _has_backbone(plan: RestorePlan) -> bool:
    """Whether the model has its backbone from the start."""
    network = plan.network
    return network.meta_architecture == "center_net" or "efficientnet" in network.feature_extractor


def _exists(plan: RestorePlan, variable: Variable) -> bool:
    """Whether a variable is there before the model has seen a batch."""
    if not _has_backbone(plan):
        return False
    # CenterNet's extractors are built with their necks, EfficientDet's without.
    return role(variable.name) == "backbone" or (
        plan.network.meta_architecture == "center_net" and role(variable.name) == "neck"
    )


def _other_dtype(plan: RestorePlan) -> OdApi | None:
    """Reading a tensor as another element type fails before any value is assigned."""
    for variable, entry, want, got in plan.shape_mismatch:
        # TF1 has sorted out other shapes by then.
        if entry.dtype == variable.dtype or (plan.generation == "tf1" and want != got):
            continue
        name = entry.name if plan.generation == "tf2" else entry.key
        here, there = (_TF_NAMES.get(dtype, dtype) for dtype in (variable.dtype, entry.dtype))
        text = f"tensor_name = {name}; expected dtype {here} does not equal original dtype {there}"
        return _raises("InvalidArgumentError", text)
    return None


def _tf1(plan: RestorePlan) -> OdApi:
    """TF1 drops what is missing or has another shape, with a warning in the log and nothing else."""
    if not plan.supported:
        return _raises("ValueError", f"Not supported fine_tune_checkpoint_type: {plan.restore_type}")
    error = plan.checkpoint.path_error
    if error is not None:
        if error[0] == "OSError":  # the reader takes the index for a checkpoint in one file, without a tensor
            return OdApi("ok", 0)
        return _raises(*error) if error[0] in ("NotFoundError", "DataLossError") else OdApi("unknown")
    if plan.checkpoint.format == "tf2-object":
        # The names of objects are none of its variables: it finds nothing, and says so in the log only.
        return OdApi("ok", 0)
    return _other_dtype(plan) or OdApi("ok", len(plan.restored))


def _raises(exception: str, text: str, hint: str | None = None) -> OdApi:
    return OdApi("raises", None, exception, text, hint)
