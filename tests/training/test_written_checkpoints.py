"""Checkpoints written without TensorFlow, as TensorFlow reads and restores them."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.object_graph_writer import object_based
from cfgtool.checkpoints.strings import join_strings
from cfgtool.checkpoints.values import Values
from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.training.tensor_weights import object_tree

DTYPES = (
    *("float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16"),
    *("uint32", "uint64", "bool", "complex64", "complex128"),
)
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


def values_of(dtype: str, shape: tuple[int, ...]) -> Any:
    """Numbers of that type that tell their place."""
    numbers = np.arange(prod(shape)).reshape(shape) % 120 - (0 if dtype.startswith("u") else 7)
    return numbers.astype(tf.dtypes.as_dtype(dtype).as_numpy_dtype)


def tensor(name: str, array: Any) -> Tensor:
    """An array to be written."""
    return Tensor(name, tf.as_dtype(array.dtype).name, array.shape, array.tobytes)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4), (1, 2, 3, 4)])
def test_tensorflow_reads_every_type(tmp_path: Path, shape: tuple[int, ...]) -> None:
    arrays = {f"v_{dtype}": values_of(dtype, shape) for dtype in DTYPES}
    prefix = str(tmp_path / "model.ckpt-12")
    write_bundle(prefix, [tensor(name, array) for name, array in arrays.items()])
    reader = tf.train.load_checkpoint(str(tmp_path))
    assert reader.get_variable_to_shape_map() == {name: list(shape) for name in arrays}
    for name, array in arrays.items():
        got = reader.get_tensor(name)
        assert got.dtype == array.dtype
        assert got.tobytes() == array.tobytes()
    assert tf.train.latest_checkpoint(str(tmp_path)) == prefix


@pytest.mark.parametrize("texts", [[], [b""], [b"one", bytes(range(256)) * 3, b"three"]])
def test_tensorflow_reads_strings(tmp_path: Path, texts: list[bytes]) -> None:
    value = join_strings(texts)
    write_bundle(str(tmp_path / "texts"), [Tensor("texts", "string", (len(texts),), lambda: value)])
    assert tf.train.load_checkpoint(str(tmp_path)).get_tensor("texts").tolist() == texts


def test_tensorflow_reads_thousands_of_long_and_foreign_names(tmp_path: Path) -> None:
    names = [f"{'Gehäuse/外れ値/' * 12}conv_{number}/weights" for number in range(3000)]
    names += ["Ω" * 3000, "/", "a b\tc", "ends/in/é"]
    arrays = {name: np.full((number % 5,), number, np.float32) for number, name in enumerate(names)}
    prefix = str(tmp_path / "many")
    write_bundle(prefix, [tensor(name, array) for name, array in arrays.items()])
    reader = tf.train.load_checkpoint(prefix)
    assert set(reader.get_variable_to_shape_map()) == set(names)
    checkpoint = open_checkpoint(prefix)
    with Values(checkpoint, check=True) as values:
        for name, array in arrays.items():
            assert (
                reader.get_tensor(name).tobytes() == array.tobytes() == values.raw(checkpoint.entries[name])
            )


def test_tensorflow_restores_objects(tmp_path: Path) -> None:
    """Every object of the tree is matched, nothing of the checkpoint is left, and saving counts on."""
    paths = [
        "model/_feature_extractor/layer_with_weights-0/kernel",
        "model/_feature_extractor/layer_with_weights-0/bias",
        "model/_box_predictor/BoxPredictor.Sconv2d_0/kernel",
        "model/_box_predictor",
    ]
    arrays = {path: values_of("float32", (number, 2)) for number, path in enumerate(paths, 1)}
    named = [(tensor(path, array), f"named/{path}") for path, array in arrays.items() if path != paths[3]]
    named.append((Tensor("step", "int64", (), lambda: (40).to_bytes(8, "little")), "step"))
    prefix = str(tmp_path / "ckpt-3")
    write_bundle(prefix, object_based(named, save_counter=3))
    variables = {path: tf.Variable(tf.zeros(arrays[path].shape)) for path in paths[:3]}
    step = tf.Variable(0, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(model=object_tree(variables), step=step)
    status = checkpoint.restore(prefix)
    status.assert_existing_objects_matched()
    status.assert_consumed()
    assert int(step) == 40
    for path, variable in variables.items():
        assert variable.numpy().tobytes() == arrays[path].tobytes()
    assert checkpoint.save(str(tmp_path / "ckpt")) == str(tmp_path / "ckpt-4")


def test_the_object_graph_is_the_one_that_tensorflow_writes(tmp_path: Path) -> None:
    """The same children, attributes and keys, whatever numbers the nodes have."""
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    variables = {
        "model/a/kernel": tf.Variable([1.0], name="a/kernel"),
        "model/b/x.Sy": tf.Variable([2.0], name="b"),
    }
    theirs = tf.train.Checkpoint(model=object_tree(variables)).save(str(tmp_path / "theirs" / "ckpt"))
    named = [
        (tensor(path, variable.numpy()), variable.name.removesuffix(":0"))
        for path, variable in variables.items()
    ]
    ours = str(tmp_path / "ours" / "ckpt-1")
    write_bundle(ours, object_based(named))

    def tree(prefix: str) -> Any:
        graph = TrackableObjectGraph()
        graph.ParseFromString(tf.train.load_checkpoint(prefix).get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))

        def below(node: Any) -> Any:
            attributes = [(item.name, item.full_name, item.checkpoint_key) for item in node.attributes]
            children = {item.local_name: below(graph.nodes[item.node_id]) for item in node.children}
            return children, attributes, node.has_checkpoint_values.value

        return below(graph.nodes[0])

    assert tree(ours) == tree(theirs)
    assert (
        tf.train.load_checkpoint(ours).get_variable_to_shape_map()
        == tf.train.load_checkpoint(theirs).get_variable_to_shape_map()
    )
