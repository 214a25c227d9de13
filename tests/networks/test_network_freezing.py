"""Patterns of frozen variables: in every spelling of a variable's name, in networks of both generations."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool import schema, textproto
from cfgtool.errors import UserError
from cfgtool.networks import describe, frozen_variables
from cfgtool.networks.freezing import freeze_patterns
from cfgtool.networks.variables import Initializer, Variable
from cfgtool.schema.config import Config

START = Initializer("constant")
BOTH = Variable(
    "backbone/a/kernel", (1,), True, START, "model/_fe/b/0/kernel", "conv1/kernel", "First/a/weights"
)
TF1_ONLY = Variable("backbone/idle/kernel", (1,), True, START, None, None, "First/idle/weights")
TF2_ONLY = Variable("head/b/kernel", (1,), True, START, "model/_heads/b/kernel", "conv2/kernel", None)
VARIABLES = (BOTH, TF1_ONLY, TF2_ONLY)


def train(lines: str) -> Config:
    config = schema.read_config(textproto.parse(f"train_config {{ {lines} }}"))
    return config.message("train_config")


@pytest.mark.parametrize(
    ("pattern", "frozen", "generation", "told"),
    [
        ("backbone/.*", [BOTH, TF1_ONLY], "tf1", None),
        ("First/.*", [BOTH, TF1_ONLY], "tf1", None),
        ("First/.*", [BOTH, TF1_ONLY], "tf2", "matches 2 variables by their TF1 names"),
        ("conv1", [BOTH], "tf2", None),
        ("conv1", [BOTH], "tf1", "matches 1 variables by their Keras names"),
        ("model/_heads", [TF2_ONLY], "tf2", None),
        ("model/", [BOTH, TF2_ONLY], "tf1", "matches 2 variables by their TF2 names"),
        ("(conv2|model/_heads)", [TF2_ONLY], "tf1", "by their Keras and TF2 names"),
        ("kernel", [], "tf2", None),
        (".*kernel", VARIABLES, "tf2", None),
    ],
)
def test_every_spelling_counts(
    pattern: str, frozen: list[Variable], generation: str, told: str | None
) -> None:
    config = train(f'freeze_variables: "{pattern}"')
    assert frozen_variables(config, VARIABLES) == {item.name for item in frozen}
    (found,) = freeze_patterns(config, VARIABLES)
    said = found.foreign(generation)
    assert said == told if told is None else told in str(said)


@pytest.mark.parametrize(
    ("lines", "frozen"),
    [
        ("", []),
        ('update_trainable_variables: "head/"', [BOTH, TF1_ONLY]),
        ('update_trainable_variables: "nothing"', VARIABLES),
        ('update_trainable_variables: ["head/", "First/a"]', [TF1_ONLY]),
        ('update_trainable_variables: "head/" freeze_variables: "conv2"', VARIABLES),
        ('freeze_variables: ["conv1", "conv2"]', [BOTH, TF2_ONLY]),
    ],
)
def test_both_fields_together(lines: str, frozen: list[Variable]) -> None:
    assert frozen_variables(train(lines), iter(VARIABLES)) == {item.name for item in frozen}


@pytest.mark.parametrize("field", ["freeze_variables", "update_trainable_variables"])
def test_broken_patterns_are_refused(field: str) -> None:
    with pytest.raises(UserError, match=rf"train_config.{field} '\*a' is not a regular expression"):
        frozen_variables(train(f'{field}: "*a"'), VARIABLES)


@pytest.mark.parametrize("generation", ["tf1", "tf2"])
def test_one_pattern_freezes_the_same_in_both_generations(fixtures: Path, generation: str) -> None:
    config = schema.read_config(textproto.parse((fixtures / "demo" / "pipeline.config").read_text()))
    network = describe(config, "tf1" if generation == "tf1" else "tf2")
    found = freeze_patterns(
        train('freeze_variables: "FeatureExtractor/MobilenetV1/Conv2d_[0-4]_"'), network.variables
    )
    assert len(found[0].variables) == 40
    assert (found[0].foreign(generation) is None) == (generation == "tf1")
