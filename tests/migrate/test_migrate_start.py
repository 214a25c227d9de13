"""Table A, all of it: every state of the start fields, for both trainers, against what they restore."""

from __future__ import annotations

from itertools import product

import pytest

from cfgtool.migrate import migrate
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse

TYPES = ("", "classification", "detection", "full")
FLAGS = (None, False, True)
STATES = list(product(TYPES, FLAGS, FLAGS))


def written(type_: str, from_detection: bool | None, load_all: bool | None, model: str) -> str:
    lines = ['  fine_tune_checkpoint: "zoo/ckpt-0"']
    if type_:
        lines.append(f'  fine_tune_checkpoint_type: "{type_}"')
    for name, flag in (
        ("from_detection_checkpoint", from_detection),
        ("load_all_detection_checkpoint_vars", load_all),
    ):
        if flag is not None:
            lines.append(f"  {name}: {str(flag).lower()}")
    body = "\n".join(lines)
    return f'model {{ ssd {{ feature_extractor {{ type: "{model}" }} }} }}\ntrain_config {{\n{body}\n}}\n'


def start_of(text: str) -> Config:
    return read_config(parse(text)).find("train_config")


def restored(train: Config) -> tuple[str, bool]:
    """What a trainer restores: the type after filling in, and whether TF1 takes every variable that fits."""
    type_ = train.text("fine_tune_checkpoint_type")
    if not type_:
        type_ = "detection" if train.flag("from_detection_checkpoint") else "classification"
    return type_, type_ == "detection" and train.flag("load_all_detection_checkpoint_vars")


@pytest.mark.parametrize(("type_", "from_detection", "load_all"), STATES)
def test_tf1_restores_the_same_as_before(
    type_: str, from_detection: bool | None, load_all: bool | None
) -> None:
    before = written(type_, from_detection, load_all, "ssd_mobilenet_v2")
    result = migrate(before)
    after = start_of(result.after)
    assert restored(after) == restored(start_of(before))
    assert after.text("fine_tune_checkpoint_type") == restored(after)[0]
    assert not after.has("from_detection_checkpoint")
    assert all(entry.change.exact for entry in result.done)


@pytest.mark.parametrize(("type_", "from_detection", "load_all"), STATES)
def test_tf2_restores_what_the_table_says(
    type_: str, from_detection: bool | None, load_all: bool | None
) -> None:
    before = written(type_, from_detection, load_all, "ssd_mobilenet_v2")
    result = migrate(before, target="tf2")
    after = start_of(result.after)
    kind, everything = restored(start_of(before))
    assert after.text("fine_tune_checkpoint_type") == ("full" if everything else kind)
    assert not after.has("from_detection_checkpoint")
    assert not after.has("load_all_detection_checkpoint_vars")
    assert after.enum("fine_tune_checkpoint_version") == "V2"
    inexact = {entry.step.id for entry in result.done if not entry.change.exact}
    assert inexact == (
        {"A8", "D1"} | ({"A4"} if everything and not type_ else {"A5"} if everything else set())
    )


@pytest.mark.parametrize("state", STATES)
def test_same_for_a_tf2_config_is_tf2(state: tuple[str, bool | None, bool | None]) -> None:
    before = written(*state, "ssd_mobilenet_v2_keras")
    assert migrate(before).after == migrate(before, target="tf2").after


@pytest.mark.parametrize("order", ["type first", "flag first"])
def test_order_of_the_fields_does_not_matter(order: str) -> None:
    fields = ['fine_tune_checkpoint_type: "detection"', "from_detection_checkpoint: false"]
    if order == "flag first":
        fields.reverse()
    result = migrate('train_config { fine_tune_checkpoint: "a/ckpt-1" ' + " ".join(fields) + " }").after
    assert result == (
        'train_config { fine_tune_checkpoint: "a/ckpt-1" fine_tune_checkpoint_type: "detection"'
        " fine_tune_checkpoint_version: V2 }"
    )


def test_the_last_of_several_flags_counts_and_all_go() -> None:
    flags = "from_detection_checkpoint: true from_detection_checkpoint: false"
    result = migrate('train_config { fine_tune_checkpoint: "a/ckpt-1" ' + flags + " }").after
    assert "from_detection" not in result
    assert 'fine_tune_checkpoint_type: "classification"' in result


def test_sections_in_two_pieces_are_one() -> None:
    text = (
        'train_config { fine_tune_checkpoint: "a/ckpt-1" }\n'
        "train_config { from_detection_checkpoint: true }\n"
        "train_config { load_all_detection_checkpoint_vars: false }\n"
    )
    train = start_of(migrate(text).after)
    assert train.text("fine_tune_checkpoint_type") == "detection"
    assert not train.has("load_all_detection_checkpoint_vars")
