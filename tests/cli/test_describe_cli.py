"""`cfgtool describe` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfgtool.cli.main import main
from cfgtool.networks.extractors import EXTRACTORS

Describe = Callable[..., tuple[int, str, str]]


@pytest.fixture
def describe(capsys: pytest.CaptureFixture[str]) -> Describe:
    """Runs the command in this process; gives exit status, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["describe", *map(str, arguments)])
        output = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, output.out, output.err

    return run


@pytest.fixture
def config(fixtures: Path) -> Path:
    """A small SSD on MobileNet V1."""
    return fixtures / "demo" / "pipeline.config"


def _json(describe: Describe, *arguments: object) -> dict[str, Any]:
    status, out, err = describe(*arguments, "--format", "json")
    assert (status, err) == (0, "")
    answer = json.loads(out)
    assert isinstance(answer, dict)
    return answer


def test_text_folds_blocks_of_one_shape(describe: Describe, config: Path) -> None:
    status, out, err = describe(config)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "ssd_mobilenet_v1_keras (ssd, TF2), an image of 128x128x3"
    (blocks,) = [line.split() for line in lines if "conv_{6..11}" in line]
    assert blocks == ["conv_{6..11}", "102,336", "99,392", "6.2", "M", "1.1", "MiB", "8x8x128"]
    assert "feature maps  8x8x128  4x4x256  2x2x256  1x1x128  1x1x128  1x1x64" in lines
    assert "anchors       284 = 192 + 64 + 16 + 4 + 4 + 4" in lines
    assert max(map(len, lines)) <= 110
    assert "frozen" not in out
    assert "conv_6" not in describe(config, "--depth", 1)[1]
    assert "depthwise" in describe(config, "--depth", 3)[1]


def test_json_adds_up(describe: Describe, config: Path) -> None:
    answer = _json(describe, config)
    by_name = {module["name"]: module for module in answer["modules"]}
    assert len(by_name) == len(answer["modules"])
    tops = [module for module in answer["modules"] if module["level"] == 0]
    assert [module["name"] for module in tops] == ["backbone", "neck", "head"]
    for field in ("layers", "parameters", "trained_parameters", "multiply_adds", "activation_bytes"):
        assert sum(module[field] for module in tops) == answer["totals"][field]
    kernel, norm = 3 * 3 * 3 * 16, 4 * 16
    assert by_name["backbone/conv_0"]["parameters"] == kernel + norm
    assert by_name["backbone/conv_0"]["trained_parameters"] == kernel + norm // 2
    assert by_name["backbone/conv_0"]["multiply_adds"] == 64 * 64 * kernel
    assert by_name["backbone/conv_0"]["outputs"] == [[64, 64, 16]]
    assert answer["anchors"] == sum(answer["anchors_per_map"]) == 284
    training = answer["training"]
    assert (training["batch"], training["optimizer"], training["optimizer_slots"]) == (
        16,
        "momentum_optimizer",
        1,
    )
    sizes = training["bytes"]
    assert sizes["activations"] == 16 * answer["totals"]["activation_bytes"]
    assert sizes["gradients"] == sizes["slots"] == 4 * answer["totals"]["trained_parameters"]
    assert sizes.pop("total") == sum(sizes.values())
    assert {module["level"] for module in _json(describe, config, "--depth", 2)["modules"]} == {0, 1}


def test_size_batch_and_generation(describe: Describe, config: Path) -> None:
    small, large = _json(describe, config), _json(describe, config, "--size", "256x128", "--batch", 3)
    assert large["input_shape"] == [256, 128, 3]
    assert large["totals"]["parameters"] == small["totals"]["parameters"]
    assert large["training"]["batch"] == 3
    assert large["training"]["bytes"]["activations"] == 3 * large["totals"]["activation_bytes"]
    assert _json(describe, config, "--size", 256)["input_shape"] == [256, 256, 3]
    assert _json(describe, config, "--generation", "tf1")["generation"] == "tf1"


def test_frozen_parameters_are_not_trained(describe: Describe, config: Path, tmp_path: Path) -> None:
    frozen = tmp_path / "frozen.config"
    frozen.write_text(
        config.read_text().replace("train_config {", 'train_config { freeze_variables: "backbone/"', 1)
    )
    answer = _json(describe, frozen)
    backbone = answer["modules"][0]
    assert backbone["frozen_parameters"] == backbone["parameters"] > 0
    assert backbone["trained_parameters"] == 0
    assert answer["training"]["bytes"]["gradients"] == 4 * answer["totals"]["trained_parameters"]
    header = describe(frozen)[1].splitlines()[2]
    assert header.split() == [
        "module",
        "parameters",
        "trained",
        "frozen",
        "multiply-adds",
        "activations",
        "output",
    ]


def test_a_network_without_a_reference_is_marked(
    describe: Describe, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "unverified" not in describe(config)[1]
    extractor = EXTRACTORS["ssd_mobilenet_v1_keras"]
    monkeypatch.setitem(EXTRACTORS, extractor.type, extractor._replace(verified=False))
    assert describe(config)[1].splitlines()[1].startswith("unverified: ")
    assert _json(describe, config)["verified"] is False


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--size", "0"], "--size '0' has an edge that is not from 1 to 32768"),
        (["--size", "9" * 5000], "has an edge that is not from 1 to 32768"),
        (["--size", "1x2x3"], "--size '1x2x3' is no size; write height x width, such as 320x640"),
        (["--size", ""], "is no size"),
        (["--size", "-3x4"], "is no size"),
        (["--batch", "0"], "0"),
        (["--depth", "0"], "0"),
        (["--format", "html"], "no format 'html'; formats are text, json"),
        (["--generation", "tf3"], "no generation 'tf3'"),
    ],
)
def test_arguments_that_cannot_be(describe: Describe, config: Path, arguments: list[str], says: str) -> None:
    status, out, err = describe(config, *arguments)
    assert (status, out) == (2, "")
    assert says in err


def test_a_broken_config_is_refused_at_its_place(describe: Describe, config: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.config"
    broken.write_text(config.read_text().replace("batch_size: 16", "batch_size: many"))
    status, out, err = describe(broken)
    assert (status, out) == (2, "")
    assert f"{broken}:" in err
    assert "many" in err


def test_nothing_heavy_is_imported(config: Path) -> None:
    program = (
        "import sys\nfrom cfgtool.cli.main import main\ntry:\n main(sys.argv[1:])\nexcept SystemExit:\n pass\n"
        "heavy = 'tensorflow keras numpy google.protobuf rich jsonschema pydantic PIL'.split()\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, "describe", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout
    assert done.stderr == "[]\n"
