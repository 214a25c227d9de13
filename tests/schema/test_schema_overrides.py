"""`set_value`: after its edits the field has the value, and nothing else has changed."""

from __future__ import annotations

import pytest

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import parse
from cfgtool.textproto.edits import apply_edits

TEXT = """\
# mine
model { ssd { num_classes: 3 } }
train_config {
  batch_size: 4  # small
  optimizer {
    momentum_optimizer { momentum_optimizer_value: 0.9 }
  }
  freeze_variables: "a"
  num_steps: 10
  freeze_variables: ["b", "c"]
}
eval_input_reader { name: "one" }
train_input_reader {
}
"""


def after(path: str, value: str, text: str = TEXT) -> str:
    result = apply_edits(text, set_value(parse(text), path, value))
    document = parse(result)
    assert not document.problems
    assert not read_config(document).problems
    return result


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("train_config.batch_size", "8", "batch_size: 4  # small", "batch_size: 8  # small"),
        ("train_config.batch_size", "0x10", "batch_size: 4  #", "batch_size: 0x10  #"),
        ("model.ssd.num_classes", "7", "{ num_classes: 3 }", "{ num_classes: 7 }"),
        ("eval_input_reader.name", "two", 'name: "one"', 'name: "two"'),
        ("eval_input_reader[0].name", '"two"', 'name: "one"', 'name: "two"'),
        ("eval_input_reader[0].name", "a 'b' \\c", '"one"', "\"a 'b' \\\\c\""),
        ("train_config.freeze_variables[0]", "z", '"a"', '"z"'),
        ("train_config.freeze_variables[2]", "z", '"b", "c"', '"b", "z"'),
        ("train_config.freeze_variables+", "z", '"c"]\n', '"c"]\n  freeze_variables: "z"\n'),
        (
            "train_config.optimizer.momentum_optimizer.momentum_optimizer_value",
            ".5",
            "momentum_optimizer_value: 0.9",
            "momentum_optimizer_value: .5",
        ),
        (
            "train_config.optimizer.use_moving_average",
            "false",
            "0.9 }\n",
            "0.9 }\n    use_moving_average: false\n",
        ),
        (
            "train_config.fine_tune_checkpoint_version",
            "V2",
            '["b", "c"]\n',
            '["b", "c"]\n  fine_tune_checkpoint_version: V2\n',
        ),
        ("train_input_reader.shuffle", "false", "reader {\n}", "reader {\n  shuffle: false\n}"),
        (
            "eval_config.batch_size",
            "1",
            "train_input_reader {\n}\n",
            "train_input_reader {\n}\neval_config {\n  batch_size: 1\n}\n",
        ),
        (
            "train_input_reader.tf_record_input_reader.input_path",
            '["a", "b"]',
            "reader {\n}",
            'reader {\n  tf_record_input_reader {\n    input_path: ["a", "b"]\n  }\n}',
        ),
        (
            "train_config.data_augmentation_options+",
            "{ random_horizontal_flip { } }",
            '["b", "c"]\n',
            '["b", "c"]\n  data_augmentation_options { random_horizontal_flip {} }\n',
        ),
        ("model.ssd", "{ num_classes: 1 }", "ssd { num_classes: 3 }", "ssd { num_classes: 1 }"),
    ],
)
def test_the_text_changes_in_one_place(path: str, value: str, old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    assert after(path, value) == TEXT.replace(old, new)


def test_a_repeated_field_is_replaced_as_a_whole() -> None:
    result = after("train_config.freeze_variables", '["x", "y"]')
    assert 'freeze_variables: ["x", "y"]\n  num_steps: 10\n}' in result
    assert result.count("freeze_variables") == 1


def test_the_effective_one_of_duplicates_is_changed() -> None:
    text = "train_config { batch_size: 1 batch_size: 2 }"
    edits = set_value(parse(text), "train_config.batch_size", "3")
    assert apply_edits(text, edits) == "train_config { batch_size: 1 batch_size: 3 }"


def test_an_empty_text_gets_its_blocks() -> None:
    assert after("train_config.optimizer.adam_optimizer.epsilon", "1e-7", "") == (
        "train_config {\n  optimizer {\n    adam_optimizer {\n      epsilon: 1e-7\n    }\n  }\n}\n"
    )


def test_other_roots() -> None:
    text = 'item { id: 1 name: "a" }\n'
    edits = set_value(parse(text), "item[0].name", "b", root="StringIntLabelMap")
    assert apply_edits(text, edits) == 'item { id: 1 name: "b" }\n'


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train_config.batchsize", "1", "TrainConfig has no field 'batchsize'; did you mean 'batch_size'"),
        ("trainconfig.batch_size", "1", "did you mean 'train_config'"),
        ("train_config.batch_size.x", "1", "'batch_size' is a uint32, it has no fields"),
        ("train_config.batch_size", "-1", "'-1' is out of range for 'batch_size'"),
        ("train_config.batch_size", "1 2", "unexpected"),
        ("train_config.batch_size", "1 num_steps: 2", "is not one value"),
        ("train_config.batch_size", "", "no value"),
        ("train_config.batch_size", "[1]", "is a list"),
        ("train_config.batch_size", "} x {", ""),
        ("train_config.batch_size+", "1", "is not repeated, it takes no +"),
        ("train_config.batch_size[0]", "1", "is not repeated, it takes no index"),
        ("train_config[0].batch_size", "1", "is not repeated, it takes no index"),
        ("train_config.fine_tune_checkpoint_version", "V3", "allowed are UNKNOWN, V1, V2"),
        ("train_config.optimizer", "{ x: 1 }", "unknown field 'x'"),
        ("train_config.optimizer.adam_optimizer.epsilon", "1", "'momentum_optimizer' is set at this place"),
        ("train_config.freeze_variables[3]", "x", "has no element 3, it has 3"),
        ("eval_input_reader[1].name", "x", "has no element 1, it has 1"),
        ("eval_input_reader[x].name", "x", "'eval_input_reader[x]' is no field name"),
        ("eval_config.metrics_set[0]", "x", "'metrics_set' has no element 0"),
        ("", "x", "has no field ''"),
    ],
)
def test_mistakes_are_refused(path: str, value: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        set_value(parse(TEXT), path, value)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"cannot set '{path}': ")


def test_which_of_several_must_be_said() -> None:
    with pytest.raises(
        UserError, match=r"there are 2 'eval_input_reader'; say which: 'eval_input_reader\[0\]'"
    ):
        set_value(parse("eval_input_reader { } eval_input_reader { }"), "eval_input_reader.name", "x")
