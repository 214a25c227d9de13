"""`cfgtool match` as a user runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from written_checkpoints import write_checkpoint

from cfgtool import schema, textproto
from cfgtool.cli.main import main
from cfgtool.networks import NetworkDescription, describe
from cfgtool.networks.extractors import EXTRACTORS

Match = Callable[..., tuple[int, str, str]]


@pytest.fixture
def match(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Match:
    """Runs the command in this process, without a terminal's width; gives exit status, standard output and
    standard error.
    """
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["match", *map(str, arguments)])
        output = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, output.out, output.err

    return run


@pytest.fixture
def text(fixtures: Path) -> str:
    """A config of a small TF2 SSD with 4 classes, without the lines on its start checkpoint."""
    lines = (fixtures / "demo" / "pipeline.config").read_text().splitlines()
    dropped = ("fine_tune_checkpoint", "from_detection")
    return "\n".join(line for line in lines if not line.strip().startswith(dropped)) + "\n"


def _network(text: str) -> NetworkDescription:
    return describe(schema.read_config(textproto.parse(text)))


def _train(text: str, lines: str) -> str:
    return text.replace("train_config {", "train_config {\n" + lines, 1)


def _config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pipeline.config"
    path.write_text(text)
    return path


def _write(prefix: Path, text: str, classes: int = 4, generation: str = "tf2", root: str = "") -> str:
    """A checkpoint of the config's network with that many classes."""
    network = _network(text.replace("num_classes: 4", f"num_classes: {classes}"))
    shapes = {}
    for variable in network.variables:
        name = variable.tf2_key if generation == "tf2" else variable.tf1_name
        assert name is not None
        shapes[root + name] = variable.shape
    return write_checkpoint(prefix, shapes, object_based=generation == "tf2")


TF2 = 'fine_tune_checkpoint_version: V2\nfine_tune_checkpoint_type: "{}"\n'


def _as_tf1(text: str) -> str:
    return text.replace("ssd_mobilenet_v1_keras", "ssd_mobilenet_v1")


@pytest.mark.parametrize(
    ("kind", "classes", "status", "first", "says"),
    [
        ("detection", 9, 0, "ok", "all 175 variables"),
        ("detection", 4, 0, "ok", "OD API      TF2 trainer restores 175 variables"),
        ("full", 4, 0, "ok", "all 199 variables are restored"),
        ("full", 9, 1, "error", 'fine_tune_checkpoint_type: "detection"'),
        ("full", 9, 1, "error", "raises ValueError: Received incompatible tensor"),
        ("full", 9, 1, "error", "the checkpoint has 9 classes, the config 4"),
        ("classification", 4, 1, "error", 'fine_tune_checkpoint_type: "detection"'),
        ("classification", 4, 1, "error", "raises AssertionError: Found 135 Python objects"),
        ("fine_tune", 4, 1, "error", "'fine_tune'"),
    ],
)
def test_restore_types_in_tf2(
    match: Match, text: str, tmp_path: Path, kind: str, classes: int, status: int, first: str, says: str
) -> None:
    config = _config(tmp_path, _train(text, TF2.format(kind)))
    found, out, err = match(config, "--checkpoint", _write(tmp_path / "ckpt-7", text, classes))
    assert (found, err) == (status, "")
    assert out.startswith(f"{first}: ")
    assert says in out


@pytest.mark.parametrize(
    ("lines", "status", "says"),
    [
        ('fine_tune_checkpoint_type: "detection"', 0, "OD API      TF1 trainer restores 175 variables"),
        ('fine_tune_checkpoint_type: "classification"', 1, "trains from scratch, without an error"),
        ("from_detection_checkpoint: true", 0, "'detection' is assumed"),
        ("", 1, "'classification' is assumed"),
        (
            'fine_tune_checkpoint_type: "detection" load_all_detection_checkpoint_vars: true',
            0,
            "restores 187 variables and warns about the others",
        ),
    ],
)
def test_restore_types_in_tf1(
    match: Match, text: str, tmp_path: Path, lines: str, status: int, says: str
) -> None:
    text = _as_tf1(text)
    prefix = _write(tmp_path / "model.ckpt-12", text, 9, "tf1")
    found, out, _ = match(_config(tmp_path, _train(text, lines)), "--checkpoint", prefix)
    assert found == status
    assert says in out


