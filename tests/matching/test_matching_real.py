"""Real loads of the OD API, right and wrong ones: how each ended, and what our plan says of the same files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from matching_cases import (
    REFERENCE,
    checkpoint,
    classifier_of,
    entry,
    moved,
    own_checkpoint,
    read,
    table,
    with_three_classes,
)

from cfgtool.checkpoints import Checkpoint, open_checkpoint
from cfgtool.errors import UserError
from cfgtool.matching import RestorePlan, restore_plan

pytestmark = pytest.mark.reference
FPNLITE = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
FASTER_RCNN = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"

NO_PLAN = ("missing checkpoint prefix", "model_dir equals checkpoint directory")
"""Cases that are not about a network and a checkpoint: no checkpoint, and a run of its own (a rule of lint)."""


def _cases(generation: str) -> list[Any]:
    """(stem, number) of every case that is recorded, called by what is done in it."""
    found = []
    for path in sorted((REFERENCE / "oracle" / generation / "restore_real").glob("[!_]*.json")):
        for number, case in enumerate(read(path)["cases"]):
            if case["case"] not in NO_PLAN:
                built = "" if case.get("target_built_before_load", True) else "unbuilt-"
                name = f"{path.stem[:12]}-{case['case'][:40]}-{built}{case['fine_tune_checkpoint_type']}"
                found.append(pytest.param(path.stem, number, id=f"{number}-{name}".replace(" ", "_")))
    return found


def _source(shared: Path, tmp_path: Path, stem: str, case: dict[str, Any]) -> Checkpoint:
    """The checkpoint of a case, written by the network with all 90 classes."""
    network, name = table(shared, "tf2", stem), case["case"]
    if "another architecture" in name:
        return own_checkpoint(table(shared, "tf2", FPNLITE))
    if "classification checkpoint" in name:
        return classifier_of(shared, network, stem)
    if "root attribute 'model'" in name:
        return moved(classifier_of(shared, network, stem), "feature_extractor", "model")
    source = own_checkpoint(network)
    if "'detector'" in name:
        return moved(source, "model", "detector")
    if ".write" in name:
        del source.entries["save_counter"]
    if "V1 name-based" in name:
        return checkpoint([entry("FeatureExtractor/MobilenetV2/Conv/weights", (3, 3, 3, 32))], False)
    if ".index file" in name or "directory" in name:
        source.path_error = _opened(tmp_path, ".index" in name).path_error
    return source


def _opened(folder: Path, by_index: bool) -> Checkpoint:
    """A checkpoint opened by the path of its index, or by its folder."""
    kept = Path(__file__).parents[2] / "fixtures" / "checkpoints" / "tf2"
    for path in kept.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return open_checkpoint(str(folder / "ckpt-1.index" if by_index else folder))


def _planned(shared: Path, tmp_path: Path, stem: str, case: dict[str, Any]) -> RestorePlan:
    network = table(shared, "tf2", stem)
    if case["target_num_classes"] == 3:
        network = with_three_classes(shared, network, stem)
    return restore_plan(
        network,
        _source(shared, tmp_path, stem, case),
        case["fine_tune_checkpoint_type"],
        num_classes=case["target_num_classes"],
        checkpoint_version="V1" if "checkpoint_version V1" in case["case"] else "V2",
        dummy_run=case["target_built_before_load"],
    )


def _start(text: str, length: int) -> str:
    return " ".join(text.split())[:length]


@pytest.mark.parametrize(("stem", "number"), _cases("tf2"))
def test_tf2_ends_as_the_od_api_does(shared: Path, tmp_path: Path, stem: str, number: int) -> None:
    case = read(shared / f"oracle/tf2/restore_real/{stem}.json")["cases"][number]
    plan = _planned(shared, tmp_path, stem, case)
    raised = f"{plan.od_api.exception}: {plan.od_api.text}"
    before = str(case["ensure_checkpoint_supported"])
    if before != "ok":
        assert _start(raised, 70) == _start(before, 70)
    elif case["load_fine_tune_checkpoint"] == "ok" and case.get("forward_after_load", "ok") == "ok":
        assert (plan.od_api.outcome, plan.od_api.restored) == ("ok", case["took_checkpoint_value"])
        assert plan.verdict.severity == "ok"
        return
    elif case["load_fine_tune_checkpoint"] == "ok":
        assert plan.od_api.exception == case["forward_exception_type"]
        assert _start(str(plan.od_api.text), 75) in " ".join(case["forward_exception_text"].split())
    else:
        text = str(case["exception_text"]).replace("<DIR>/det", str(tmp_path))
        # Of several variables that do not fit, the first to be tried is named: which one is chance.
        same = 36 if "incompatible tensor" in text else 60
        assert plan.od_api.exception == case["exception_type"]
        assert _start(text, same) == _start(str(plan.od_api.text), same)
    _says_the_way_out(plan)


def _says_the_way_out(plan: RestorePlan) -> None:
    if plan.verdict.severity == "error":
        assert plan.verdict.hint
    elif plan.od_api.hint:
        assert any(plan.od_api.hint in note for note in plan.notes)
    else:
        # The checkpoint is sound and restored here: only how its path is spelled stops the OD API.
        assert plan.checkpoint.path_error


@pytest.mark.parametrize(
    ("name", "restore_type", "way_out"),
    [
        ("'detector'", "detection", "saved under 'detector', and 'detection' looks under 'model'"),
        ("root attribute 'model'", "classification", "'classification' looks under 'feature_extractor'"),
        ("(feature_extractor=backbone)", "detection", 'set fine_tune_checkpoint_type: "classification"'),
        ("(feature_extractor=backbone)", "full", 'set fine_tune_checkpoint_type: "classification"'),
        ("(step+model, .save)", "classification", 'set fine_tune_checkpoint_type: "detection"'),
        ("(step+model, .save)", "full", 'set fine_tune_checkpoint_type: "detection"'),
        ("(step+model, .save)", "fine_tune", 'set fine_tune_checkpoint_type: "detection"'),
        ("(step+model, .save)", "", 'set fine_tune_checkpoint_type: "detection"'),
    ],
)
@pytest.mark.parametrize("stem", [FPNLITE, FASTER_RCNN, "ssd_efficientdet_d0_512x512_coco17_tpu-8"])
def test_a_wrong_load_has_a_way_out(
    shared: Path, tmp_path: Path, stem: str, name: str, restore_type: str, way_out: str
) -> None:
    cases = read(shared / f"oracle/tf2/restore_real/{stem}.json")["cases"]
    case = next(
        case for case in cases if name in case["case"] and case["fine_tune_checkpoint_type"] == restore_type
    )
    plan = _planned(shared, tmp_path, stem, case)
    assert plan.verdict.severity == "error"
    assert way_out in str(plan.verdict)


def test_a_checkpoint_that_is_not_there_has_no_plan(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        open_checkpoint(os.path.join(tmp_path, "nothing-1"))


@pytest.mark.parametrize("number", range(5))
def test_tf2_meets_the_checkpoint_of_another_network(shared: Path, number: int) -> None:
    case = read(shared / "oracle/tf2/restore_real/_cross_architecture.json")["cases"][number]
    saved = own_checkpoint(table(shared, "tf2", FPNLITE))
    stem = case["target_config"].removesuffix(".config")
    # Only the image size tells the 640 pixel config from the 320 pixel one.
    target = table(shared, "tf2", FPNLITE if "fpnlite" in stem else stem)
    plan = restore_plan(
        target, saved, case["fine_tune_checkpoint_type"], dummy_run=case["target_built_before_load"]
    )
    ended = case["load"] if case["load"] != "ok" else case.get("forward_after_load", "ok")
    if ended == "ok":
        assert (plan.od_api.outcome, plan.od_api.restored) == ("ok", case["took_checkpoint_value"])
        # What the OD API takes in silence is an error here where a part of the backbone or neck is left over.
        assert (plan.verdict.severity == "ok") == (not plan.missing)
        return
    assert ended.startswith(f"{plan.od_api.exception}: {str(plan.od_api.text)[:30]}")
    if plan.od_api.exception == "AssertionError":
        assert len(plan.restored) == case["took_checkpoint_value"]


@pytest.mark.parametrize(("stem", "number"), _cases("tf1"))
def test_tf1_ends_as_the_od_api_does(shared: Path, stem: str, number: int) -> None:
    case = read(shared / f"oracle/tf1/restore_real/{stem}.json")["cases"][number]
    description = table(shared, "tf1", stem)
    saved = own_checkpoint(description)
    if case["case"].startswith("classification"):
        names = read(shared / f"oracle/tf1/restore/{stem}.classification.json")
        rows = names["checkpoint_name_to_variable_name"].items()
        saved = checkpoint([entry(there, saved.entries[here].shape) for there, here in rows], False)
    three = [item._replace(shape=_three_classes(item.name, item.shape)) for item in description.variables]
    load_all = case["load_all_detection_checkpoint_vars"]
    plan = restore_plan(
        description._replace(variables=tuple(three)),
        saved,
        case["fine_tune_checkpoint_type"],
        load_all=load_all,
        num_classes=case["target_num_classes"],
    )
    assert plan.od_api.restored == len(plan.restored) == case["took_checkpoint_value"]
    assert {item.tf1_name for item, *_ in plan.shape_mismatch} == set(case["dropped_shape_differs"])
    assert {key for _, key in plan.missing} == set(case["dropped_not_in_checkpoint"])
    if load_all:
        assert "the checkpoint has 90 classes, the config 3" in plan.verdict.text
        assert (plan.verdict.slug, plan.verdict.severity) == ("heads-differ", "ok")


def _three_classes(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a head for 3 classes in place of 90."""
    if name.startswith("head/class"):
        return (*shape[:-1], shape[-1] // 91 * 4)
    if name.startswith("head/box") and shape[-1] == 360:
        return (*shape[:-1], 12)
    return shape
