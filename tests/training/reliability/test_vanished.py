"""Data that goes away while a run reads it."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

from cfgtool.errors import UserError
from cfgtool.training.input.pipeline import training_batches
from cfgtool.training.input.read_errors import checked
from cfgtool.training.run.job import load_job


def test_a_record_file_that_vanishes(fixtures: Path, tmp_path: Path) -> None:
    """What is open can be read to its end; then the run stops and names the file."""
    path = tmp_path / "train.record"
    shutil.copy(fixtures / "shapes" / "shapes_train.record", path)
    config = load_job(
        str(fixtures / "demo" / "pipeline.config"),
        [f'train_input_reader.tf_record_input_reader.input_path=["{path}"]', "train_config.batch_size=64"],
    ).config
    batches = checked(training_batches(config), config.message("train_input_reader"))
    list(islice(batches, 1))
    path.unlink()
    with pytest.raises(UserError, match="no file matches|no such file|train.record") as caught:
        list(islice(batches, 30))
    assert "train.record" in str(caught.value.path) or "train.record" in caught.value.message
