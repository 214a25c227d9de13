"""Heads of other numbers of classes: told for every kind of head, and told from heads that differ otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from matching_cases import REFERENCE, checkpoint, entry, own_checkpoint, read, table, with_three_classes

from cfgtool.checkpoints import Checkpoint
from cfgtool.matching import restore_plan
from cfgtool.matching.classes import class_scores
from cfgtool.networks import NetworkDescription, describe, described_extractors
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse

pytestmark = pytest.mark.reference

STEMS = [path.stem for path in sorted((REFERENCE / "oracle/tf2/class_dependent").glob("*.json"))]
SAID = "the checkpoint has 90 classes, the config 3"
MASK_RCNN = "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8"
CENTERNET = "centernet_resnet50_v1_fpn_512x512_kpts_coco17_tpu-8"
FASTER_RCNN = "faster_rcnn_resnet50_v1_fpn_640x640_coco17_tpu-8"


@pytest.fixture(params=STEMS)
def stem(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("restore_type", ["full", "detection"])
def test_the_classes_of_a_checkpoint_are_told(shared: Path, stem: str, restore_type: str) -> None:
    network = table(shared, "tf2", stem)
    plan = restore_plan(
        with_three_classes(shared, network, stem), own_checkpoint(network), restore_type, num_classes=3
    )
    if restore_type == "detection":
        assert plan.verdict.slug == "heads-fresh"
        assert SAID in " ".join(plan.notes)
        return
    changed = read(shared / f"oracle/tf2/class_dependent/{stem}.json")["variables_whose_shape_changes"]
    assert {item.tf2_key for item, *_ in plan.shape_mismatch} == {row["key"] for row in changed}
    assert (plan.verdict.slug, plan.verdict.severity) == ("would-raise", "error")
    assert SAID in plan.verdict.text
    assert "detection" in str(plan.verdict.hint)


def test_the_same_classes_are_not_remarked_on(shared: Path, stem: str) -> None:
    network = table(shared, "tf2", stem)
    plan = restore_plan(network, own_checkpoint(network), "detection", num_classes=90)
    assert "the heads fit too" in " ".join(plan.notes)
    assert "90 classes" not in " ".join(plan.notes)


def changed(source: Checkpoint, mark: str, shape: tuple[int, ...]) -> Checkpoint:
    """The checkpoint with other shapes of what has `mark` in its key."""
    return checkpoint(
        [entry(item.key, shape if mark in item.key else item.shape) for item in source.tensors()]
    )


@pytest.mark.parametrize(
    ("stem", "mark", "shape", "why"),
    [
        (FASTER_RCNN, "_first_stage_box_predictor/", (1, 1, 512, 6), "anchors per location in the RPN"),
        (FASTER_RCNN, "_box_prediction_head", (2,), "another kind of head"),
        (MASK_RCNN, "mask_predictions", (3, 3, 256, 7), "another kind of head"),
        (CENTERNET, "human_pose", (1, 1, 64, 5), "another number of keypoints"),
        ("ssd_efficientdet_d0_512x512_coco17_tpu-8", "_box_encoder_layers/0/bias", (24,), "anchors per location"),
    ],
)  # fmt: skip
def test_heads_that_differ_otherwise_are_not_called_classes(
    shared: Path, stem: str, mark: str, shape: tuple[int, ...], why: str
) -> None:
    network = table(shared, "tf2", stem)
    plan = restore_plan(network, changed(own_checkpoint(network), mark, shape), "full", num_classes=90)
    assert plan.verdict.slug == "would-raise"
    assert why in plan.verdict.text


def test_a_rest_that_classes_do_not_explain_is_told(shared: Path) -> None:
    network = table(shared, "tf2", MASK_RCNN)
    source = changed(own_checkpoint(network), "_box_prediction_head", (1536, 8))
    plan = restore_plan(with_three_classes(shared, network, MASK_RCNN), source, "full", num_classes=3)
    assert "another kind of head" in plan.verdict.text


def rfcn(shared: Path, classes: int) -> NetworkDescription:
    network = table(shared, "tf1", "rfcn_resnet101_coco")
    variables = [
        item._replace(shape=(*item.shape[:-1], item.shape[-1] // 91 * (classes + 1)))
        if item.name.startswith("head/class")
        else item
        for item in network.variables
    ]
    return network._replace(variables=tuple(variables))


def test_the_grid_of_rfcn_does_not_count_as_classes(shared: Path) -> None:
    scores = class_scores(rfcn(shared, 7), own_checkpoint(rfcn(shared, 90)), 7)
    assert scores is not None
    assert (scores.here, scores.there) == (8, 91)
    assert class_scores(rfcn(shared, 7), own_checkpoint(rfcn(shared, 90)), 6) is None
    assert class_scores(rfcn(shared, 7), checkpoint([], object_based=False), 7) is None


@pytest.mark.parametrize("stem", [MASK_RCNN, CENTERNET])
def test_without_heads_nothing_is_told(shared: Path, stem: str) -> None:
    network = table(shared, "tf2", stem)
    source = own_checkpoint(network)
    bare = checkpoint([item for item in source.tensors() if "redict" not in item.key])
    plan = restore_plan(network, bare, "detection", num_classes=90)
    assert "no heads that fit" in " ".join(plan.notes)


def test_fresh_parts_of_a_two_stage_detector_are_counted(shared: Path) -> None:
    network = table(shared, "tf2", MASK_RCNN)
    plan = restore_plan(network, own_checkpoint(network), "detection")
    assert "the other 18 start fresh: 6 of the RPN, 12 of the head" in plan.verdict.text


def test_doubled_variables_of_the_first_stage_are_explained(shared: Path) -> None:
    stem = "faster_rcnn_resnet50_coco"
    network = table(shared, "tf1", stem)
    rows = read(shared / f"oracle/tf1/restore/{stem}.classification.json")["checkpoint_name_to_variable_name"]
    shapes = {item.tf1_name: item.shape for item in network.variables}
    source = checkpoint([entry(there, shapes[here]) for there, here in rows.items()], False)
    plan = restore_plan(network, source, "classification")
    assert "50 variables that the second stage has again are never used" in " ".join(plan.notes)
    assert (plan.verdict.slug, plan.verdict.severity) == ("backbone-only", "ok")


def _described() -> list[str]:
    folder = REFERENCE / "oracle" / "tf2"
    known = described_extractors()
    return [stem for stem in STEMS if read(folder / f"{stem}.json")["feature_extractor_type"] in known]


@pytest.mark.parametrize("stem", _described())
def test_described_networks_tell_the_classes_too(shared: Path, stem: str) -> None:
    text = (shared / "corpus/configs_tf2" / f"{stem}.config").read_text()
    for name in ("ssd", "faster_rcnn", "center_net"):
        if f"\n  {name} " in text:
            text = apply_edits(text, set_value(parse(text), f"model.{name}.num_classes", "3"))
    network = describe(read_config(parse(text)))
    source = own_checkpoint(table(shared, "tf2", stem))
    plan = restore_plan(network, source, "full", num_classes=3)
    changed = read(shared / f"oracle/tf2/class_dependent/{stem}.json")["variables_whose_shape_changes"]
    assert {item.tf2_key for item, *_ in plan.shape_mismatch} == {row["key"] for row in changed}
    assert SAID in plan.verdict.text
    assert SAID in " ".join(restore_plan(network, source, "detection", num_classes=3).notes)
