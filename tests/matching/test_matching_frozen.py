"""What plans say of frozen variables."""

from __future__ import annotations

import pytest
from matching_cases import checkpoint, entry, network, variable

from cfgtool import schema, textproto
from cfgtool.checkpoints import Checkpoint
from cfgtool.matching import RestorePlan, configured_plan

EXTRACTOR, HEADS = "model/_feature_extractor", "model/_box_predictor"
VARIABLES = [
    variable("backbone/a/kernel", [3], f"{EXTRACTOR}/classification_backbone/a/kernel", "FeatureExtractor/a/w", "a"),
    variable("neck/b/kernel", [3], f"{EXTRACTOR}/b/kernel", "FeatureExtractor/b/w", "b"),
    variable("head/c/kernel", [3], f"{HEADS}/c/kernel", "BoxPredictor/c/w", "c"),
]  # fmt: skip


def plan(lines: str, source: Checkpoint | None = None, kind: str = "detection") -> RestorePlan:
    text = f"model {{ ssd {{ num_classes: 3 }} }} train_config {{ fine_tune_checkpoint_version: V2 {lines} }}"
    config = schema.read_config(textproto.parse(text))
    if source is None:
        source = checkpoint([entry(str(item.tf2_key), item.shape) for item in VARIABLES])
    return configured_plan(config, network(VARIABLES), source, kind=kind)


@pytest.mark.parametrize(
    ("lines", "warning", "note"),
    [
        ("", None, None),
        ('freeze_variables: "backbone/"', None, "1 variables are frozen, all of them are restored"),
        ('freeze_variables: "FeatureExtractor/"', None, "matches 2 variables by their TF1 names"),
        ('freeze_variables: ".*"', "1 of the 3 frozen variables are not restored and keep what", None),
        ('update_trainable_variables: "neck"', "1 of the 2 frozen variables are not restored", None),
        ('freeze_variables: "*broken"', None, None),
    ],
)
def test_frozen_variables_should_be_restored(lines: str, warning: str | None, note: str | None) -> None:
    made = plan(lines)
    assert made.verdict.severity == "ok"
    assert warning in made.warnings[0] if warning else not made.warnings
    frozen = [text for text in made.notes if "frozen" in text or "freeze" in text]
    assert note in " ".join(frozen) if note else not frozen


def test_the_frozen_that_are_not_restored_are_named() -> None:
    made = plan('freeze_variables: ".*"')
    assert [item.name for item in made.frozen_fresh] == ["head/c/kernel"]
    assert made.warnings[0].endswith("such as 'head/c/kernel'")
    assert not plan('freeze_variables: ".*"', kind="full").frozen_fresh


def test_of_a_failed_restore_only_that_is_said() -> None:
    made = plan('freeze_variables: ".*"', checkpoint([entry("model/other", (1,))]))
    assert made.verdict.slug == "nothing-restored"
    assert not made.warnings
