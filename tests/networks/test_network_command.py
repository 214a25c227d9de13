"""`cfgtool variables`, through the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cfgtool.cli.main import main
from cfgtool.networks.extractors import EXTRACTORS

CONFIG = """
model { ssd {
  num_classes: 2
  image_resizer { fixed_shape_resizer { height: 64 width: 64 } }
  feature_extractor {
    type: "ssd_mobilenet_v2_keras" depth_multiplier: 0.25 conv_hyperparams { batch_norm { } }
  }
  box_predictor { convolutional_box_predictor { conv_hyperparams { } } }
  anchor_generator { ssd_anchor_generator { aspect_ratios: 1.0 } }
} }
train_config {
  freeze_variables: "FeatureExtractor/MobilenetV2/Conv/"
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED"
}
"""


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as status:
        main(["variables", *args])
    out, err = capsys.readouterr()
    return int(status.value.code or 0), out, err


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "pipeline.config"
    file.write_text(CONFIG)
    return str(file)


def test_json_lists_every_variable_with_its_names(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, path, "--format", "json")
    answer = json.loads(out)
    assert status == 0
    assert (answer["meta_architecture"], answer["feature_extractor"]) == ("ssd", "ssd_mobilenet_v2_keras")
    first = answer["variables"][0]
    assert first == {
        "name": "backbone/stem/kernel",
        "shape": [3, 3, 3, 16],
        "dtype": "float32",
        "trainable": True,
        "frozen": True,
        "tf2_key": "model/_feature_extractor/classification_backbone/layer_with_weights-0/kernel",
        "keras_name": "Conv1/kernel",
        "tf1_name": "FeatureExtractor/MobilenetV2/Conv/weights",
    }
    frozen = [v["name"] for v in answer["variables"] if v["frozen"]]
    assert len(frozen) == 5
    totals = answer["totals"]
    assert totals["variables"] == len(answer["variables"])
    assert totals["frozen_parameters"] == 3 * 3 * 3 * 16 + 4 * 16


@pytest.mark.parametrize(
    ("generation", "folder", "key"),
    [
        ("auto", "model/_feature_extractor/classification_backbone/", "layer_with_weights-0/kernel"),
        ("tf1", "FeatureExtractor/MobilenetV2/", "Conv/weights"),
    ],
)
def test_text_is_a_tree_with_the_names_of_the_generation(
    path: str, capsys: pytest.CaptureFixture[str], generation: str, folder: str, key: str
) -> None:
    status, out, _ = run(capsys, path, "--generation", generation)
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert ["backbone", folder] in lines
    start = lines.index(["stem"])
    assert lines[start + 1] == ["kernel", "3x3x3x16", "frozen", key]
    assert lines[start + 2][:3] == ["batch_norm/{gamma,beta,moving_mean,moving_variance}", "16", "frozen"]
    assert "block_{1..9}" in out
    assert "anchors" in out.splitlines()[-1]
    _, flat, _ = run(capsys, path, "--generation", generation, "--flat")
    assert f"backbone/stem/kernel {folder}{key}" in re.sub(r" +3x3x3x16 +frozen +", " ", flat)
    _, out, _ = run(capsys, path, "--generation", generation, "--format", "json")
    names = [variable["name"] for variable in json.loads(out)["variables"]]
    assert [line.split()[0] for line in flat.splitlines()[2:-3]] == names


def test_a_network_without_a_reference_is_marked(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = EXTRACTORS["ssd_mobilenet_v2_keras"]
    assert "unverified" not in run(capsys, path)[1]
    monkeypatch.setitem(EXTRACTORS, extractor.type, extractor._replace(verified=False))
    assert "\nunverified: " in run(capsys, path)[1]
    assert json.loads(run(capsys, path, "--format", "json")[1])["verified"] is False


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--format", "yaml"], "no format 'yaml'; formats are text, json"),
        (["--generation", "tf3"], "no generation 'tf3'; generations are auto, tf1, tf2"),
    ],
)
def test_wrong_arguments(
    path: str, capsys: pytest.CaptureFixture[str], args: list[str], message: str
) -> None:
    status, out, err = run(capsys, path, *args)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CONFIG.replace("num_classes: 2", "num_classes: many"), "pipeline.config:3:16: "),
        (CONFIG[:-60], "pipeline.config:"),
        (CONFIG.replace("v2_keras", "v9_keras"), "'ssd_mobilenet_v9_keras' is unknown; nearest is"),
    ],
)
def test_a_broken_config_is_refused_at_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    file = tmp_path / "pipeline.config"
    file.write_text(text)
    status, out, err = run(capsys, str(file))
    assert (status, out) == (2, "")
    assert message in err
