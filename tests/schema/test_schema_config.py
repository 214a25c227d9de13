"""The typed config: getters, defaults, spans, paths, and what Merge makes of repetitions."""

from __future__ import annotations

import pytest

from cfgtool.schema import Config, load, read_config
from cfgtool.textproto import parse

TEXT = """\
model { ssd { num_classes: 3 anchor_generator { ssd_anchor_generator { scales: [0.1, .2] scales: 1 } } } }
train_config {
  batch_size: 4
  batch_size: 8
  optimizer { adam_optimizer { epsilon: 2 } }
  optimizer { momentum_optimizer { } use_moving_average: f }
  freeze_variables: "a"
  freeze_variables: ["b", 'c' "d"]
  data_augmentation_options { rgb_to_gray { } }
  data_augmentation_options { random_jitter_boxes { jitter_mode: SHRINK } }
  num_steps: oops
}
eval_config {
  super_categories { key: "a" value: "b" }
  super_categories { key: "a" value: "c" }
}
eval_input_reader { name: "first" }
eval_input_reader { shuffle: false }
"""


@pytest.fixture(scope="module")
def config() -> Config:
    return read_config(parse(TEXT))


def test_values_and_defaults(config: Config) -> None:
    train = config.message("train_config")
    assert train.integer("batch_size") == 8
    assert train.integer("num_steps") == 0
    assert train.text("fine_tune_checkpoint") == ""
    assert train.enum("fine_tune_checkpoint_version") == "V1"
    assert train.flag("add_regularization_loss") is True
    assert train.number("keep_checkpoint_every_n_hours") == 10000.0
    assert config.find("train_config.optimizer").number("moving_average_decay") == 0.9998999834060669
    assert (
        config.find("train_config.data_augmentation_options[1].random_jitter_boxes").enum("jitter_mode")
        == "SHRINK"
    )
    assert config.find("model.faster_rcnn").block is None
    assert config.find("model.faster_rcnn").integer("first_stage_max_proposals") == 300
    assert config.find("") is config


def test_repeated_fields(config: Config) -> None:
    train = config.message("train_config")
    assert train.texts("freeze_variables") == ["a", "b", "cd"]
    anchors = config.find("model.ssd.anchor_generator.ssd_anchor_generator")
    assert anchors.numbers("scales") == [0.10000000149011612, 0.20000000298023224, 1.0]
    assert anchors.integers("height_stride") == []
    assert [reader.text("name") for reader in config.messages("eval_input_reader")] == ["first", ""]
    assert config.find("eval_input_reader").text("name") == "first"
    assert config.message("eval_config").mapping("super_categories") == {"a": "c"}


def test_presence(config: Config) -> None:
    train = config.message("train_config")
    assert train.has("batch_size")
    assert not train.has("num_steps")  # unreadable
    assert not train.has("sync_replicas")
    optimizer = train.message("optimizer")
    assert optimizer.which("optimizer") == "momentum_optimizer"
    assert not optimizer.has("adam_optimizer")
    assert optimizer.flag("use_moving_average") is False
    assert config.message("train_input_reader").which("input_reader") is None


def test_entries_are_all_occurrences(config: Config) -> None:
    train = config.message("train_config")
    assert [entry.value for entry in train.entries("batch_size")] == [4, 8]
    assert [entry.value for entry in train.entries("num_steps")] == [None]
    entry = train.entry("batch_size")
    assert entry is not None
    assert TEXT[entry.start : entry.end] == "8"
    assert config.document.position(entry.field.start) == (4, 3)
    first, second = train.entries("optimizer")
    assert first.value is second.value
    assert [entry.path for entry in train.entries("freeze_variables")] == [
        f"train_config.freeze_variables[{index}]" for index in range(3)
    ]


def test_walk_yields_everything_once_in_source_order(config: Config) -> None:
    entries = [entry for _, entry in config.walk()]
    starts = [entry.start for entry in entries]
    assert starts == sorted(starts)
    assert len({id(entry) for entry in entries}) == len(entries) == 37
    assert all(owner is entry.owner for owner, entry in config.walk())
    assert entries[-1].path == "eval_input_reader[1].shuffle"
    train = config.message("train_config")
    assert [entry for _, entry in train.walk()] == [e for e in entries if e.path.startswith("train_config.")]


def test_paths(config: Config) -> None:
    step = config.message("train_config").messages("data_augmentation_options")[1]
    assert step.path == "train_config.data_augmentation_options[1]"
    assert step.message("random_jitter_boxes").path == f"{step.path}.random_jitter_boxes"
    assert step.root is config
    assert step.problems is config.problems


@pytest.mark.parametrize("name", ["batchsize", "Batch_size", ""])
def test_names_that_the_schema_lacks_are_a_mistake_in_the_program(config: Config, name: str) -> None:
    with pytest.raises(KeyError):
        config.message("train_config").integer(name)
    with pytest.raises(KeyError):
        config.find(f"train_config.{name}")


def test_an_index_beyond_the_last_is_an_error(config: Config) -> None:
    with pytest.raises(IndexError):
        config.find("eval_input_reader[2]")


def test_a_list_of_a_single_field_is_an_error(config: Config) -> None:
    with pytest.raises(KeyError):
        config.message("train_config").integers("batch_size")


@pytest.mark.parametrize(
    "text", ["", "#", "{", "}}}", "model", "model {", "model: [", "train_config: 3", "\ufeff", "\0"]
)
def test_any_text_yields_a_config(text: str) -> None:
    config = read_config(parse(text))
    assert config.find("train_config").integer("batch_size") == 32


def test_the_schema() -> None:
    schema = load()
    assert len(schema.messages) == 166
    assert sum(len(message.fields) for message in schema.messages.values()) == 854
    assert schema.root.fields["model"].type == "DetectionModel"
    assert schema.messages["DetectionModel"].oneofs == {
        "model": ["faster_rcnn", "ssd", "experimental_model", "center_net"]
    }
    deprecated = [f for message in schema.messages.values() for f in message.fields.values() if f.deprecated]
    assert len(deprecated) == 11