def test_a_tf1_checkpoint_fits_a_tf2_network(match: Match, text: str, tmp_path: Path) -> None:
    text = re.sub(r"depth_multiplier: \S+", "", text)  # which the generations apply to other layers
    prefix = _write(tmp_path / "model.ckpt", _as_tf1(text), generation="tf1")
    status, out, _ = match(_config(tmp_path, _train(text, TF2.format("full"))), "--checkpoint", prefix)
    assert status == 0
    assert "all 199 variables are restored" in out
    assert "raises OSError: Checkpoint is expected to be an object-based checkpoint." in out


def test_the_default_version_is_refused_by_the_od_api(match: Match, text: str, tmp_path: Path) -> None:
    config = _config(tmp_path, _train(text, 'fine_tune_checkpoint_type: "detection"'))
    _, out, _ = match(config, "--checkpoint", _write(tmp_path / "ckpt-1", text))
    assert "raises ValueError: Checkpoint version should be V2" in out


def test_json(match: Match, text: str, tmp_path: Path) -> None:
    config = _config(tmp_path, _train(text, TF2.format("full")))
    prefix = _write(tmp_path / "ckpt-7", text, 9)
    status, out, _ = match(config, "--checkpoint", prefix, "--format", "json")
    plan = json.loads(out)
    assert status == 1
    assert plan["checkpoint"] == {
        "path": prefix, "container": "bundle", "format": "tf2-object", "entries": 201, "step": 7, "has_data": False,
    }  # fmt: skip
    assert plan["type"] == "full"
    assert plan["shape_mismatch"][0] == {
        "variable": "head/class/level_0/conv/kernel",
        "key": "model/_box_predictor/_prediction_heads/class_predictions_with_background/0"
        "/_class_predictor_layers/1/kernel",
        "want": [1, 1, 128, 15],
        "got": [1, 1, 128, 30],
    }
    counts = [
        len(plan[part]) for part in ("restored", "shape_mismatch", "missing", "not_requested", "unused")
    ]
    assert (counts, plan["bookkeeping"]) == ([187, 12, 0, 0, 0], 2)
    assert plan["verified"] is True
    backbone, neck, head = plan["modules"]
    assert [module["name"] for module in plan["modules"]] == ["backbone", "neck", "head"]
    assert (backbone["role"], backbone["verdict"], backbone["restored"]) == ("backbone", "restored", 135)
    assert (neck["verdict"], neck["frozen"]) == ("restored", 0)
    assert (head["verdict"], head["restored"], head["shape_mismatch"]) == ("partly", 12, 12)
    for module in plan["modules"]:
        fates = ("restored", "shape_mismatch", "missing", "not_requested")
        assert module["variables"] == sum(module[fate] for fate in fates)
    network = _network(text)
    assert sum(module["parameters"] for module in plan["modules"]) == network.parameters
    restored = sum(module["restored_parameters"] for module in plan["modules"])
    assert restored == plan["summary"]["restored_parameters"]
    fresh = sum(variable.size for variable in network.variables if variable.name.startswith("head/class"))
    summary = plan["summary"]
    assert summary["variables"] == len(network.variables)
    assert summary["parameters"] == network.parameters
    assert summary["restored_parameters"] == network.parameters - fresh
    assert summary["severity"] == "error"
    by_name = {variable.name: variable for variable in network.variables}
    for row in plan["restored"]:
        assert row["key"] == by_name[row["variable"]].tf2_key
        assert tuple(row["shape"]) == by_name[row["variable"]].shape


