"""`cfgtool new` as a command: what it writes, says and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from created_data import LABEL_MAP, PLAIN_LABEL_MAP, example, write_data

from cfgtool.cli.main import main
from cfgtool.data.tfrecord import write_records
from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.schema.config import Config
from cfgtool.textproto import parse

SMALL = ("--like", "ssd_mobilenet_v2_fpnlite", "--memory", "16")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


@pytest.fixture
def new(capsys: pytest.CaptureFixture[str]):
    """Runs `cfgtool new`; its status, standard output and standard error."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["new", *map(str, words)])
        return int(stop.value.code or 0), *capsys.readouterr()

    return call


def read(path: Path) -> Config:
    return read_config(parse(path.read_text()))


def test_config_names_files_relative_to_itself(new, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run" / "pipeline.config"
    out.parent.mkdir()
    status, told, _ = new(*SMALL, "--data", data, "-o", out)
    assert status == 0
    config = read(out)
    assert config.find("train_input_reader").text("label_map_path") == "../data/label_map.pbtxt"
    assert config.find("train_input_reader.tf_record_input_reader").texts("input_path") == [
        "../data/train.record"
    ]
    [reader] = config.messages("eval_input_reader")
    assert reader.message("tf_record_input_reader").texts("input_path") == ["../data/val.record"]
    assert "learning rate" in told
    assert "Goyal" in told


def test_paths_lead_to_the_files_through_a_symbolic_link(new, data: Path, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    out = tmp_path / "link" / "pipeline.config"
    assert new(*SMALL, "--data", data, "-o", out)[0] == 0
    name = read(out).find("train_input_reader").text("label_map_path")
    assert (tmp_path / "link" / name).samefile(data / "label_map.pbtxt")


def test_json_has_every_choice(new, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "pipeline.config"
    status, told, _ = new(*SMALL, "--data", data, "-o", out, "--format", "json")
    answer = json.loads(told)
    assert status == 0
    assert answer["path"] == str(out)
    values = {choice["name"]: choice["value"] for choice in answer["choices"]}
    assert values["classes"] == "2"
    assert values["examples"] == "24"
    assert values["input size"] == "320x320"
    assert values["batch size"] == "16"
    assert answer["findings"] == []


def test_existing_file_stays_unless_forced(new, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "pipeline.config"
    out.write_text("mine")
    status, _, error = new(*SMALL, "--data", data, "-o", out)
    assert status == 2
    assert "--force replaces it" in error
    assert out.read_text() == "mine"
    assert new(*SMALL, "--data", data, "-o", out, "--force")[0] == 0
    assert out.read_text() != "mine"


def test_dash_writes_the_config_alone_to_standard_output(new, data: Path) -> None:
    status, text, told = new(*SMALL, "--data", data, "-o", "-")
    assert status == 0
    assert parse(text).problems == []
    assert "batch size" in told


def test_dry_run_writes_nothing(new, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "pipeline.config"
    out.write_text("mine")
    status, told, _ = new(*SMALL, "--data", data, "-o", out, "--dry-run")
    assert status == 0
    assert "wrote nothing" in told
    assert out.read_text() == "mine"


def test_rate_follows_the_batch(new, data: Path, tmp_path: Path) -> None:
    """0.08 for 128 images, in proportion, up to the two digits that are written."""
    out = tmp_path / "pipeline.config"
    for batch, rate in ((8, 0.005), (32, 0.02), (128, 0.08)):
        new(*SMALL, "--data", data, "-o", out, "--force", "--batch-size", batch)
        cosine = read(out).find(
            "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
        )
        assert cosine.number("learning_rate_base") == pytest.approx(rate, rel=1e-6)
        assert cosine.number("warmup_learning_rate") < rate / 2


def test_steps_follow_the_epochs(new, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", train=400, boxes=1)
    out = tmp_path / "pipeline.config"
    new(*SMALL, "--data", data, "-o", out, "--batch-size", "4", "--epochs", "60")
    train = read(out).message("train_config")
    assert train.integer("num_steps") == 6000
    cosine = train.find("optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate")
    assert cosine.integer("total_steps") == 6000
    assert cosine.integer("warmup_steps") == 600
    new(*SMALL, "--data", data, "-o", out, "--force", "--steps", "50")
    assert read(out).message("train_config").integer("num_steps") == 50


@pytest.mark.parametrize(("memory", "batch"), [("0.6", 2), ("1", 4), ("16", 16), ("80", 16)])
def test_batch_fits_the_memory(new, data: Path, tmp_path: Path, memory: str, batch: int) -> None:
    """0.17 GiB an image; never more images than there are examples."""
    out = tmp_path / "pipeline.config"
    new("--like", SMALL[1], "--data", data, "-o", out, "--memory", memory)
    assert read(out).message("train_config").integer("batch_size") == batch


def test_step_that_does_not_fit_is_told(new, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "pipeline.config"
    status, told, _ = new("--like", "ssd_efficientdet_d7", "--data", data, "-o", out, "--memory", "4")
    assert status == 0
    assert "may not fit the memory" in told


def test_long_images_keep_their_shape(new, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", size=(100, 400))
    out = tmp_path / "pipeline.config"
    new(*SMALL, "--data", data, "-o", out)
    resizer = read(out).find("model.ssd.image_resizer")
    assert resizer.which("image_resizer_oneof") == "keep_aspect_ratio_resizer"
    assert resizer.find("keep_aspect_ratio_resizer").flag("pad_to_max_dimension")


def test_small_objects_in_large_images_get_the_larger_size(new, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", train=3, val=0, size=(900, 1200), boxes=4)
    out = tmp_path / "pipeline.config"
    _, told, _ = new(*SMALL, "--data", data, "-o", out)
    assert read(out).find("model.ssd.image_resizer.fixed_shape_resizer").integer("height") == 640
    assert "no records for evaluation" in told
    assert not read(out).has("eval_config")


def test_crowded_images_get_room_for_their_boxes(new, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", train=4, val=2, boxes=150)
    out = tmp_path / "pipeline.config"
    _, told, _ = new(*SMALL, "--data", data, "-o", out)
    config = read(out)
    assert config.message("train_input_reader").integer("max_number_of_boxes") == 200
    suppression = config.find("model.ssd.post_processing.batch_non_max_suppression")
    assert suppression.integer("max_total_detections") == 200
    assert "CFG555" not in told


@pytest.mark.parametrize("name", ["train.record-{:05d}-of-00002", "train-{:05d}-of-00002.record"])
def test_sharded_records_become_one_pattern(new, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for shard in range(2):
        write_records(str(folder / name.format(shard)), [example(shard), example(shard + 2)])
    (folder / "classes.pbtxt").write_text(PLAIN_LABEL_MAP)
    out = tmp_path / "pipeline.config"
    _, told, _ = new(*SMALL, "--data", folder, "-o", out, "--format", "json")
    assert read(out).find("train_input_reader.tf_record_input_reader").texts("input_path") == [
        f"data/{name.replace('{:05d}', '?????')}"
    ]
    assert {"name": "examples", "value": "4"}.items() <= json.loads(told)["choices"][2].items()


def test_keypoints_without_sides_are_not_mirrored(new, tmp_path: Path) -> None:
    label_map = (
        'item { id: 1 name: "arrow" keypoints { id: 0 label: "tip" } keypoints { id: 1 label: "tail" } }'
    )
    data = write_data(tmp_path / "data", label_map=label_map + PLAIN_LABEL_MAP.splitlines()[1], keypoints=2)
    out = tmp_path / "pipeline.config"
    _, told, _ = new("--like", "centernet_resnet50_v2", "--data", data, "-o", out, "--memory", "16")
    config = read(out)
    assert [task.text("task_name") for task in config.message("model").message("center_net").messages(
        "keypoint_estimation_task")] == ["arrow_pose"]  # fmt: skip
    assert "not mirrored" in told
    assert "random_horizontal_flip" not in out.read_text()
    assert config.message("train_input_reader").integer("num_keypoints") == 2


def test_label_map_decides_about_keypoints(new, tmp_path: Path) -> None:
    """Keypoints that nobody names are left out, and that is said."""
    data = write_data(tmp_path / "data", keypoints=3)
    out = tmp_path / "pipeline.config"
    _, told, _ = new("--like", "centernet_resnet50_v2", "--data", data, "-o", out, "--memory", "16")
    assert "the label map does not name them" in told
    assert "keypoint" not in out.read_text()


def test_class_name_cannot_leave_its_string_or_comment(new, tmp_path: Path) -> None:
    """A name with quotes, braces and backslashes comes back as it was."""
    name = "\"} # \\ } model { ssd { num_classes: 9 } } '"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    label_map = f'item {{ id: 1 name: "{escaped}" keypoints {{ id: 0 label: "{escaped}" }} }}\n'
    data = write_data(tmp_path / "data", label_map=label_map, keypoints=2, boxes=1)
    out = tmp_path / "pipeline.config"
    status, _, error = new("--like", "centernet_resnet50_v2", "--data", data, "-o", out, "--memory", "16")
    assert (status, error) == (0, "")
    model = read(out).message("model")
    assert model.which("model") == "center_net"
    [task] = model.message("center_net").messages("keypoint_estimation_task")
    assert task.text("keypoint_class_name") == name
    assert parse(out.read_text()).problems == []


REFUSED = {
    "network": (("--like", "ssd_mobilenet_v2_fpnlit"), "did you mean 'ssd_mobilenet_v2_fpnlite'"),
    "no network": ((), "give --like NETWORK"),
    "steps and epochs": ((*SMALL, "--steps", "9", "--epochs", "9"), "give one of them"),
    "size is none": ((*SMALL, "--size", "big"), "is no size"),
    "size between strides": ((*SMALL, "--size", "300"), "288x288 is the nearest"),
    "size of another EfficientDet": (
        ("--like", "ssd_efficientdet_d0", "--size", "640"),
        "ssd_efficientdet_d1 is the one for 640",
    ),
    "masks": (("--like", "mask_rcnn_inception_resnet_v2"), "the records have none"),
    "keypoints": (("--like", "centernet_hourglass104_512x512_kpts_coco17_tpu-32"), "the records have none"),
    "checkpoint": ((*SMALL, "--checkpoint", "nowhere/ckpt-1"), "nowhere"),
    "checkpoint of another network": (
        (*SMALL, "--checkpoint", "fixtures/demo/pretrained/ckpt-1"),
        "ckpt-1",
    ),
    "format": ((*SMALL, "--format", "yaml"), "no format 'yaml'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(new, data: Path, tmp_path: Path, case: str) -> None:
    words, message = REFUSED[case]
    out = tmp_path / "pipeline.config"
    status, _, error = new(*words, "--data", data, "-o", out)
    assert status == 2
    assert message in error
    assert "Traceback" not in error
    assert not out.exists()


def test_refused_data(new, tmp_path: Path) -> None:
    """Everything that a folder can lack, or hold too much of."""
    folder = tmp_path / "data"
    out = ("-o", tmp_path / "pipeline.config")
    assert "no such folder" in new(*SMALL, "--data", folder, *out)[2]
    folder.mkdir()
    assert "has no training records" in new(*SMALL, "--data", folder, *out)[2]
    write_records(str(folder / "train.record"), [example(1)])
    assert "has no label map" in new(*SMALL, "--data", folder, *out)[2]
    (folder / "a.pbtxt").write_text(PLAIN_LABEL_MAP)
    (folder / "b.pbtxt").write_text(PLAIN_LABEL_MAP)
    assert "may be the label map" in new(*SMALL, "--data", folder, *out)[2]
    (folder / "label_map.pbtxt").write_text('item { id: 1 name: "person" }')
    assert "the label map" in new(*SMALL, "--data", folder, *out)[2]  # which ends at 1, a box has 2
    (folder / "label_map.pbtxt").write_text(LABEL_MAP)
    (folder / "train.record").write_bytes(b"no record")
    assert "not a TFRecord file" in new(*SMALL, "--data", folder, *out)[2]
    write_records(str(folder / "train.record"), [example(1, boxes=0)])
    assert "no record has a box" in new(*SMALL, "--data", folder, *out)[2]
    assert not out[1].exists()


def test_list_shows_every_network(new) -> None:
    status, told, _ = new("--list", "--format", "json")
    rows = {row["name"]: row for row in json.loads(told)}
    assert status == 0
    small, large = rows["ssd_mobilenet_v2_fpnlite"]["sizes"]
    assert (small["size"], large["size"]) == (320, 640)
    assert large["multiply_adds"] == pytest.approx(4 * small["multiply_adds"], rel=0.02)
    # As the OD API counts it, for 90 classes.
    assert rows["ssd_mobilenet_v2_fpnlite"]["parameters"] == 2_667_002
    text = new("--list")[1]
    assert all(name in text for name in rows)


def test_neither_tensorflow_nor_numpy_is_loaded(data: Path, tmp_path: Path) -> None:
    words = ["new", *SMALL, "--data", str(data), "-o", str(tmp_path / "pipeline.config")]
    code = (
        f"import sys; from cfgtool.cli.main import main\ntry: main({words!r})\nexcept SystemExit: pass\n"
        "print(sorted({'tensorflow', 'numpy', 'keras', 'PIL', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.reference
def test_published_checkpoint_is_matched(new, data: Path, shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "pipeline.config"
    prefix = shared / "corpus" / "checkpoints" / "zoo_efficientdet_d0" / "ckpt-0"
    words = ("--like", "ssd_efficientdet_d0", "--data", data, "-o", out, "--memory", "2.5")
    _, told, _ = new(*words, "--checkpoint", os.path.relpath(prefix))
    train = read(out).message("train_config")
    assert train.text("fine_tune_checkpoint_type") == "detection"
    assert train.enum("fine_tune_checkpoint_version") == "V2"
    assert train.integer("batch_size") == 2
    # Too few images for batch norm to learn from, and a checkpoint that brings its averages along.
    assert read(out).find("model.ssd").flag("freeze_batchnorm")
    assert f"of {describe(read(out)).parameters:,} parameters are restored" in " ".join(told.split())
    found = (Path(out).parent / (train.text("fine_tune_checkpoint") + ".index")).resolve()
    assert found == Path(str(prefix) + ".index").resolve()
