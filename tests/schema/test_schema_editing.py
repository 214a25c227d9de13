"""`edit_text`: several changes, all or none; what is deleted takes its own comments along, and no others."""

from __future__ import annotations

import random

import pytest

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.schema.editing import edit_text
from cfgtool.schema.effective import find_values, plain, quote
from cfgtool.schema.model import load
from cfgtool.schema.scalars import float32, shortest
from cfgtool.textproto import parse, string_value

LIST = """\
train_config {
  # above
  freeze_variables: [
    "a",  # first
    "b",
    # above c
    "c"  # last
  ]
  batch_size: 8  # eight
}
"""


def edited(text: str, *assignments: str, unset: tuple[str, ...] = ()) -> str:
    return edit_text(text, assignments, unset).text


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("train_config.freeze_variables[0]", '    "a",  # first\n', ""),
        ("train_config.freeze_variables[1]", '    "b",\n', ""),
        ("train_config.freeze_variables[2]", '"b",\n    # above c\n    "c"  # last\n', '"b"\n    # above c\n'),
        ("train_config.freeze_variables[-1]", '"b",\n    # above c\n    "c"  # last\n', '"b"\n    # above c\n'),
        ("train_config.batch_size", "  batch_size: 8  # eight\n", ""),
        ("train_config", LIST, ""),
    ],
)  # fmt: skip
def test_unset(path: str, old: str, new: str, line_end: str) -> None:
    text, old, new = (each.replace("\n", line_end) for each in (LIST, old, new))
    assert text.count(old) == 1
    assert edited(text, unset=(path,)) == text.replace(old, new)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ('["a", "b", "c"]', 0, '["b", "c"]'),
        ('["a", "b", "c"]', 1, '["a", "c"]'),
        ('["a" , "b" , "c" ]', 2, '["a" , "b"]'),
        ('["a", "b",\n"c"]', 1, '["a",\n"c"]'),
        ('["a", "b", # b\n"c"]', 1, '["a",\n"c"]'),
        ('["a" # a\n, "b"]', 0, '["b"]'),
        ('["a", # a\n"b" # b\n]', 1, '["a" # a\n]'),
        ('["a" # a\n, "b" ]', 1, '["a" # a\n ]'),
    ],
)
def test_unset_of_an_item(before: str, index: int, after: str, line_end: str) -> None:
    text = f"train_config {{ freeze_variables: {before} }}\n".replace("\n", line_end)
    expected = f"train_config {{ freeze_variables: {after} }}\n".replace("\n", line_end)
    assert edit_text(text, (), (f"train_config.freeze_variables[{index}]",)).text == expected


@pytest.mark.parametrize("path", ["train_config.freeze_variables", "train_config.freeze_variables[*]"])
def test_unset_of_a_repeated_field(path: str) -> None:
    start, end = LIST.index("  freeze"), LIST.index("  batch_size")
    assert edited(LIST, unset=(path,)) == LIST[:start] + LIST[end:]


def test_unset_of_elements_until_none_is_left() -> None:
    text = edited(LIST, unset=("train_config.freeze_variables[0]",) * 3)
    assert "freeze_variables" not in text


def test_unset_deletes_all_that_would_count() -> None:
    text = "train_config { batch_size: 1 }\nmodel { }\ntrain_config { batch_size: 2 num_steps: 3 }\n"
    assert edited(text, unset=("train_config.batch_size",)) == (
        "train_config {}\nmodel { }\ntrain_config { num_steps: 3 }\n"
    )


def test_a_oneof_member_takes_the_place_of_all_others() -> None:
    text = (
        "model {\n  # mine\n  ssd { num_classes: 1 }  # and here\n}\n"
        "eval_config { batch_size: 1 }\nmodel { ssd { num_classes: 2 } }\n"
    )
    result = edit_text(text, ["model.faster_rcnn={num_classes: 3}"])
    assert result.text == (
        "model {\n  # mine\n}\neval_config { batch_size: 1 }\nmodel { faster_rcnn { num_classes: 3 } }\n"
    )
    assert result.notes == ["'model.ssd' is replaced by 'faster_rcnn'"]


