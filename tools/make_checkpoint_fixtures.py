"""Write fixtures/checkpoints: small checkpoints of each kind, and what TensorFlow reads from them.

Run `python -m tools.make_checkpoint_fixtures`; needs the `train` extra. Data files hold a few kilobytes.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "checkpoints"
DTYPES = (
    *("float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16"),
    *("uint32", "uint64", "bool", "complex64", "complex128"),
)


def _values(*shape: int) -> Any:
    """Numbers that tell their place: 0, 1, 2, ... of that shape."""
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


class _Layer(tf.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.kernel = tf.Variable(_values(3, 3, 2, width))
        self.bias = tf.Variable(_values(width) - 1)


class _Detector(tf.Module):
    """A detector's shape in small: an extractor with a backbone, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self._feature_extractor = tf.Module()
        self._feature_extractor.classification_backbone = _Layer(4)
        # A second path to the same objects: the file holds them once.
        self._feature_extractor.backbone_again = self._feature_extractor.classification_backbone
        self._box_predictor = _Layer(6)


def write_tf2() -> None:
    """An object-based checkpoint with optimizer slots, as training saves it."""
    model = _Detector()
    optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(model.trainable_variables)
    step = tf.Variable(12, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, step=step)
    checkpoint.save(str(FOLDER / "tf2" / "ckpt"))


def write_dtypes() -> None:
    """One variable per element type, a scalar, an empty one and a string."""
    tracked = tf.train.Checkpoint()
    for dtype in DTYPES:
        setattr(tracked, f"v_{dtype}", tf.Variable(tf.cast(_values(2, 3), dtype)))
    tracked.scalar = tf.Variable(5.0)
    tracked.empty = tf.Variable(_values(0, 4))
    tracked.text = tf.Variable(["one", "three"])
    tracked.write(str(FOLDER / "dtypes" / "all"))


def write_tf1() -> None:
    """A name-based checkpoint of a Saver: slots, moving averages, a step, and a partitioned variable."""
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session() as session:
        make = tf.compat.v1.get_variable
        with tf.compat.v1.variable_scope("FeatureExtractor/MobilenetV1/Conv2d_0"):
            make("weights", initializer=_values(3, 3, 3, 4), use_resource=False)
            make("weights/RMSProp_1", initializer=_values(3, 3, 3, 4), use_resource=False)
            make("weights/ExponentialMovingAverage", initializer=_values(3, 3, 3, 4), use_resource=False)
        partitioner = tf.compat.v1.fixed_size_partitioner(3)
        ones = tf.compat.v1.ones_initializer()
        make("embedding", (7, 2), initializer=ones, partitioner=partitioner, use_resource=False)
        make("global_step", initializer=np.int64(7), use_resource=False)
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver()
        saver.save(session, str(FOLDER / "tf1" / "model.ckpt"), global_step=7, write_meta_graph=False)
    # A state file holds the path of the machine that wrote it: say another one, as users have it.
    state = FOLDER / "tf1" / "checkpoint"
    state.write_text(state.read_text().replace(str(FOLDER / "tf1"), "/home/someone/training"))


def write_v1() -> None:
    """Name-based checkpoints in one file, as before 2017: one like a classifier, and one of many types and parts."""
    make = tf.compat.v1.get_variable
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        make("MobilenetV1/Conv2d_0/weights", initializer=_values(3, 3, 3, 4), use_resource=False)
        make("MobilenetV1/Conv2d_0/BatchNorm/beta", initializer=_values(4), use_resource=False)
        make("global_step", initializer=np.int64(7), use_resource=False)
        _save_v1(session, "mobilenet.ckpt")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for dtype in ("float64", "int32", "int64", "uint8", "int8", "int16", "bool", "complex64"):
            make(f"types/{dtype}", initializer=(_values(2, 3) - 2).astype(dtype), use_resource=False)
        half = tf.compat.v1.get_variable("types/float16", initializer=_values(2, 3).astype("float16"))
        assert half.dtype.base_dtype == tf.float16
        _partitioned(make)
        _save_v1(session, "parts.ckpt")


def _save_v1(session: Any, name: str) -> None:
    session.run(tf.compat.v1.global_variables_initializer())
    saver = tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V1)
    saver.save(session, str(FOLDER / "v1" / name), write_meta_graph=False, write_state=False)


def _partitioned(make: Any) -> None:
    """Variables in parts along either axis, with starts that take one byte and two in the keys of the parts."""
    for name, shape, cuts in (
        ("rows", (200, 2), [3, 1]),
        ("columns", (2, 300), [1, 4]),
        ("cube", (2, 5, 3), [1, 2, 1]),
    ):
        values = tf.constant(_values(*shape))
        partitioner = tf.compat.v1.fixed_size_partitioner(max(cuts), axis=int(np.argmax(cuts)))
        make(f"parts/{name}", initializer=values, partitioner=partitioner, use_resource=False)


