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
    """A name-based checkpoint in one file, as before 2017."""
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session() as session:
        make = tf.compat.v1.get_variable
        make("MobilenetV1/Conv2d_0/weights", initializer=_values(3, 3, 3, 4), use_resource=False)
        make("MobilenetV1/Conv2d_0/BatchNorm/beta", initializer=_values(4), use_resource=False)
        make("global_step", initializer=np.int64(7), use_resource=False)
        session.run(tf.compat.v1.global_variables_initializer())
        version = tf.compat.v1.train.SaverDef.V1
        saver = tf.compat.v1.train.Saver(write_version=version)
        saver.save(session, str(FOLDER / "v1" / "mobilenet.ckpt"), write_meta_graph=False, write_state=False)


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
    rows = []
    for name, shape in sorted(reader.get_variable_to_shape_map().items()):
        dtype = reader.get_variable_to_dtype_map()[name].name
        row: dict[str, Any] = {"name": name, "dtype": dtype, "shape": shape}
        if dtype not in ("string", "complex64", "complex128"):
            row["values"] = np.asarray(reader.get_tensor(name)).astype(float).ravel()[:4].tolist()
        rows.append(row)
    return rows


def main() -> None:
    """Write all fixtures anew, and `expected.json` beside them."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in ("tf2", "dtypes", "tf1", "v1", "sharded"):
        (FOLDER / name).mkdir(parents=True)
    for write in (write_tf2, write_dtypes, write_tf1, write_v1, write_sharded):
        write()
    prefixes = [path.with_suffix("") for path in sorted(FOLDER.glob("*/*.index"))]
    prefixes += FOLDER.glob("v1/*")
    expected = {str(prefix.relative_to(FOLDER)): _listing(prefix) for prefix in prefixes}
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
