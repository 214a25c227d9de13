"""What the OD API needs and newer releases of TensorFlow no longer have, put in its place before it is imported."""

from __future__ import annotations

import importlib
import os
import sys
import types
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_CONTRIB = ("image", "image.python", "image.python.ops", "image.python.ops.image_ops", "quantize", "training")


class _Anything(types.ModuleType):
    """A module whose every attribute is an empty class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = type(name, (), {"__init__": lambda self, *args, **kwargs: None})
        setattr(self, name, value)
        return value


class _HParams:
    """The settings object of slim's NASNet."""

    def __init__(self, **settings: Any) -> None:
        self.__dict__.update(settings)

    def set_hparam(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    add_hparam = set_hparam


def tensorflow(*, tf1: bool = False) -> Any:
    """TensorFlow, fit for the OD API; `tf1`: in the graph mode of TF1."""
    sys.modules.setdefault("tensorflow_io", types.ModuleType("tensorflow_io"))
    import numpy as np
    import tensorflow as tf
    import tensorflow.compat.v1 as v1
    from tensorflow.python.framework import ops, tensor
    from tensorflow.python.ops import cond, control_flow_case, control_flow_ops, while_loop

    estimator = _Anything("tensorflow.compat.v1.estimator")
    estimator.tpu = _Anything("tensorflow.compat.v1.estimator.tpu")
    sys.modules["tensorflow.compat.v1.estimator"] = estimator
    v1.estimator = tf.estimator = estimator
    control_flow_ops.case = control_flow_case.case
    control_flow_ops.cond = cond.cond
    control_flow_ops.while_loop = while_loop.while_loop
    if tf1:
        for name, type_ in (("int", int), ("float", float), ("bool", bool), ("object", object)):
            np.__dict__.setdefault(name, None)
            setattr(np, name, type_)
        ops.Tensor, ops.IndexedSlices = tensor.Tensor, tf.IndexedSlices
        _contrib(tf)
        keras = importlib.import_module("tf_keras")
        keras.legacy_tf_layers = importlib.import_module("tf_keras.src.legacy_tf_layers")
        sys.modules["tf_keras.legacy_tf_layers"] = keras.legacy_tf_layers
        v1.disable_v2_behavior()
    return tf


def _contrib(tf: Any) -> None:
    root = _Anything("tensorflow.contrib")
    root.__path__ = []
    sys.modules["tensorflow.contrib"] = tf.contrib = root
    for path in _CONTRIB:
        module = _Anything(f"tensorflow.contrib.{path}")
        module.__path__ = []
        sys.modules[module.__name__] = module
        parent, _, name = module.__name__.rpartition(".")
        setattr(sys.modules[parent], name, module)
    sys.modules["tensorflow.contrib.training"].HParams = _HParams  # type: ignore[attr-defined]
