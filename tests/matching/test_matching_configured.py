"""Lint, `match` and training say the same of a start checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cfgtool.cli.main import main
from cfgtool.errors import UserError
from cfgtool.lint.engine import Settings, analyse
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.starting.plan import plan_start

CLASSES = "the checkpoint has 2 classes, the config 4"


@pytest.fixture
def config(fixtures: Path, tmp_path: Path) -> Path:
    """The demo config with a full restore of heads of other classes."""
    text = (fixtures / "demo" / "pipeline.config").read_text()
    for name, value in (
        ("train_config.fine_tune_checkpoint", json.dumps(str(fixtures / "demo" / "pretrained" / "ckpt-1"))),
        ("train_config.fine_tune_checkpoint_type", '"full"'),
        ("train_config.fine_tune_checkpoint_version", "V2"),
        (
            "train_input_reader.label_map_path",
            json.dumps(str(fixtures / "shapes" / "shapes_label_map.pbtxt")),
        ),
    ):
        text = apply_edits(text, set_value(parse(text), name, value))
    text = text.replace("../shapes/", f"{fixtures}/shapes/")
    path = tmp_path / "pipeline.config"
    path.write_text(text)
    return path


def by_lint(config: Path) -> str:
    settings = Settings(codes=frozenset({"CFG415"}))
    (finding,) = analyse(parse(config.read_text()), str(config), settings).findings
    return finding.message


def by_match(config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main(["match", str(config), "--format", "json"])
    summary = json.loads(capsys.readouterr().out)["summary"]
    return f"{summary['text']}; {summary['hint']}"


def by_training(config: Path, tmp_path: Path) -> str:
    with pytest.raises(UserError) as error:
        plan_start(load_job(str(config)), TrainOptions(str(config), tmp_path / "run"))
    return f"{error.value.message}; {error.value.hint}"


def test_one_sentence(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = by_lint(config)
    assert CLASSES in said
    assert by_match(config, capsys) == said
    assert by_training(config, tmp_path) == said