def write_parts() -> None:
    """The same partitioned variables in a bundle, under a saver that writes a data file for each device."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        _partitioned(tf.compat.v1.get_variable)
        with tf.device("/device:CPU:0"):
            tf.compat.v1.get_variable("on_cpu", initializer=_values(3), use_resource=False)
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver(sharded=True)
        saver.save(session, str(FOLDER / "parts" / "model.ckpt"), write_meta_graph=False, write_state=False)


class _Served(tf.Module):
    """A detector as it is exported: an object of its own holds the model."""

    def __init__(self) -> None:
        super().__init__()
        self._model = tf.Module()
        self._model.conv = _Layer(2)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def __call__(self, values: Any) -> Any:
        """Anything that uses the variables."""
        return tf.matmul(values, self._model.conv.kernel[0, 0])


def write_saved_models() -> None:
    """SavedModels of TF2, of TF1 with variables, and of TF1 with a frozen graph; and the frozen graph alone."""
    tf.saved_model.save(_Served(), str(FOLDER / "saved_model_tf2"))
    (FOLDER / "saved_model_tf2" / "fingerprint.pb").unlink()
    make, api = tf.compat.v1.get_variable, tf.compat.v1
    with tf.Graph().as_default() as graph, api.Session() as session:
        image = api.placeholder(tf.float32, [None, 4], name="image")
        weights = make("Scope/weights", initializer=_values(4, 2), use_resource=False)
        bias = make("Scope/bias", initializer=np.full([2], 0.5, np.float32), use_resource=True)
        scalar = make("Scope/scale", initializer=np.float32(1.5), use_resource=False)
        output = tf.identity((tf.matmul(image, weights) + bias) * scalar * [1.0, 2.0], name="output")
        session.run(api.global_variables_initializer())
        signature = ({"image": image}, {"output": output})
        api.saved_model.simple_save(session, str(FOLDER / "saved_model_tf1"), *signature)
        frozen = api.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["output"])
    (FOLDER / "frozen" / "frozen_inference_graph.pb").write_bytes(frozen.SerializeToString())
    with tf.Graph().as_default() as graph, api.Session() as session:
        tf.import_graph_def(frozen, name="")
        signature = (
            {"image": graph.get_tensor_by_name("image:0")},
            {"output": graph.get_tensor_by_name("output:0")},
        )
        api.saved_model.simple_save(session, str(FOLDER / "saved_model_frozen"), *signature)


def write_sharded() -> None:
    """Two data files, merged under one index."""
    prefixes = []
    for shard in range(2):
        prefix = str(FOLDER / "sharded" / f"part{shard}")
        tensor = tf.constant(_values(2, 2) + 10 * shard)
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=[f"v{shard}"], shape_and_slices=[""], tensors=[tensor])
        prefixes.append(prefix)
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=prefixes, destination_prefix=str(FOLDER / "sharded" / "two")
    )


def _listing(prefix: Path) -> list[dict[str, Any]]:
    """What TensorFlow reads: names, types, shapes, and the first values as text."""
    reader = tf.train.load_checkpoint(str(prefix))
    dtypes = reader.get_variable_to_dtype_map()
    shapes = reader.get_variable_to_shape_map()

    def value(name: str) -> Any:
        if prefix.name != "parts.ckpt":
            return reader.get_tensor(name)
        # The reader refuses parts of this format; the operation that restores a part restores the whole as one.
        slices = ":".join("-" for _ in shapes[name])
        asked = f"{' '.join(map(str, shapes[name]))} {slices}"
        return tf.raw_ops.RestoreSlice(
            file_pattern=str(prefix), tensor_name=name, shape_and_slice=asked, dt=dtypes[name]
        )

    return [_row(name, dtypes[name].name, shapes[name], value(name)) for name in sorted(shapes)]


def _row(name: str, dtype: str, shape: list[int], value: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "dtype": dtype, "shape": shape}
    if dtype not in ("string", "complex64", "complex128"):
        numbers = np.asarray(value).astype(float).ravel()
        row["values"] = numbers[:4].tolist()
        row["sum"] = float(numbers.sum())
    return row


def _constants(path: Path) -> list[dict[str, Any]]:
    """The constants of a graph that stand for variables, as TensorFlow reads them."""
    graph = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    rows = []
    for node in graph.node:
        if node.op == "Const" and node.name.startswith("Scope/"):
            value = tf.make_ndarray(node.attr["value"].tensor)
            rows.append(_row(node.name, value.dtype.name, list(value.shape), value))
    return rows


def read_all() -> dict[str, list[dict[str, Any]]]:
    """What TensorFlow reads from every fixture, by the path that means it."""
    prefixes = [path.with_suffix("") for path in sorted(FOLDER.rglob("*.index"))]
    prefixes += sorted(FOLDER.glob("v1/*"))
    found = {str(prefix.relative_to(FOLDER)): _listing(prefix) for prefix in prefixes}
    frozen = FOLDER / "frozen" / "frozen_inference_graph.pb"
    rows = _constants(frozen)
    found |= dict.fromkeys((str(frozen.relative_to(FOLDER)), "saved_model_frozen"), rows)
    return found


def main() -> None:
    """Write all fixtures anew, and `expected.json` beside them."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in ("tf2", "dtypes", "tf1", "v1", "sharded", "parts", "frozen"):
        (FOLDER / name).mkdir(parents=True)
    for write in (
        write_tf2,
        write_dtypes,
        write_tf1,
        write_v1,
        write_sharded,
        write_parts,
        write_saved_models,
    ):
        write()
    (FOLDER / "expected.json").write_text(json.dumps(read_all(), indent=1) + "\n")


if __name__ == "__main__":
    main()
