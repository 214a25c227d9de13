"""The start page: what a run says before TensorFlow is loaded, and what it refuses there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfgtool.cli.main import main
from cfgtool.data.tfrecord import frames, write_records
from cfgtool.errors import UserError
from cfgtool.lint.paint import painter
from cfgtool.matching.report.text import Screen
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.starting.estimates import earlier_rate, estimate, in_bytes, in_time
from cfgtool.training.starting.learning_rates import marks, sparkline
from cfgtool.training.starting.page import page_as_text
from cfgtool.training.starting.plan import Start, plan_start

FRESH = 'train_config.fine_tune_checkpoint=""'
RECORDS = "train_input_reader.tf_record_input_reader.input_path"


@pytest.fixture
def config(fixtures: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("COLUMNS", raising=False)
    return str(fixtures / "demo" / "pipeline.config")


def begin(config: str, model_dir: Path, *overrides: str, **more: Any) -> Start:
    return plan_start(load_job(config, overrides), TrainOptions(config, model_dir, **more))


def page(config: str, model_dir: Path, *overrides: str, width: int | None = 120, **more: Any) -> list[str]:
    options = TrainOptions(config, model_dir, overrides=overrides, **more)
    job = load_job(config, overrides)
    return list(page_as_text(job, plan_start(job, options), options, Screen(width, painter(False), True)))


def line(lines: list[str], label: str) -> str:
    """The text of a label, its further lines joined."""
    start = next(i for i, text in enumerate(lines) if text.startswith(f"{label} "))
    found = [lines[start][12:]]
    for text in lines[start + 1 :]:
        if not text.startswith(" " * 12):
            break
        found.append(text.strip())
    return " ".join(found)


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    with pytest.raises(SystemExit) as ended:
        main(["train", *words, "--dry-run", "--format", "json"])
    assert ended.value.code == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_the_restore_is_told_as_match_tells_it(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = page(config, tmp_path)
    with pytest.raises(SystemExit):
        main(["match", config])
    told = capsys.readouterr().out.splitlines()
    table = [text for text in told if text.startswith(("backbone", "neck", "head", "all"))]
    assert len(table) == 4
    for text in table:
        assert f"  {text}" in lines
    assert "all 175 variables below the heads are restored" in line(lines, "weights")


def test_data_classes_and_epochs(config: str, tmp_path: Path, fixtures: Path) -> None:
    lines = page(config, tmp_path, eval_every=50)
    records = len(list(frames(str(fixtures / "shapes" / "shapes_train.record"))))
    assert f"{records} records in 1 file" in line(lines, "data")
    assert "label map of 4 classes, each has boxes" in line(lines, "data")
    assert "40 records" in line(lines, "evaluation")
    assert "every 50 steps and at the end" in line(lines, "evaluation")
    assert f"{600 * 16 / records:.3g} epochs of {records / 16:.4g} steps" in line(lines, "steps")
    assert "random_adjust_brightness (max_delta 0.1)" in line(lines, "augment")
    assert "cosine_decay" in line(lines, "rate")
    assert "0.02 at step 51" in line(lines, "rate")
    assert line(lines, "time") == "known after the first steps"


def test_no_line_is_wider_than_the_terminal(config: str, tmp_path: Path) -> None:
    for width in (80, 120):
        lines = page(config, tmp_path, width=width)
        # A path is never broken, however long.
        assert max(len(line) for line in lines if str(tmp_path) not in line) <= width


def test_frozen_variables_are_counted_by_part(config: str, tmp_path: Path) -> None:
    told = line(page(config, tmp_path, 'train_config.freeze_variables="backbone/.*"'), "frozen")
    assert told.startswith("135 variables of 199 do not change")
    assert "135 of 135 in backbone" in told


def test_fields_without_effect_are_named(config: str, tmp_path: Path) -> None:
    notes = " ".join(page(config, tmp_path, width=None))
    assert "training does not read train_config.batch_queue_capacity" in notes


def test_json_says_the_same(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = as_json(capsys, config, "--model-dir", str(tmp_path / "run"), "--eval-every", "7")
    assert said["weights"]["from"] == "restore"
    parts = {part["name"]: part for part in said["weights"]["parts"]}
    assert parts["backbone"]["fates"] == {"restored": 135}
    assert sum(part["parameters"] for part in parts.values()) == said["network"]["parameters"]
    assert said["data"]["classes"]["triangle"] > 0
    assert said["evaluation"]["records"] == 40
    assert said["epochs"] * said["steps_per_epoch"] == pytest.approx(said["num_steps"])
    assert said["memory"]["total"] == sum(
        said["memory"][name] for name in ("weights", "gradients", "slots", "activations")
    )
    assert said["time"] == {"steps_per_sec": None, "seconds": None}
    assert said["learning_rate"]["marks"][0] == {"step": 0, "rate": pytest.approx(0.005)}
    assert said["lint"]["error"] == 1
    assert not (tmp_path / "run").exists(), "a dry run makes nothing"


def test_the_dry_run_loads_neither_tensorflow_nor_numpy(config: str, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom cfgtool.cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'tensorflow', 'numpy', 'keras', 'PIL', 'rich'} & set(sys.modules)))"
    )
    words = ["train", config, "--model-dir", str(tmp_path / "run"), "--dry-run", "--eval-every", "5"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert "weights     from" in done.stderr


def test_an_earlier_rate_foretells_the_time(config: str, tmp_path: Path) -> None:
    rows = [{"step": 1, "steps_per_sec": 0.1}, *({"step": n, "steps_per_sec": 2.0} for n in range(2, 9))]
    (tmp_path / "metrics.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows) + '{"step": 8, "x/mAP": 0.5}\n{"ste'
    )
    assert earlier_rate(tmp_path) == 2.0, "the first step traces and does not count"
    assert line(page(config, tmp_path), "time") == "about 5 min at 2 steps a second, as the earlier run here"


def test_mixed_precision_halves_activations(config: str, tmp_path: Path) -> None:
    job = load_job(config)
    network = begin(config, tmp_path).network
    found = [
        estimate(
            job.config.message("train_config"),
            network,
            frozenset(),
            TrainOptions(config, tmp_path, precision=name),
        ).memory
        for name in ("float32", "mixed_bfloat16")
    ]
    assert found[0].activations == pytest.approx(2 * found[1].activations, abs=1)
    assert found[0].fixed == found[1].fixed


def test_the_sparkline_follows_the_rate() -> None:
    assert sparkline(lambda step: step, 80, 8) == "▁▂▃▄▅▆▇█"
    assert sparkline(lambda step: 1.0, 80, 4) == "████"
    assert sparkline(lambda step: 0.0, 80, 4) == "▁▁▁▁"
    assert sparkline(lambda step: step, 80, 8, blocks=False).isascii()
    assert marks(lambda step: -abs(step - 30), 100) == [(0, -30), (30, 0), (50, -20), (99, -69)]
    assert marks(lambda step: 1.0, 1) == [(0, 1.0)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "5 s"),
        (89.6, "90 s"),
        (120, "2 min"),
        (3600, "1 h 0 min"),
        (12_060, "3 h 21 min"),
        (187_300, "2 d 4 h"),
    ],
)
def test_spans_of_time(seconds: float, words: str) -> None:
    assert in_time(seconds) == words


def test_sizes() -> None:
    assert [in_bytes(size) for size in (12, 6_200_000, 93e6, 25.3e9)] == [
        "12 bytes",
        "6.2 MB",
        "93 MB",
        "25.3 GB",
    ]


def test_an_override_fills_a_placeholder(config: str, tmp_path: Path, fixtures: Path) -> None:
    text = (
        Path(config)
        .read_text()
        .replace("../shapes/shapes_train.record", "PATH_TO_BE_CONFIGURED/train.record")
    )
    text = text.replace("../shapes", str(fixtures / "shapes"))
    changed = tmp_path / "pipeline.config"
    changed.write_text(text)
    with pytest.raises(UserError, match="CFG043"):
        load_job(str(changed), [FRESH])
    records = fixtures / "shapes" / "shapes_train.record"
    job = load_job(str(changed), [FRESH, f'{RECORDS}=["{records}"]'])
    assert plan_start(job, TrainOptions(str(changed), tmp_path / "run")).data.files == 1


def test_errors_are_placed_in_the_file_as_it_is(config: str, tmp_path: Path) -> None:
    changed = tmp_path / "pipeline.config"
    changed.write_text(Path(config).read_text() + "\nmodel_of_tomorrow { }\n")
    number = len(changed.read_text().splitlines())
    with pytest.raises(UserError) as caught:
        load_job(str(changed), ["model.ssd.freeze_batchnorm=true", "train_config.replicas_to_aggregate=3"])
    assert caught.value.line == number


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"best": "DetectionBoxes_Precision/mAP"}, "--best compares evaluations"),
        ({"patience": 3}, "--patience compares evaluations"),
        ({"precision": "float16"}, "--precision 'float16' is not known"),
    ],
)
def test_options_that_make_no_sense(config: str, tmp_path: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        begin(config, tmp_path, **more)


def test_evaluation_data_counts_where_the_run_evaluates(config: str, tmp_path: Path) -> None:
    missing = "eval_input_reader[0].tf_record_input_reader.input_path=nowhere.record"
    assert begin(config, tmp_path, missing).evaluation is None
    assert "no data" in line(page(config, tmp_path, missing), "evaluation")
    with pytest.raises(UserError, match=r"nowhere\.record"):
        begin(config, tmp_path, missing, eval_every=5)


def test_no_evaluation_reader(config: str, tmp_path: Path) -> None:
    text = Path(config).read_text()
    changed = Path(shutil.copytree(Path(config).parent, tmp_path / "demo")) / "pipeline.config"
    text = text[: text.index("eval_input_reader")].replace(
        "../shapes", str(Path(config).parents[1] / "shapes")
    )
    changed.write_text(text)
    assert begin(str(changed), tmp_path / "run").evaluation is None
    with pytest.raises(UserError, match="no eval_input_reader"):
        begin(str(changed), tmp_path / "run", eval_every=5)


def cut(data: bytes) -> bytes:
    return data[:-5]


def flipped(data: bytes) -> bytes:
    """A byte of the second record's image changed."""
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(("harm", "message"), [(cut, "ends"), (flipped, "checksum")])
def test_damaged_records_are_found_before_the_start(
    config: str, tmp_path: Path, fixtures: Path, harm: Any, message: str
) -> None:
    some = [
        record.data
        for record, _ in zip(frames(str(fixtures / "shapes" / "shapes_train.record")), range(4), strict=False)
    ]
    path = tmp_path / "few.record"
    write_records(str(path), some)
    assert begin(config, tmp_path / "run", f'{RECORDS}=["{path}"]').data.records == 4
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(UserError, match=message) as caught:
        begin(config, tmp_path / "run", f'{RECORDS}=["{path}"]')
    assert caught.value.path == str(path)


