"""Which restore type is recommended, why, and what it changes for a config."""

from __future__ import annotations

import pytest
from matching_cases import checkpoint, entry, network, own_checkpoint, variable

from cfgtool.checkpoints import Checkpoint
from cfgtool.matching import RestorePlan, restore_plan, restore_types
from cfgtool.matching.recommend import recommend

EXTRACTOR, HEADS = "model/_feature_extractor", "model/_box_predictor"
VARIABLES = [
    variable("backbone/conv/kernel", [3, 3], f"{EXTRACTOR}/classification_backbone/a/kernel", "FeatureExtractor/a/w", "a"),
    variable("head/box/kernel", [3, 8], f"{HEADS}/box/kernel", "BoxPredictor/Box/w", "b"),
    variable("head/class/kernel", [3, 6], f"{HEADS}/class/kernel", "BoxPredictor/Class/w", "c"),
]  # fmt: skip
HEADLESS = VARIABLES[:1]


def plans(source: Checkpoint, generation: str = "tf2", variables: object = VARIABLES) -> list[RestorePlan]:
    description = network(list(variables), generation=generation)  # type: ignore[call-overload]
    kinds = restore_types("ssd", generation)
    made = [restore_plan(description, source, kind) for kind in kinds]
    if generation == "tf1":
        made.append(restore_plan(description, source, "detection", load_all=True))
    return made


def saved(generation: str = "tf2", factor: int = 1) -> Checkpoint:
    description = network(VARIABLES, generation=generation)
    names = {item.name: item.tf2_key if generation == "tf2" else item.tf1_name for item in VARIABLES}
    entries = []
    for item in description.variables:
        width = item.shape[-1] * (factor if "class" in item.name else 1)
        entries.append(entry(str(names[item.name]), (*item.shape[:-1], width)))
    return checkpoint(entries, generation == "tf2")


@pytest.mark.parametrize(
    ("made", "kind", "load_all", "reason", "change"),
    [
        (plans(saved()), "full", False, "2 variables of the heads too: right if the classes are", None),
        (plans(saved()), "detection", False, "heads too", "restores 1 variables, 2 fewer: 2 of the head"),
        (plans(saved(factor=2)), "detection", False, "no other type restores what it asks for", None),
        (plans(saved(factor=2)), "full", False, "no other type", "'full' fails: training would stop"),
        (plans(saved(factor=2)), "classification", False, "no other type", "fails: nothing is restored"),
        (plans(saved(), variables=HEADLESS), "full", False, "when num_classes changes", "the same 1 variables"),
        (plans(saved("tf1"), "tf1"), "detection", False, "heads too", "2 fewer: 2 of the head"),
        (plans(saved("tf1"), "tf1"), "detection", True, "heads too, and leaves those of other shapes", None),
        (plans(saved("tf1"), "tf1"), "full", False, "heads too", "'full' is no restore type of TF1"),
        (plans(saved("tf1"), "tf1", HEADLESS), "detection", True, "no head is taken over", "the same 1 var"),
        (plans(saved("tf1"), "tf1"), None, False, "it restores most", None),
    ],
)  # fmt: skip
def test_recommended(
    made: list[RestorePlan], kind: str | None, load_all: bool, reason: str, change: str | None
) -> None:
    chosen = recommend(made, kind, load_all)
    assert chosen.plan is not None
    assert chosen.plan.verdict.severity == "ok"
    assert reason in chosen.reason
    assert change in str(chosen.change) if change else chosen.change is None


@pytest.mark.parametrize(
    ("source", "generation", "variables", "best"),
    [
        (saved(), "tf2", VARIABLES, ("full", False)),
        (saved(factor=2), "tf2", VARIABLES, ("detection", False)),
        (saved(), "tf2", HEADLESS, ("detection", False)),
        (saved("tf1"), "tf1", VARIABLES, ("detection", True)),
        (saved("tf1", 2), "tf1", VARIABLES, ("detection", True)),
        (saved("tf1"), "tf1", HEADLESS, ("detection", False)),
    ],
)
def test_the_best(source: Checkpoint, generation: str, variables: object, best: tuple[str, bool]) -> None:
    chosen = recommend(plans(source, generation, variables)).plan
    assert chosen is not None
    assert (chosen.restore_type, chosen.load_all) == best


def test_none_of_them() -> None:
    chosen = recommend(plans(checkpoint([entry("model/other", (1,))])), "detection")
    assert chosen.plan is None
    assert chosen.reason == "take a checkpoint of this network"


def test_a_hourglass_has_no_classifier() -> None:
    assert restore_types("center_net", "tf2", "hourglass_104") == ("full", "detection")
    assert restore_types("center_net", "tf2", "resnet_v2_50") == ("full", "detection", "classification")
    key = "model/_feature_extractor/_network/a/kernel"
    description = network(
        [variable("backbone/a/kernel", [3], key, None, "a")], "hourglass_10", architecture="center_net"
    )
    made = restore_plan(description, own_checkpoint(description), "classification")
    assert made.od_api.exception == "NotImplementedError"
    assert "'hourglass_10' has no part" in made.verdict.text
    assert 'set fine_tune_checkpoint_type: "detection"' in str(made.verdict.hint)
