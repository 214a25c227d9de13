"""Two-stage networks of few variables: halves that a classifier has in one piece, and what TF1 builds twice."""

from __future__ import annotations

import pytest
from matching_cases import checkpoint, entry, network, variable

from cfgtool.checkpoints import Checkpoint
from cfgtool.matching import RestorePlan, restore_plan

FIRST, SECOND = (
    "model/_feature_extractor_for_proposal_features",
    "model/_feature_extractor_for_box_classifier_features",
)
VARIABLES = [
    variable("backbone/a/kernel", [3], f"{FIRST}/layer_with_weights-0/kernel", "FirstStageFeatureExtractor/resnet/a/weights"),
    variable("backbone/b/kernel", [3], f"{FIRST}/layer_with_weights-1/kernel", "FirstStageFeatureExtractor/resnet/b/weights"),
    variable("backbone/idle/kernel", [3], None, "FirstStageFeatureExtractor/resnet/c/weights"),
    variable("box_backbone/c/kernel", [3], f"{SECOND}/layer_with_weights-0/kernel", "SecondStageFeatureExtractor/resnet/c/weights"),
    variable("rpn/conv/kernel", [3], "model/_first_stage_box_predictor_first_conv/layer_with_weights-0/kernel", "Conv/weights"),
    variable("head/class/kernel", [3], "model/_mask_rcnn_box_predictor/c/kernel", "SecondStageBoxPredictor/c/weights"),
]  # fmt: skip


def plan(source: Checkpoint, kind: str, generation: str, type_: str = "faster_rcnn_resnet50") -> RestorePlan:
    variables = [item for item in VARIABLES if generation == "tf1" or item.tf2_key]
    return restore_plan(network(variables, type_, generation, "faster_rcnn"), source, kind)


def detector(world: str) -> Checkpoint:
    names = [item.tf2_key if world == "tf2" else item.tf1_name for item in VARIABLES]
    return checkpoint([entry(name, (3,)) for name in names if name], world == "tf2")


def classifier(world: str, suffix: str = "") -> Checkpoint:
    names = [f"feature_extractor/layer_with_weights-{number}/kernel" for number in range(3)]
    if world == "tf1":
        names = [f"resnet/{letter}/weights{suffix}" for letter in "abc"]
    return checkpoint([entry(name, (3,)) for name in names], world == "tf2")


@pytest.mark.parametrize("world", ["tf1", "tf2"])
@pytest.mark.parametrize("generation", ["tf1", "tf2"])
@pytest.mark.parametrize(("kind", "slug"), [("detection", "heads-fresh"), ("classification", "heads-fresh")])
def test_every_world_restores_into_every_other(world: str, generation: str, kind: str, slug: str) -> None:
    made = plan(detector(world) if kind == "detection" else classifier(world), kind, generation)
    names = {item.name for item, _ in made.restored}
    assert {"backbone/a/kernel", "backbone/b/kernel", "box_backbone/c/kernel"} <= names
    assert made.verdict.severity == "ok"
    # What the second stage has again is restored where a checkpoint has it twice.
    twice = generation == "tf1" and world == "tf1" and kind == "detection"
    assert ("backbone/idle/kernel" in names) == twice
    assert made.verdict.slug == ("backbone-only" if generation == "tf1" and not twice else slug)
    assert not made.missing


def test_the_halves_of_a_classifier_stay_in_order() -> None:
    made = plan(classifier("tf2"), "classification", "tf2")
    assert {item.name: found.key for item, found in made.restored} == {
        "backbone/a/kernel": "feature_extractor/layer_with_weights-0/kernel",
        "backbone/b/kernel": "feature_extractor/layer_with_weights-1/kernel",
        "box_backbone/c/kernel": "feature_extractor/layer_with_weights-2/kernel",
    }


@pytest.mark.parametrize("type_", ["faster_rcnn_nas", "faster_rcnn_pnas"])
def test_averaged_classifiers_are_read_for_their_averages(type_: str) -> None:
    averaged = classifier("tf1", "/ExponentialMovingAverage")
    assert len(plan(averaged, "classification", "tf1", type_).restored) == 3
    assert not plan(classifier("tf1"), "classification", "tf1", type_).restored
    assert not plan(averaged, "classification", "tf1").restored