def test_an_empty_record_file(config: str, tmp_path: Path) -> None:
    path = tmp_path / "none.record"
    path.write_bytes(b"")
    with pytest.raises(UserError, match="has no records"):
        begin(config, tmp_path / "run", f'{RECORDS}=["{path}"]')


def test_json_goes_with_the_dry_run(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", config, "--model-dir", str(tmp_path), "--format", "json"])
    assert ended.value.code == 2
    assert "--dry-run" in capsys.readouterr().err


def test_classes_that_the_label_map_lacks_are_told(config: str, tmp_path: Path, fixtures: Path) -> None:
    text = (fixtures / "shapes" / "shapes_label_map.pbtxt").read_text()
    small = tmp_path / "small.pbtxt"
    small.write_text(text[: text.rindex("item")])
    lines = page(config, tmp_path / "run", f"train_input_reader.label_map_path={small}")
    assert "label map of 3 classes for num_classes 4" in line(lines, "data")
    told = line(lines, "error")
    assert "is not in the label map" in told
    assert "more)" in told, "with how many there are"


def test_remote_files_are_left_to_tensorflow(config: str, tmp_path: Path) -> None:
    remote = (f'{RECORDS}=["gs://bucket/train.record"]', FRESH)
    assert "remote files" in line(page(config, tmp_path, *remote), "data")


def test_a_gpu_that_is_too_small(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = tmp_path / "bin" / "nvidia-smi"
    driver.parent.mkdir()
    driver.write_text("#!/bin/sh\necho 'Tesla, of old, 64'\necho 'Quadro, 128'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", str(driver.parent), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    lines = page(config, tmp_path / "run", width=None)
    assert "Tesla, of old has 67 MB; Quadro has 134 MB" in line(lines, "memory")
    assert "lower train_config.batch_size" in line(lines, "warning"), "102 MB do not fit the smaller one"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "Tesla" not in line(page(config, tmp_path / "run"), "memory")


def test_a_resumed_run_with_another_config(
    config: str, tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The demo's start checkpoint, of two classes, is that of a run that can go on.
    for path in (fixtures / "demo" / "pretrained").glob("ckpt-1.*"):
        shutil.copy(path, tmp_path)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')
    (tmp_path / "pipeline.config").write_text("# of another time")
    changes = (
        "model.ssd.num_classes=2",
        'train_input_reader.label_map_path=""',
        'eval_input_reader[0].label_map_path=""',
    )
    found = begin(config, tmp_path, *changes)
    assert found.resume is not None
    lines = page(config, tmp_path, *changes, width=None)
    left = f"{found.steps_left:,} of 600 steps are left" if found.steps_left else "all is done"
    assert f"ckpt-1 at step {found.first_step:,}: {left}" in line(lines, "weights")
    assert any("not the one that this run had last" in text for text in lines)
    words = [part for change in changes for part in ("--set", change)]
    said = as_json(capsys, config, "--model-dir", str(tmp_path), *words)
    assert said["weights"] == {
        "from": "resume",
        "checkpoint": str(tmp_path / "ckpt-1"),
        "step": found.first_step,
    }


def test_files_of_the_user_in_the_model_dir_are_not_replaced(
    config: str, tmp_path: Path, fixtures: Path
) -> None:
    for path in (fixtures / "demo" / "pretrained").glob("ckpt-1.*"):
        shutil.copy(path, tmp_path)
    here = f'train_config.fine_tune_checkpoint="{tmp_path / "ckpt-1"}"'
    with pytest.raises(UserError, match="'ckpt-1' is in the model dir"):
        begin(config, tmp_path, here)
    with pytest.raises(UserError, match="which no run has left there"):
        begin(config, tmp_path, FRESH)
    with pytest.raises(UserError, match="--restart moves aside"):
        begin(config, tmp_path, here, restart=True)
    assert begin(config, tmp_path, FRESH, restart=True).resume is None
    (tmp_path / "environment.json").write_text("{}")
    assert begin(config, tmp_path, FRESH).resume is None, "a run of ours, killed in its first save"


def test_nothing_to_train(config: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="leave nothing to train"):
        begin(config, tmp_path, 'train_config.freeze_variables=".*"')
