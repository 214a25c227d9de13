"""Training on records that TensorFlow cannot open: the same records, in the same order, from any step on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cfgtool import schema, textproto
from cfgtool.data.tfrecord import frame
from cfgtool.errors import UserError

tf = pytest.importorskip("tensorflow")

from cfgtool.checkpoints import open_checkpoint  # noqa: E402
from cfgtool.training.input.read_errors import explain  # noqa: E402
from cfgtool.training.input.readers import evaluation_records, input_files, training_records  # noqa: E402
from cfgtool.training.run.job import load_job  # noqa: E402
from cfgtool.training.run.restoring import carry_out  # noqa: E402

Put = Callable[[str, bytes], str]
NAMES = ("a.record", "b.record", "c.record")


def reader(paths: list[str], more: str = "") -> schema.Config:
    inputs = " ".join(f'input_path: "{path}"' for path in paths)
    text = f"train_input_reader {{ {more} num_readers: 2 tf_record_input_reader {{ {inputs} }} }}"
    return schema.read_config(textproto.parse(text)).message("train_input_reader")


def both(put: Put, folder: Path, more: str = "") -> tuple[schema.Config, schema.Config]:
    """A reader of files here, and one of the same files in memory."""
    here, there = [], []
    for number, name in enumerate(NAMES):
        data = b"".join(frame(f"{name} {record}".encode()) for record in range(5 + 3 * number))
        (folder / name).write_bytes(data)
        here.append(str(folder / name))
        there.append(put(f"bucket/{name}", data))
    return reader(here, more), reader(there, more)


def first(dataset: Any, count: int) -> list[bytes]:
    return list(dataset.take(count).as_numpy_iterator())


@pytest.mark.parametrize("more", ["", "shuffle: false", "sample_1_of_n_examples: 3", "read_block_length: 2"])
@pytest.mark.parametrize("start", [0, 7, 31])
def test_the_order_is_that_of_local_files(memory: Put, tmp_path: Path, more: str, start: int) -> None:
    here, there = both(memory, tmp_path, more)
    expected = first(training_records(here, 5, start), 60)
    assert first(training_records(there, 5, start), 60) == expected
    assert len(set(expected)) > 5


def test_a_run_goes_on_where_it_stopped(memory: Put, tmp_path: Path) -> None:
    _, there = both(memory, tmp_path)
    whole = first(training_records(there, 5, 0), 70)
    assert first(training_records(there, 5, 40), 30) == whole[40:]


def test_weights_mix_the_same_streams(memory: Put, tmp_path: Path) -> None:
    weights = " ".join(f"sample_from_datasets_weights: {weight}" for weight in (0.2, 0.5, 0.3))
    here, there = both(memory, tmp_path, weights)
    assert first(training_records(there, 1, 9), 40) == first(training_records(here, 1, 9), 40)


def test_evaluation_reads_each_once(memory: Put, tmp_path: Path) -> None:
    here, there = both(memory, tmp_path)
    assert list(evaluation_records(there).as_numpy_iterator()) == list(
        evaluation_records(here).as_numpy_iterator()
    )


def test_files_here_and_elsewhere_are_read_together(memory: Put, tmp_path: Path) -> None:
    here, there = both(memory, tmp_path)
    mixed = reader([input_files(here)[0], *input_files(there)[1:]])
    assert first(training_records(mixed, 5, 0), 40) == first(training_records(here, 5, 0), 40)


def test_what_is_not_there_is_said_before_the_first_step(
    memory: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no file matches input_path 'memory://bucket/none.record'"):
        training_records(reader(["memory://bucket/none.record"]), 0, 0)
    memory("bucket/cut.record", frame(b"whole") + frame(b"cut")[:-3])
    with pytest.raises(UserError, match="3 bytes too early"):
        training_records(reader(["memory://bucket/cut.record"]), 0, 0)


def test_damage_met_while_training_is_one_message(memory: Put) -> None:
    data = bytearray(frame(b"abcd") * 3)
    data[-6] ^= 1
    config = reader([memory("bucket/a.record", bytes(data))], "shuffle: false")
    with pytest.raises(tf.errors.OpError) as caught:
        first(training_records(config, 0, 0), 3)
    told = str(explain(caught.value, config))
    assert told.startswith(
        "reading the data failed: memory://bucket/a.record: the data checksum does not fit"
    )
    assert "(record 2, byte 40)" in told
    assert "\n" not in told


def test_paths_beside_a_config_that_is_elsewhere(memory: Put) -> None:
    text = (
        "model { ssd { num_classes: 1 } }\n"
        'train_input_reader { label_map_path: "map.pbtxt" tf_record_input_reader { input_path: "data/*.record" '
        'input_path: "memory://other/x.record" } }\n'
    )
    memory("bucket/map.pbtxt", b'item { id: 1 name: "a" }\n')
    memory("bucket/data/a.record", frame(b""))
    job = load_job(memory("bucket/pipeline.config", text.encode()))
    train = job.config.message("train_input_reader")
    assert train.text("label_map_path") == "memory://bucket/map.pbtxt"
    patterns = ["memory://bucket/data/*.record", "memory://other/x.record"]
    assert train.message("tf_record_input_reader").texts("input_path") == patterns
    assert job.lasting_text == job.text


def test_weights_come_from_a_checkpoint_elsewhere(memory: Put, fixtures: Path) -> None:
    for path in (fixtures / "demo" / "pretrained").iterdir():
        memory(f"bucket/{path.name}", path.read_bytes())

    def given(prefix: str) -> dict[str, Any]:
        checkpoint = open_checkpoint(prefix)
        restored = [(SimpleNamespace(name=entry.key), entry) for entry in checkpoint.tensors()]
        found: dict[str, Any] = {}
        assembly: Any = SimpleNamespace(weights=SimpleNamespace(assign=found.update))
        plan: Any = SimpleNamespace(checkpoint=checkpoint, restored=restored)
        carry_out(plan, assembly)
        return found

    here, there = given(str(fixtures / "demo/pretrained/ckpt-1")), given("memory://bucket/ckpt-1")
    assert here.keys() == there.keys()
    assert all((here[key] == there[key]).all() for key in here)
