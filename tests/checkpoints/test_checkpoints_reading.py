"""Reading checkpoints that TensorFlow wrote: the fixtures, and published ones."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import pytest
from written_tables import bytes_field, entry, graph, index, number_field, shape

from cfgtool.checkpoints import open_checkpoint, read_checkpoint
from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import WIDTHS
from cfgtool.checkpoints.graph import ObjectGraph
from cfgtool.checkpoints.values import Values
from cfgtool.errors import UserError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "checkpoints"
EXPECTED: dict[str, list[dict[str, Any]]] = json.loads((FIXTURES / "expected.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_entries_are_those_that_tensorflow_lists(name: str) -> None:
    checkpoint = open_checkpoint(str(FIXTURES / name))
    found = {item.name: (item.dtype, list(item.shape)) for item in checkpoint.entries.values()}
    assert found == {row["name"]: (row["dtype"], row["shape"]) for row in EXPECTED[name]}


@pytest.mark.parametrize("name", EXPECTED)
def test_values_are_those_that_tensorflow_reads(name: str) -> None:
    checkpoint = open_checkpoint(str(FIXTURES / name))
    entries = {item.name: item for item in checkpoint.entries.values()}
    with Values(checkpoint, check=True) as values:
        for row in EXPECTED[name]:
            item = entries[row["name"]]
            raw = values.raw(item)
            assert raw.readonly
            width = WIDTHS[item.dtype]
            assert not width or len(raw) == item.elements * width
            if "values" in row and item.dtype != "bfloat16":
                numbers = values.array(item).astype(float).ravel()
                assert numbers[:4].tolist() == row["values"]
                assert numbers.sum() == row["sum"]


@pytest.mark.parametrize(
    ("name", "container", "format_", "step", "tensors", "shards"),
    [
        ("tf2/ckpt-1", "bundle", "tf2-object", 1, 2, 1),
        ("tf1/model.ckpt-7", "bundle", "tf1-name", 7, 2, 1),
        ("dtypes/all", "bundle", "tf2-object", None, 18, 1),
        ("sharded/two", "bundle", "tf1-name", None, 2, 2),
        ("parts/model.ckpt", "bundle", "tf1-name", None, 4, 2),
        ("v1/mobilenet.ckpt", "v1", "tf1-name", None, 2, 0),
        ("v1/parts.ckpt", "v1", "tf1-name", None, 12, 0),
        ("saved_model_tf2", "saved_model", "tf2-object", None, 2, 1),
        ("saved_model_tf2/variables/variables", "saved_model", "tf2-object", None, 2, 1),
        ("saved_model_tf1", "saved_model", "tf1-name", None, 3, 1),
        ("saved_model_frozen", "saved_model", "tf1-name", None, 3, 0),
        ("frozen/frozen_inference_graph.pb", "frozen_graph", "tf1-name", None, 3, 0),
    ],
)
def test_what_a_checkpoint_is(
    name: str, container: str, format_: str, step: int | None, tensors: int, shards: int
) -> None:
    checkpoint = open_checkpoint(str(FIXTURES / name))
    assert (checkpoint.container, checkpoint.format) == (container, format_)
    assert (checkpoint.step, checkpoint.shards) == (step, shards)
    assert len(checkpoint.tensors()) == tensors
    assert checkpoint.has_data
    assert checkpoint.missing_data() == []


def test_keys_lack_the_suffix_of_values() -> None:
    checkpoint = open_checkpoint(str(FIXTURES / "tf2/ckpt-1"))
    assert checkpoint.entries["model/_box_predictor/kernel"].name.endswith(
        "kernel/.ATTRIBUTES/VARIABLE_VALUE"
    )


def test_a_partitioned_variable_is_one_entry() -> None:
    checkpoint = open_checkpoint(str(FIXTURES / "tf1/model.ckpt-7"))
    item = checkpoint.entries["embedding"]
    assert (item.shape, [part[0] for part in item.slices]) == ((7, 2), [(0, 3), (3, 2), (5, 2)])
    assert len(checkpoint.parts) == 3
    assert Values(checkpoint, check=True).array(item).tolist() == [[1.0, 1.0]] * 7


@pytest.mark.parametrize("name", ["v1/parts.ckpt", "parts/model.ckpt"])
@pytest.mark.parametrize(
    ("variable", "shape"), [("rows", (200, 2)), ("columns", (2, 300)), ("cube", (2, 5, 3))]
)
def test_parts_are_put_together_in_place(name: str, variable: str, shape: tuple[int, ...]) -> None:
    """The numbers count the places."""
    checkpoint = open_checkpoint(str(FIXTURES / name))
    item = checkpoint.entries[f"parts/{variable}"]
    assert item.shape == shape
    assert len(item.slices) > 1
    assert Values(checkpoint).array(item).ravel().tolist() == list(range(prod(shape)))


def test_one_number_may_stand_for_a_constant(tmp_path: Path) -> None:
    tensor = number_field(1, 1) + bytes_field(2, shape(2, 3)) + bytes_field(5, struct.pack("<2f", 1, 2))
    (tmp_path / "graph.pb").write_bytes(graph({"a": tensor}))
    checkpoint = open_checkpoint(str(tmp_path / "graph.pb"))
    assert Values(checkpoint).array(checkpoint.entries["a"]).tolist() == [[1, 2, 2], [2, 2, 2]]


def test_strings_of_every_container(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(str(FIXTURES / "dtypes/all"))
    assert Values(checkpoint).strings(checkpoint.entries["text"]) == [b"one", b"three"]
    tensor = number_field(1, 7) + bytes_field(2, shape(2)) + bytes_field(8, b"one") + bytes_field(8, b"three")
    (tmp_path / "graph.pb").write_bytes(graph({"a": tensor}))
    checkpoint = open_checkpoint(str(tmp_path / "graph.pb"))
    assert Values(checkpoint).strings(checkpoint.entries["a"]) == [b"one", b"three"]


def test_a_graph_without_marks_lists_every_array_of_numbers(tmp_path: Path) -> None:
    vector = number_field(1, 1) + bytes_field(2, shape(2)) + bytes_field(4, bytes(8))
    scalar = number_field(1, 1) + bytes_field(4, bytes(4))
    text = number_field(1, 7) + bytes_field(2, shape(1)) + bytes_field(8, b"x")
    (tmp_path / "graph.pb").write_bytes(graph({"v": vector, "s": scalar, "t": text}, read=False))
    checkpoint = open_checkpoint(str(tmp_path / "graph.pb"))
    assert list(checkpoint.entries) == ["v"]
    assert "no constant of the graph is read like a variable" in checkpoint.notes[-1]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        # The optimizer holds the backbone's weights too, by a shorter path: there they are stored.
        ("model/_feature_extractor/classification_backbone/kernel", "optimizer/_trainable_variables/3"),
        ("model/_feature_extractor/backbone_again/bias", "optimizer/_trainable_variables/2"),
        ("model/_box_predictor/kernel", "model/_box_predictor/kernel"),
        ("model/_box_predictor", None),
        ("model/nothing", None),
    ],
)
def test_the_object_graph_leads_to_variables_under_other_names(path: str, key: str | None) -> None:
    found = open_checkpoint(str(FIXTURES / "tf2/ckpt-1")).find(path)
    assert (found.key if found else None) == key


def test_without_data_the_names_must_do(tmp_path: Path) -> None:
    (tmp_path / "ckpt-1.index").write_bytes((FIXTURES / "tf2/ckpt-1.index").read_bytes())
    checkpoint = open_checkpoint(str(tmp_path / "ckpt-1"))
    assert not checkpoint.has_data
    assert checkpoint.missing_data() == [f"{tmp_path}/ckpt-1.data-00000-of-00001"]
    assert checkpoint.find("model/_feature_extractor/classification_backbone/kernel") is None
    with pytest.raises(UserError, match=r"data-00000-of-00001: data file of the checkpoint is missing"):
        Values(checkpoint).raw(checkpoint.entries["step"])


def test_data_that_is_cut_off_or_wrong_is_told(tmp_path: Path) -> None:
    for suffix in (".index", ".data-00000-of-00001"):
        (tmp_path / f"c{suffix}").write_bytes((FIXTURES / f"tf2/ckpt-1{suffix}").read_bytes())
    data = tmp_path / "c.data-00000-of-00001"
    whole = data.read_bytes()
    checkpoint = open_checkpoint(str(tmp_path / "c"))
    item = checkpoint.entries["model/_box_predictor/kernel"]
    data.write_bytes(whole[: item.offset] + b"\x01" + whole[item.offset + 1 :])
    with pytest.raises(UserError, match=f"byte {item.offset}: the checksum of 'model/_box_predictor/kernel"):
        Values(checkpoint, check=True).raw(item)
    data.write_bytes(whole[: item.offset + 5])
    with pytest.raises(UserError, match=f"ends before byte {item.offset + item.size}"):
        Values(checkpoint).raw(item)
    assert checkpoint.find("model/other") is None
    assert "object graph cannot be read" in checkpoint.notes[0]


@pytest.mark.parametrize(
    "message",
    [b"\x08\1", b"\x0a\2\x08\1", b"\x0a\4\x0a\2\x10\1", b"\x0a\7\x0a\5\x08\7\x12\1a", b"\x0f"],
)
def test_an_object_graph_that_is_none_is_told(message: bytes) -> None:
    with pytest.raises(DamageError):
        ObjectGraph(message).name("a/b")


@pytest.mark.parametrize(
    ("key", "bookkeeping"),
    [
        ("model/_feature_extractor/a/kernel/.OPTIMIZER_SLOT/optimizer/momentum", True),
        ("optimizer/learning_rate", True),
        ("save_counter", True),
        ("step", True),
        ("global_step", True),
        ("_CHECKPOINTABLE_OBJECT_GRAPH", True),
        ("BoxPredictor_0/Class/weights/Momentum", True),
        ("BoxPredictor_0/Class/weights/RMSProp_1", True),
        ("BoxPredictor_0/Class/weights/ExponentialMovingAverage", True),
        ("BoxPredictor_0/Class/weights", False),
        ("FeatureExtractor/MobilenetV1/Conv2d_1/weights", False),
        ("model/_feature_extractor/a/kernel", False),
        ("model/step/kernel", False),
    ],
)
def test_bookkeeping(key: str, bookkeeping: bool, tmp_path: Path) -> None:
    (tmp_path / "c.index").write_bytes(index({key.encode(): entry()}))
    assert read_checkpoint(str(tmp_path / "c")).entries[key].bookkeeping is bookkeeping


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "format_", "entries", "bookkeeping", "step"),
    [
        ("trained_ssd_mobilenet_v2_fpnlite/ckpt-3", "tf2-object", 622, 238, 3),
        ("trained_ssd_mobilenet_v2_fpnlite_step0/ckpt-1", "tf2-object", 387, 3, 1),
        ("trained_tf1_ssd_mobilenet_v1/model.ckpt-376916", "tf1-name", 587, 388, 376916),
        ("zoo_efficientdet_d0/ckpt-0", "tf2-object", 685, 2, 0),
        ("zoo_ssd_mobilenet_v2_fpnlite_320x320/ckpt-0", "tf2-object", 386, 2, 0),
        ("zoo_tf1_faster_rcnn_inception_v2_coco_2018_01_28/model.ckpt", "tf1-name", 357, 1, None),
        ("zoo_tf1_ssd_mobilenet_v1_coco_11_06_2017/model.ckpt", "tf1-name", 587, 388, None),
    ],
)
def test_published_and_trained_checkpoints(
    shared: Path, name: str, format_: str, entries: int, bookkeeping: int, step: int | None
) -> None:
    checkpoint = open_checkpoint(str(shared / "corpus" / "checkpoints" / name))
    assert (checkpoint.format, checkpoint.step, checkpoint.has_data) == (format_, step, False)
    assert len(checkpoint.entries) == entries
    assert sum(item.bookkeeping for item in checkpoint.entries.values()) == bookkeeping


@pytest.mark.slow
def test_what_is_expected_is_what_tensorflow_reads() -> None:
    pytest.importorskip("tensorflow")
    from tools.make_checkpoint_fixtures import read_all

    assert read_all() == EXPECTED


@pytest.mark.slow
@pytest.mark.reference
def test_tensorflow_lists_the_same(shared: Path) -> None:
    prefixes = [str(path)[: -len(".index")] for path in (shared / "corpus/checkpoints").glob("*/*.index")]
    script = (
        "import json, sys, tensorflow as tf\n"
        "print(json.dumps([tf.train.list_variables(prefix) for prefix in sys.argv[1:]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *prefixes], capture_output=True, text=True, check=True
    )
    for prefix, rows in zip(prefixes, json.loads(done.stdout.splitlines()[-1]), strict=True):
        own = [[item.name, list(item.shape)] for item in open_checkpoint(prefix).entries.values()]
        assert own == rows


def test_reading_imports_no_more_than_it_needs() -> None:
    script = (
        "import sys; from cfgtool.checkpoints import open_checkpoint; import cfgtool.matching.verdict\n"
        f"open_checkpoint({str(FIXTURES / 'tf2/ckpt-1')!r}).find('model/none')\n"
        "heavy = ('tensorflow', 'numpy', 'google.protobuf', 'rich', 'difflib')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
