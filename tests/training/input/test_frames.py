"""Sequences of frames: which frame is taken, what it holds, and what sequences do not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import full_records
import numpy as np
import pytest
from detector_cases import CASES

from cfgtool.data import keys
from cfgtool.data.check import check_records
from cfgtool.data.expected import Expected, Loaded
from cfgtool.data.sequence import decode_frames
from cfgtool.data.tfrecord import read_records
from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.input.pipeline import (
    evaluation_batches,
    input_problems,
    stored_examples,
    training_batches,
)
from cfgtool.training.input.read_errors import checked

Pipeline = Callable[..., Config]
SEQUENCES = "input_type: TF_SEQUENCE_EXAMPLE shuffle: false max_number_of_boxes: 6"


@pytest.fixture
def sequences(tmp_path: Path, pipeline: Pipeline) -> Pipeline:
    def make(more: str = "", change: dict[str, Any] | None = None, **options: Any) -> Config:
        record, label_map = full_records.write_sequences(tmp_path, change)
        reader = f"{SEQUENCES} {more}"
        return pipeline(record, label_map=label_map, reader=reader, eval_reader=reader, batch=1, **options)

    return make


def _taken(config: Config, count: int, seed: int = 0) -> list[str]:
    batches = training_batches(config, seed=seed).take(count).as_numpy_iterator()
    return [batch["source_id"][0].decode() for batch in batches]


def test_any_frame_is_taken_by_the_seed_of_the_run(sequences: Pipeline) -> None:
    first = _taken(sequences(), 24)
    assert first == _taken(sequences(), 24)
    assert first != _taken(sequences(), 24, seed=1)
    assert set(first[::2]) == {"frame_0_0", "frame_0_1", "frame_0_2"}
    assert set(first[1::2]) == {"frame_1_0"}


def test_what_is_previewed_is_the_frame_that_is_taken(sequences: Pipeline) -> None:
    config = sequences()
    stored = stored_examples(config, seed=5, start=3).take(8).as_numpy_iterator()
    assert [example["source_id"].decode() for example in stored] == _taken(config, 11, seed=5)[3:]


def test_a_frame_by_its_number(sequences: Pipeline) -> None:
    assert _taken(sequences("frame_index: 0"), 2) == ["frame_0_0", "frame_1_0"]
    config = sequences("frame_index: 2")
    batches = checked(training_batches(config), config.message("train_input_reader"))
    assert next(batches)["source_id"].numpy() == [b"frame_0_2"]
    with pytest.raises(UserError, match="frame_index 2 is beyond the frames"):
        next(batches)


def test_every_frame_is_evaluated(sequences: Pipeline) -> None:
    elements = list(evaluation_batches(sequences()).as_numpy_iterator())
    assert [element["source_id"][0] for element in elements] == [
        b"frame_0_0",
        b"frame_0_1",
        b"frame_0_2",
        b"frame_1_0",
    ]
    assert [int(element["num_boxes"][0]) for element in elements] == [2, 1, 0, 2]
    assert [int(element["element"][0]) for element in elements] == [0, 1, 2, 3]
    np.testing.assert_array_equal(elements[3]["weights"][0, :2], [0.5, 2.0])
    np.testing.assert_array_equal(elements[0]["weights"][0, :2], [1.0, 1.0])
    np.testing.assert_array_equal(elements[1]["classes"][0, :1], [2])


def test_display_names_are_known_as_they_are_in_examples(sequences: Pipeline) -> None:
    """The OD API drops objects of a sequence whose class is given by its display name."""
    config = sequences(change={keys.SEQUENCE_TEXT: [[b"bear", b"nobody"], [b"cat"], []]})
    first, second = list(evaluation_batches(config).as_numpy_iterator())[:2]
    assert (first["num_boxes"][0], first["classes"][0, 0]) == (1, 1)
    assert (second["num_boxes"][0], second["classes"][0, 0]) == (1, 2)


def test_what_sequences_do_not_hold_is_refused(
    sequences: Pipeline, tmp_path: Path, pipeline: Pipeline
) -> None:
    config = sequences("load_instance_masks: true num_keypoints: 3 load_track_id: true")
    refused = dict(input_problems(config))
    for name in ("load_instance_masks", "num_keypoints", "load_track_id"):
        assert "not read of sequences" in refused[f"train_input_reader.{name}"]
    bare = pipeline(tmp_path / "sequences.record", reader=SEQUENCES)
    assert "label_map_path is needed" in dict(input_problems(bare))["train_input_reader.label_map_path"]


def test_a_frame_with_a_class_too_few_is_named(sequences: Pipeline) -> None:
    config = sequences(change={keys.SEQUENCE_TEXT: [[b"cat"], [], []]}, more="frame_index: 0")
    with pytest.raises(UserError, match="class/text' has 1 values for 2 boxes"):
        next(checked(training_batches(config), config.message("train_input_reader")))


def test_frames_without_tensorflow(tmp_path: Path) -> None:
    record, _ = full_records.write_sequences(tmp_path)
    first, second = map(decode_frames, read_records(str(record)))
    assert (len(first), len(second)) == (3, 1)
    assert first[0][keys.TEXT] == [b"/m/b", b"/m/d"]
    assert first[1][keys.YMIN] == [0.5]
    assert first[2][keys.HEIGHT] == [full_records.HEIGHT]
    assert second[0][keys.WEIGHT] == [0.5, 2.0]


def test_checking_sequences(tmp_path: Path) -> None:
    sequences, _ = full_records.write_sequences(tmp_path)
    examples, _ = full_records.write(tmp_path)
    loaded = Loaded(sequences=True, context_length=full_records.CONTEXT_LENGTH)
    assert [
        flaw for flaw in check_records([str(sequences)], Expected(loaded=loaded)) if flaw.severity == "error"
    ] == []
    (flaw,) = {flaw.message for flaw in check_records([str(examples)], Expected(loaded=loaded))} - {
        "no record has a box: nothing can be learnt"
    }
    assert "tf.SequenceExamples are needed" in flaw
    found = {flaw.code for flaw in check_records([str(sequences)])}
    assert "record-not-an-example" in found
    wrong = Loaded(sequences=True, context_length=7)
    assert "context-features-differ" in {
        flaw.code for flaw in check_records([str(sequences)], Expected(loaded=wrong))
    }


def test_the_case_of_random_frames_is_not_the_recorded_one() -> None:
    """The OD API draws frames that nobody can draw again; so it was asked for the first ones."""
    assert all(
        "frame_index: 0" in case.reader for case in CASES.values() if case.sequences and not case.evaluation
    )
