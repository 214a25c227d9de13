"""The commands set and get: what scripts rely on."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from cfgtool.cli.main import main

TEXT = """\
# mine
model {
  ssd {
    num_classes: 3  # mine too
    image_resizer {
      # small
      fixed_shape_resizer {
        height: 300
        width: 300
      }
    }
    feature_extractor { type: "ssd_mobilenet_v2_keras" depth_multiplier: 0.8999999761581421 }
  }
}
train_config {
  batch_size: 4
  batch_size: 8
  freeze_variables: ["a", "b"]
  fine_tune_checkpoint_version: V2
  data_augmentation_options { random_horizontal_flip { } }
  data_augmentation_options { random_crop_image { min_area: 0.25 } }
}
eval_input_reader { name: "one" shuffle: true }
eval_input_reader { name: "two" }
"""
CFGTOOL = Path(sys.executable).with_name("cfgtool")


Done = subprocess.CompletedProcess[str]


class Run(Protocol):
    """Runs the command and says what came of it."""

    def __call__(self, *args: str, stdin: str = "") -> Done: ...


def installed(*args: str, stdin: str = "") -> Done:
    """The installed command, in a process of its own."""
    return subprocess.run([CFGTOOL, *args], input=stdin, capture_output=True, text=True, check=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The command in this process, with the outcome that a process of its own would have."""

    def call(*args: str, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as stop:
            main(list(args))
        status: Any = stop.value.code
        return subprocess.CompletedProcess(
            args, status, *(part.decode() for part in capsysbinary.readouterr())
        )

    return call


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.config"
    path.write_text(TEXT)
    return path


def test_set_changes_what_it_is_told_and_nothing_else(config: Path) -> None:
    config.chmod(0o640)
    done = installed("set", str(config), "model.ssd.num_classes=7", "eval_input_reader[-1].name=b c")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    expected = TEXT.replace("num_classes: 3", "num_classes: 7").replace('"two"', '"b c"')
    assert config.read_text() == expected
    assert config.stat().st_mode & 0o777 == 0o640
    assert list(config.parent.iterdir()) == [config]


def test_a_member_of_a_oneof_replaces_the_other_and_that_is_said(run: Run, config: Path) -> None:
    value = "{min_dimension: 600 max_dimension: 1024}"
    done = run("set", str(config), f"model.ssd.image_resizer.keep_aspect_ratio_resizer={value}")
    assert done.returncode == 0
    note = "'model.ssd.image_resizer.fixed_shape_resizer' is replaced by 'keep_aspect_ratio_resizer'"
    assert done.stderr == f"{config}: note: {note}\n"
    start, end = TEXT.index("fixed_shape_resizer"), TEXT.index("    }\n    feature_extractor")
    inserted = "keep_aspect_ratio_resizer { min_dimension: 600 max_dimension: 1024 }\n"
    assert config.read_text() == TEXT[:start] + inserted + TEXT[end:]


def test_a_long_value_is_opened_and_indented_like_its_place(run: Run, config: Path) -> None:
    inner = "learning_rate { constant_learning_rate { learning_rate: 0.1 } } momentum_optimizer_value: 0.9"
    done = run("set", str(config), f"train_config.optimizer={{momentum_optimizer{{ {inner} }} }}", "--stdout")
    assert (done.returncode, config.read_text()) == (0, TEXT)
    assert (
        "  optimizer {\n    momentum_optimizer {\n"
        "      learning_rate { constant_learning_rate { learning_rate: 0.1 } }\n"
        "      momentum_optimizer_value: 0.9\n    }\n  }\n}\neval_input_reader" in done.stdout
    )


def test_every_element_append_and_unset(run: Run, config: Path) -> None:
    done = run(
        "set", str(config), "--unset", "train_config.data_augmentation_options[0]", "--unset",
        "train_config.freeze_variables[0]", "eval_input_reader[*].shuffle=false", "train_config.freeze_variables+=c",
        "--unset", "train_config.batch_size", "--unset", "train_config.num_steps",
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == f"{config}: note: 'train_config.num_steps' is not set, there is nothing to unset\n"
    expected = TEXT.replace("  data_augmentation_options { random_horizontal_flip { } }\n", "")
    expected = expected.replace("  batch_size: 4\n  batch_size: 8\n", "").replace('["a", "b"]', '["b"]')
    expected = expected.replace('["b"]\n', '["b"]\n  freeze_variables: "c"\n')
    expected = expected.replace("shuffle: true", "shuffle: false").replace('"two"', '"two" shuffle: false')
    assert config.read_text() == expected


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["model.ssd.num_classes=7", "train_config.batch_sice=4"], "did you mean 'batch_size'"),
        (["model.ssd.num_classes=7", "train_config.batch_size=many"], "it takes an integer"),
        (["train_config.label_map_path=x"], "it belongs in 'eval_input_reader' or 'train_input_reader'"),
        (["model.ssd.num_classes"], "is not of the form 'path=value'"),
        (["model.ssd.num_classes="], "--unset model.ssd.num_classes deletes the field"),
        (["eval_input_reader[2].name=x"], "has no element 2, it has 2"),
        (["eval_input_reader[-3].name=x"], "has no element -3, it has 2"),
        (["eval_input_reader.name=x"], "say which: 'eval_input_reader[0]'"),
        (["train_config.optimizer.x[*]=1"], "has no field 'x'"),
        (["eval_config.parameterized_metric[*]={}"], "there is no such element"),
        (["model.faster_rcnn.num_classes=7"], "set 'faster_rcnn' as a whole"),
        (["--unset", "train_config.batch_sice"], "cannot unset 'train_config.batch_sice'"),
        (["--unset", "train_config.freeze_variables[5]"], "has no element 5, it has 2"),
        (["--unset", "train_config.freeze_variables+"], "has no field 'freeze_variables+'"),
        ([], "nothing to set"),
    ],
)
def test_nothing_is_written_where_something_does_not_fit(
    run: Run, config: Path, args: list[str], message: str
) -> None:
    done = run("set", str(config), *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert config.read_text() == TEXT


def test_check_and_diff_write_nothing(run: Run, config: Path) -> None:
    assert run("set", str(config), "--check", "model.ssd.num_classes=7").returncode == 1
    assert run("set", str(config), "--check", "model.ssd.num_classes=3").returncode == 0
    done = run("set", str(config), "--diff", "model.ssd.num_classes=7")
    assert done.returncode == 1
    assert "-    num_classes: 3  # mine too\n+    num_classes: 7  # mine too\n" in done.stdout
    assert config.read_text() == TEXT


def test_set_reads_standard_input_and_keeps_line_ends(run: Run) -> None:
    command = [
        CFGTOOL,
        "set",
        "-",
        "train_config.optimizer={ momentum_optimizer { } }",
        "train_config.num_steps=5",
    ]
    done = subprocess.run(command, input=b"train_config {\r\n}\r\n", capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout == (
        b"train_config {\r\n  optimizer { momentum_optimizer {} }\r\n  num_steps: 5\r\n}\r\n"
    )


def test_a_text_with_syntax_mistakes_is_refused() -> None:
    for args in (["set", "-", "train_config.num_steps=5"], ["get", "-", "train_config.num_steps"]):
        done = installed(*args, stdin="train_config {\n  batch_size 8\n}\n")
        assert (done.returncode, done.stdout) == (2, "")
        assert "<stdin>:2:3: no ':' between" in done.stderr


def test_mistakes_that_were_there_do_not_hinder(run: Run) -> None:
    text = "train_config {\n  batch_sice: 8\n  sync_replicas: yes\n}\n"
    done = run("set", "-", "train_config.num_steps=5", stdin=text)
    assert done.returncode == 0
    assert done.stdout == text.replace("yes\n", "yes\n  num_steps: 5\n")


# get


@pytest.mark.parametrize(
    ("path", "output", "as_json"),
    [
        ("train_config.batch_size", "8\n", 8),
        ("model.ssd.feature_extractor.type", "ssd_mobilenet_v2_keras\n", "ssd_mobilenet_v2_keras"),
        ("model.ssd.feature_extractor.depth_multiplier", "0.9\n", 0.9),
        ("train_config.fine_tune_checkpoint_version", "V2\n", "V2"),
        ("train_config.freeze_variables", "a\nb\n", ["a", "b"]),
        ("train_config.freeze_variables[-1]", "b\n", "b"),
        ("eval_input_reader[*].name", "one\ntwo\n", ["one", "two"]),
        ("eval_input_reader[*].shuffle", "true\n", [True]),
        ("model.ssd.image_resizer.fixed_shape_resizer", "height: 300\nwidth: 300\n", {"height": 300, "width": 300}),
        (
            "train_config.data_augmentation_options",
            "data_augmentation_options {\n  random_horizontal_flip {\n  }\n}\n"
            "data_augmentation_options {\n  random_crop_image {\n    min_area: 0.25\n  }\n}\n",
            [{"random_horizontal_flip": {}}, {"random_crop_image": {"min_area": 0.25}}],
        ),
    ],
)  # fmt: skip
def test_get(run: Run, config: Path, path: str, output: str, as_json: object) -> None:
    done = run("get", str(config), path)
    assert (done.returncode, done.stdout, done.stderr) == (0, output, "")
    assert json.loads(run("get", str(config), path, "--format", "json").stdout) == as_json


def test_several_paths_and_what_is_not_set(config: Path) -> None:
    paths = ["train_config.batch_size", "train_config.sync_replicas", "train_config.optimizer"]
    done = installed("get", str(config), *paths)
    assert (done.returncode, done.stdout) == (1, "8\n")
    assert done.stderr == (
        f"{config}: 'train_config.sync_replicas' is not set; the schema's default is false\n"
        f"{config}: 'train_config.optimizer' is not set; the schema has no default for it\n"
    )
    done = installed("get", str(config), *paths, "--default", "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {paths[0]: 8, paths[1]: False, paths[2]: {}}


def test_default_of_what_lies_in_unset_messages(run: Run, config: Path) -> None:
    path = "train_config.optimizer.momentum_optimizer.momentum_optimizer_value"
    assert run("get", str(config), path).returncode == 1
    assert run("get", str(config), path, "--default").stdout == "0.9\n"
    assert run("get", str(config), "eval_input_reader[*].shuffle", "--default").stdout == "true\ntrue\n"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("train_config.batch_sice", "did you mean 'batch_size'"),
        ("train_config.batch_size.x", "'batch_size' is a uint32, it has no fields"),
        ("train_config[0]", "takes no index"),
        ("eval_input_reader[2]", "has no element 2, it has 2"),
        ("eval_input_reader.name", "there are 2 'eval_input_reader'; say which"),
        ("", "has no field ''"),
        ("a[", "no name with an index"),
    ],
)
def test_paths_that_lead_nowhere(run: Run, config: Path, path: str, message: str) -> None:
    done = run("get", str(config), path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_value_that_cannot_be_read_is_not_taken_for_unset(run: Run) -> None:
    done = run("get", "-", "train_config.batch_size", stdin='train_config { batch_size: "8" }')
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cfgtool: error: <stdin>:1:28: value \"8\" of 'batch_size' is in quotes")


def test_label_maps(run: Run) -> None:
    text = "item {\n  id: 1\n  name: 'a \"b\"'\n}\nitem { id: 2 name: 'c' }\n"
    assert run("get", "-", "item[*].name", stdin=text).stdout == 'a "b"\nc\n'
    assert run("get", "-", "item[0]", stdin=text).stdout == 'name: "a \\"b\\""\nid: 1\n'
    done = run("set", "-", "item[1].name=d", "item+={id: 3 name: 'e'}", stdin=text)
    assert done.stdout == text.replace("'c'", '"d"') + "item { id: 3 name: 'e' }\n"


def test_what_get_prints_can_be_set(config: Path) -> None:
    path = "train_config.data_augmentation_options[1]"
    printed = installed("get", str(config), path).stdout
    assert installed("set", str(config), f"{path}={{ {printed} }}").returncode == 0
    assert installed("get", str(config), path).stdout == printed
