"""Paths of a config: where they are looked for, and what a model dir keeps of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.training.run.job import load_job

TEXT = """# mine
model { ssd { num_classes: 1 } }
train_config {
  fine_tune_checkpoint: "pre/model.ckpt"  # from the zoo
}
train_input_reader {
  label_map_path: 'map.pbtxt'
  tf_record_input_reader { input_path: ["data/a-?.record", "gs://bucket/b.record"] }
}
eval_input_reader {
  label_map_path: "nowhere.pbtxt"
  tf_record_input_reader { input_path: "data/c.record@2" }
}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    for name in ("pre/model.ckpt.index", "map.pbtxt", "data/a-1.record", "data/c.record-00000-of-00002"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (folder / "my.config").write_text(TEXT)
    monkeypatch.chdir(folder)
    return folder


def test_a_model_dir_keeps_paths_that_lead_on_from_everywhere(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = load_job("my.config")
    assert job.text == TEXT
    kept = job.lasting_text
    root = project.as_posix()
    expected = TEXT.replace('"pre/', f'"{root}/pre/').replace("'map.pbtxt'", f'"{root}/map.pbtxt"')
    expected = expected.replace('"data/', f'"{root}/data/')
    assert kept == expected, "paths that lead nowhere, and all else, are as they were"
    run = tmp_path / "elsewhere" / "run"
    run.mkdir(parents=True)
    (run / "pipeline.config").write_text(kept)
    monkeypatch.chdir(run)
    again = load_job("pipeline.config")
    assert again.text == again.lasting_text == kept
    assert Path(again.config.find("train_input_reader").text("label_map_path")).is_file()


def test_paths_beside_the_config_are_found_and_kept(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = load_job("project/my.config", ["train_config.batch_size=3"])
    assert job.config.find("train_input_reader").text("label_map_path") == "project/map.pbtxt"
    assert f'"{project.as_posix()}/map.pbtxt"' in job.lasting_text
    assert "batch_size: 3" in job.lasting_text