def test_a_good_result_is_short(match: Match, text: str, tmp_path: Path) -> None:
    config = _config(tmp_path, _train(text, TF2.format("full")))
    prefix = _write(tmp_path / "ckpt-7", text)
    status, out, _ = match(config, "--checkpoint", prefix)
    assert status == 0
    assert len(out.splitlines()) <= 13
    assert re.search(r"^backbone +█{16} +135 +219,024  restored$", out, re.MULTILINE)
    _, out, _ = match(config, "--checkpoint", prefix, "--verbose")
    assert len([line for line in out.splitlines() if line.startswith("  restored ")]) == 199
    assert "neck/extra_3/conv/kernel" in out


def test_what_is_frozen_and_not_restored_is_noted(match: Match, text: str, tmp_path: Path) -> None:
    text = _train(text, TF2.format("detection") + 'freeze_variables: "head/box"\n')
    _, out, _ = match(_config(tmp_path, text), "--checkpoint", _write(tmp_path / "ckpt-7", text))
    assert "not requested, starts fresh, 12 frozen" in out
    assert "warning     12 of the 12 frozen variables are not restored and keep what they start with" in out
    assert out.startswith("warning: all 175 variables below the heads are restored")


def test_a_network_without_a_reference_is_marked(
    match: Match, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config(tmp_path, _train(text, TF2.format("full")))
    arguments = (config, "--checkpoint", _write(tmp_path / "ckpt-7", text))
    assert "unverified" not in match(*arguments)[1]
    extractor = EXTRACTORS["ssd_mobilenet_v1_keras"]
    monkeypatch.setitem(EXTRACTORS, extractor.type, extractor._replace(verified=False))
    status, out, _ = match(*arguments)
    assert status == 0
    assert "warning     unverified: " in out
    assert json.loads(match(*arguments, "--format", "json")[1])["verified"] is False


def test_colours(match: Match, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, unless NO_COLOR is set; without them the text is the same."""
    config = _config(tmp_path, _train(text, TF2.format("full")))
    arguments = (config, "--checkpoint", _write(tmp_path / "ckpt-7", text, 9))
    plain = match(*arguments)[1]
    assert "\x1b" not in plain
    monkeypatch.setattr("cfgtool.lint.paint.wants_colour", lambda stream: True)
    coloured = match(*arguments)[1]
    assert coloured.startswith("\x1b[31merror:\x1b[0m\x1b[1m training would stop")
    assert "\x1b[32mrestored\x1b[0m" in coloured
    assert re.sub("\x1b\\[\\d+m", "", coloured) == plain


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_fit_the_terminal(
    match: Match, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.chdir(tmp_path)
    prefix = _write(Path("ckpt-7"), text, 9)
    for options in (
        ["--type", "full"],
        ["--type", "detection"],
        ["--type", "classification"],
        ["--all-types"],
    ):
        _, out, _ = match(_config(tmp_path, text), "--checkpoint", prefix, *options)
        long = [line for line in out.splitlines() if len(line) > columns]
        # Only what has no spaces may be longer.
        assert all("/" in line.split()[-1] for line in long), long


def test_mismatches_and_missing_variables_are_listed(match: Match, text: str, tmp_path: Path) -> None:
    shapes = {
        variable.tf2_key or "": variable.shape
        for variable in _network(text.replace("num_classes: 4", "num_classes: 1")).variables
        if not variable.name.startswith("neck/extra_3/conv")
    }
    prefix = write_checkpoint(tmp_path / "ckpt-7", shapes)
    status, out, _ = match(_config(tmp_path, _train(text, TF2.format("full"))), "--checkpoint", prefix)
    assert status == 1
    assert "missing (5)" in out
    assert "neck/extra_3/conv/  all 5 variables" in out
    assert "[1, 1, 128, 15]" in out
    assert "[1, 1, 128, 6]" in out


@pytest.mark.parametrize(
    ("kind", "percent", "status"),
    [("detection", 100, 0), ("full", 0, 0), ("full", 93.9, 0), ("full", 94, 1)],
)
def test_fail_under(match: Match, text: str, tmp_path: Path, kind: str, percent: float, status: int) -> None:
    text = _as_tf1(text)
    more = "load_all_detection_checkpoint_vars: true\n" if kind == "full" else ""
    config = _config(tmp_path, _train(text, more + 'fine_tune_checkpoint_type: "detection"'))
    prefix = _write(tmp_path / "model.ckpt", text, 9, "tf1")
    assert match(config, "--checkpoint", prefix, "--fail-under", percent)[0] == status


def test_all_types(match: Match, text: str, tmp_path: Path) -> None:
    config = _config(tmp_path, text)
    prefix = _write(tmp_path / "ckpt-7", text, 9)
    status, out, _ = match(config, "--checkpoint", prefix, "--all-types")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if line.endswith("  error")] == [
        "full",
        "classification",
    ]
    assert 'recommended: fine_tune_checkpoint_type: "detection"\n' in out
    assert out.endswith("  no other type restores what it asks for\n")
    _, out, _ = match(config, "--checkpoint", prefix, "--all-types", "--format", "json")
    answer = json.loads(out)
    assert {row["type"]: row["restored_variables"] for row in answer["types"]} == {
        "full": 187, "detection": 175, "classification": 0,
    }  # fmt: skip
    assert answer["recommended"] == {"type": "detection", "load_all": False}
    assert (answer["reason"], answer["change"]) == ("no other type restores what it asks for", None)


def test_all_types_of_another_network(match: Match, text: str, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", {"model/layer/kernel": (3, 3)})
    status, out, _ = match(_config(tmp_path, text), "--checkpoint", prefix, "--all-types")
    assert status == 1
    assert "recommended: none of them" in out


def test_the_checkpoint_of_the_config(
    match: Match, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for below the current folder, then beside the config."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    config = _config(folder, _train(text, TF2.format("detection") + 'fine_tune_checkpoint: "start/ckpt-1"'))
    status, _, err = match(config)
    assert status == 2
    assert "no such checkpoint" in err
    beside = _write(folder / "start" / "ckpt-1", text)
    assert json.loads(match(config, "--format", "json")[1])["checkpoint"]["path"] == beside
    _write(tmp_path / "start" / "ckpt-1", text)
    assert json.loads(match(config, "--format", "json")[1])["checkpoint"]["path"] == "start/ckpt-1"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "fine_tune_checkpoint is not set; write the checkpoint's path there, or give --checkpoint"),
        ('fine_tune_checkpoint: ""', "is not set"),
        ('fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED/model.ckpt"', "is the placeholder 'PATH_TO_BE_CONF"),
        ('fine_tune_checkpoint: "gone/ckpt-3"', "no such checkpoint"),
        ("batch_sise: 3", "'batch_sise'"),
        ("batch_size: ", "see cfgtool lint"),
    ],
)
def test_configs_that_cannot_be_matched(
    match: Match, text: str, tmp_path: Path, lines: str, says: str
) -> None:
    status, out, err = match(_config(tmp_path, _train(text, lines)))
    assert (status, out) == (2, "")
    assert says in err
    assert err.startswith("cfgtool: error: ")
    assert err.count("\n") == 1


def test_the_first_error_of_a_config_has_its_place(match: Match, text: str, tmp_path: Path) -> None:
    config = _config(tmp_path, "model { sssd { } }\n" + text.replace("num_steps", "num_stops"))
    _, _, err = match(config, "--checkpoint", "x")
    assert f"{config}:1:9: " in err
    assert "(1 more)" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "xml"], "no format 'xml'; formats are text, json, html"),
        (["--format", "html", "--all-types"], "--all-types has no page; use --format text or json"),
        (["--generation", "tf3"], "no generation 'tf3'"),
        (["--fail-under", "101"], "no percentage"),
        (["--fail-under", "nan"], "no percentage"),
        (["--fail-under", "most"], "most"),
        (["--checkpoint", ""], "no such checkpoint"),
        (["--checkpoint", "gone/ckpt-1"], "no such checkpoint"),
        (["-o", "no/such/folder/plan.txt"], "no/such/folder/plan.txt"),
    ],
)
def test_arguments_that_cannot_be(
    match: Match, text: str, tmp_path: Path, arguments: list[str], says: str
) -> None:
    given = (
        arguments
        if "--checkpoint" in arguments
        else ["--checkpoint", _write(tmp_path / "c-1", text), *arguments]
    )
    status, out, err = match(_config(tmp_path, text), *given)
    assert (status, out) == (2, "")
    assert says in err


def test_meta_architectures_that_are_not_described(match: Match, tmp_path: Path) -> None:
    config = _config(tmp_path, "model { experimental_model { name: 'mine' } }")
    status, _, err = match(config, "--checkpoint", "x")
    assert status == 2
    assert "'experimental_model' is not described yet" in err


@pytest.mark.parametrize("cut", [0, 1, 47, 48, 400, -1])
def test_damaged_indices(match: Match, text: str, tmp_path: Path, cut: int) -> None:
    prefix = _write(tmp_path / "ckpt-1", text)
    index = Path(f"{prefix}.index")
    index.write_bytes(index.read_bytes()[:cut])
    status, out, err = match(_config(tmp_path, text), "--checkpoint", prefix)
    assert (status, out) == (2, "")
    assert str(index) in err


def test_other_spellings_of_the_prefix(match: Match, text: str, tmp_path: Path) -> None:
    config = _config(tmp_path, _train(text, TF2.format("detection")))
    prefix = _write(tmp_path / "train" / "ckpt-1", text)
    for spelling in (f"{prefix}.index", tmp_path / "train"):
        status, out, _ = match(config, "--checkpoint", spelling)
        assert status == 0
        assert repr(prefix) in out
        assert "index only: the data files are not there, training could not start" in out
    Path(f"{prefix}.data-00000-of-00001").touch()
    assert "index only" not in match(config, "--checkpoint", prefix)[1]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_an_index_without_permission(match: Match, text: str, tmp_path: Path) -> None:
    prefix = _write(tmp_path / "ckpt-1", text)
    Path(f"{prefix}.index").chmod(0)
    status, _, err = match(_config(tmp_path, text), "--checkpoint", prefix)
    assert status == 2
    assert "ermission" in err


def test_output_to_a_file(match: Match, text: str, tmp_path: Path) -> None:
    config = _config(tmp_path, text)
    prefix = _write(tmp_path / "ckpt-1", text)
    target = tmp_path / "plan.json"
    arguments = (config, "--checkpoint", prefix, "--type", "detection", "--format", "json", "-o", target)
    assert match(*arguments) == (0, "", "")
    first = target.read_bytes()
    assert json.loads(first)["type"] == "detection"
    target.write_bytes(b"mine")
    status, _, err = match(*arguments)
    assert (status, target.read_bytes()) == (2, b"mine")
    assert "exists already; --force replaces it" in err
    assert match(*arguments, "--force")[0] == 0
    assert target.read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ckpt-1.index",
        "pipeline.config",
        "plan.json",
    ]


def test_control_characters_of_a_checkpoint_do_not_reach_the_terminal(
    match: Match, text: str, tmp_path: Path
) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", {"model/\x1b[31m\u202e/kernel": (1,), "\x07": (2,)})
    _, out, _ = match(_config(tmp_path, text), "--checkpoint", prefix, "--type", "full")
    assert not any(character in out for character in "\x1b\u202e\x07")
    assert "\\x1b[31m" in out


def test_an_object_graph_that_cannot_be_read_is_said(match: Match, text: str, tmp_path: Path) -> None:
    prefix = _write(tmp_path / "ckpt-1", text, root="other/")
    Path(f"{prefix}.data-00000-of-00001").write_bytes(b"")
    status, out, _ = match(_config(tmp_path, text), "--checkpoint", prefix, "--type", "detection")
    assert status == 1
    assert "note        its object graph cannot be read" in out


def _installed(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "cfgtool"), *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)


def test_the_installed_command(text: str, tmp_path: Path) -> None:
    """Standard input as the config, and a folder in its place."""
    prefix = _write(tmp_path / "ckpt-1", text)
    done = _installed("match", "-", "--checkpoint", prefix, "--type", "detection", stdin=text)
    assert (done.returncode, done.stderr) == (0, "")
    done = _installed("match", tmp_path, "--checkpoint", prefix)
    assert done.returncode == 2
    assert "is a directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["match", "ls", "show"])
def test_nothing_heavy_is_imported(text: str, tmp_path: Path, command: str) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", {}, values={"model/w": ("float32", bytes(8))})
    arguments: dict[str, list[Any]] = {
        "match": ["match", _config(tmp_path, text), "--checkpoint", prefix],
        "ls": ["checkpoint", "ls", prefix],
        "show": ["checkpoint", "show", prefix, "model/w"],
    }
    program = (
        "import sys\nfrom cfgtool.cli.main import main\ntry:\n main(sys.argv[1:])\nexcept SystemExit:\n pass\n"
        "heavy = 'tensorflow keras numpy google.protobuf rich jsonschema pydantic PIL'.split()\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    command_line = [sys.executable, "-c", program, *map(str, arguments[command])]
    done = subprocess.run(command_line, capture_output=True, text=True, timeout=60)
    assert done.stdout
    assert done.stderr == "[]\n"


REFERENCE = [
    ("configs_tf1/ssd_mobilenet_v1_pets", "zoo_tf1_ssd_mobilenet_v1_coco_11_06_2017", "detection", 0, 187, 12),
    ("configs_tf1/ssd_mobilenet_v1_pets", "trained_tf1_ssd_mobilenet_v1", "detection", 0, 187, 12),
    ("configs_tf1/ssd_mobilenet_v1_pets", "zoo_tf1_ssd_mobilenet_v1_coco_11_06_2017", "classification", 1, 0, 0),
    ("configs_tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", "zoo_ssd_mobilenet_v2_fpnlite_320x320",
     "detection", 0, 290, 0),
    ("configs_tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", "zoo_ssd_mobilenet_v2_fpnlite_320x320",
     "full", 0, 384, 0),
    ("configs_tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", "zoo_ssd_mobilenet_v2_fpnlite_320x320",
     "classification", 1, 0, 0),
    ("configs_tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", "trained_ssd_mobilenet_v2_fpnlite",
     "detection", 0, 290, 0),
    ("configs_tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", "trained_ssd_mobilenet_v2_fpnlite",
     "full", 1, 382, 2),
    ("configs_tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", "zoo_efficientdet_d0", "detection", 1, 0, 0),
]  # fmt: skip


@pytest.mark.reference
@pytest.mark.parametrize(("config", "checkpoint", "kind", "status", "restored", "mismatches"), REFERENCE)
def test_published_and_trained_checkpoints(
    match: Match,
    shared: Path,
    config: str,
    checkpoint: str,
    kind: str,
    status: int,
    restored: int,
    mismatches: int,
) -> None:
    corpus = shared / "corpus"
    arguments = ("--checkpoint", corpus / "checkpoints" / checkpoint, "--type", kind)
    found, out, _ = match(corpus / f"{config}.config", *arguments, "--format", "json")
    plan = json.loads(out)
    assert (found, len(plan["restored"]), len(plan["shape_mismatch"])) == (status, restored, mismatches)