def test_a_scalar_member_replaces_a_message() -> None:
    outer = "model.ssd.feature_extractor.conv_hyperparams.initializer"
    text = "model { ssd { feature_extractor { conv_hyperparams { initializer { random_normal_initializer { } } } } } }"
    result = edited(text, f"{outer}.keras_initializer_by_name=he_normal")
    assert result == text.replace("random_normal_initializer { }", 'keras_initializer_by_name: "he_normal"')


def test_later_assignments_see_earlier_ones() -> None:
    result = edited(
        "", "eval_input_reader+={name: 'a'}", "eval_input_reader+={name: 'b'}", "eval_input_reader[1].name=c"
    )
    assert result == "eval_input_reader { name: 'a' }\neval_input_reader { name: \"c\" }\n"


def test_a_label_map_from_nothing() -> None:
    assert edited("", "item+={id: 1 name: 'a'}", "item+={id: 2}", "item[-1].name=b") == (
        "item { id: 1 name: 'a' }\nitem { id: 2 name: \"b\" }\n"
    )


def test_multi_line_values_are_hung_below_their_place() -> None:
    text = "model {\r\n  ssd {\r\n    image_resizer { }\r\n  }\r\n}\r\n"
    result = edited(text, "model.ssd.image_resizer={ identity_resizer {\n} }")
    assert result == text.replace(
        "image_resizer { }", "image_resizer {\r\n      identity_resizer {\r\n      }\r\n    }"
    )


def test_a_formatted_text_stays_formatted() -> None:
    text = "train_config {\n  batch_size: 8\n}\n"
    assert edited(text, "eval_config.min_score_threshold=0.8999999761581421") == (
        "train_config {\n  batch_size: 8\n}\n\neval_config {\n  min_score_threshold: 0.9\n}\n"
    )
    assert edited(text.replace("8", "8;"), "train_config.num_steps=5") == (
        "train_config {\n  batch_size: 8;\n  num_steps: 5\n}\n"
    )


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["train_config.batch_size=1", "x=1"], "has no field 'x'"),
        (["train_config.batch_size[*]=1"], "takes no index"),
        (["eval_config.parameterized_metric[1].coco_keypoint_metrics={}"], "has no element 1, it has 0"),
        (["model[0].ssd.num_classes=1"], "takes no index"),
        (["eval_input_reader[*].shuffle=true"], "there is no such element"),
        (["train_config.freeze_variables[*]+=x"], "is one element here, it takes no +"),
        (["model.ssd.num_classes=1 } x {"], "cannot set"),
    ],
)
def test_mistakes(assignments: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        edit_text(LIST, assignments)
    assert message in str(caught.value)


def test_what_is_set_is_what_is_found() -> None:
    """Every scalar field near the root: set, found, unset, not found any more."""
    schema = load()
    for outer in ("train_config", "eval_config", "eval_input_reader", "train_input_reader"):
        message = schema.messages[schema.root.fields[outer].type]
        for field in message.fields.values():
            if field.kind in ("message", "bytes"):
                continue
            value = {"bool": "true", "string": "a b", "enum": list(field.enum_values or ["?"])[-1]}.get(
                field.kind, "2"
            )
            text = edited(f"{outer} {{\n}}\n", f"{outer}.{field.name}={value}")
            path = f"{outer}[0].{field.name}" if outer == "eval_input_reader" else f"{outer}.{field.name}"
            (found,) = find_values(read_config(parse(text)), path)
            assert found.is_set
            expected = {"true": True, "2": 2}.get(value, value)
            assert plain(field, found.value) == ([expected] if not field.single else expected)
            assert edited(text, unset=(path,)) == f"{outer} {{\n}}\n"


def test_shortest_is_the_same_float32() -> None:
    dice = random.Random(0)
    assert shortest(float32(0.9)) == 0.9
    for _ in range(2000):
        value = float32(dice.uniform(-1, 1) * 10 ** dice.randint(-30, 30))
        assert float32(shortest(value)) == value
        assert len(repr(shortest(value))) <= len(repr(value))


@pytest.mark.parametrize(
    "text", ["", "a b", 'it\'s "x"', "C:\\new", "tab\tline\n", "\u00fc\u4e2d", "caf\udce9", "\x7f"]
)
def test_quoted_strings_read_back(text: str) -> None:
    document = parse(f"a: {quote(text)}")
    assert document.problems == []
    assert string_value(document, document.root.fields[0].value).decode("utf-8", "surrogateescape") == text
