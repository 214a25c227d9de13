"""The plans of every SSD network against what the OD API restored (oracle/*/restore and restore_real)."""

from __future__ import annotations

from pathlib import Path

import pytest
from matching_cases import REFERENCE, checkpoint, entry, own_checkpoint, read, table

from cfgtool import schema, textproto
from cfgtool.matching import RestorePlan, restore_plan
from cfgtool.networks import NetworkDescription, describe, described_extractors

pytestmark = pytest.mark.reference
FPNLITE = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"


def _stems(generation: str) -> list[str]:
    folder = REFERENCE / "oracle" / generation
    found = [path.stem for path in sorted(folder.glob("*ssd*.json")) if (folder / "restore").is_dir()]
    return [stem for stem in found if read(folder / f"{stem}.json")["meta_architecture"] == "ssd"]


def _tf2_names(plan: RestorePlan) -> set[tuple[str, str]]:
    return {(str(item.tf2_key), found.key) for item, found in plan.restored}


@pytest.mark.parametrize("stem", _stems("tf2"))
@pytest.mark.parametrize("restore_type", ["full", "detection", "classification", "fine_tune"])
def test_tf2_restores_what_the_od_api_does(shared: Path, stem: str, restore_type: str) -> None:
    expected = read(shared / f"oracle/tf2/restore/{stem}.{restore_type}.json")
    description = table(shared, "tf2", stem)
    saved = own_checkpoint(description)
    if expected["result"] == "exception":
        plan = restore_plan(description, saved, restore_type)
        assert (plan.od_api.exception, plan.od_api.text) == (
            expected["exception_type"],
            expected["exception_text"],
        )
        assert plan.verdict.severity == "error"
        return
    wanted = {(row["key"], row.get("restore_key", row["key"])) for row in expected["restored"]}
    shapes = {item.tf2_key: item.shape for item in description.variables}
    saved = checkpoint([entry(looked_for, shapes[key]) for key, looked_for in wanted])
    plan = restore_plan(description, saved, restore_type)
    assert _tf2_names(plan) == wanted
    assert not plan.missing
    assert not plan.shape_mismatch
    assert len(plan.not_requested) == expected["not_restored_count"]
    assert plan.od_api.restored == expected["restored_count"]


@pytest.mark.parametrize("stem", _stems("tf1"))
@pytest.mark.parametrize("restore_type", ["detection", "detection.load_all", "classification"])
def test_tf1_restores_what_the_od_api_does(shared: Path, stem: str, restore_type: str) -> None:
    expected = read(shared / f"oracle/tf1/restore/{stem}.{restore_type}.json")
    description = table(shared, "tf1", stem)
    names = {str(item.tf1_name): item.shape for item in description.variables}
    if "checkpoint_name_to_variable_name" in expected:
        wanted = expected["checkpoint_name_to_variable_name"]
    else:
        wanted = {name: name for name in names if name not in expected["not_restored"]}
    saved = checkpoint([entry(looked_for, names[name]) for looked_for, name in wanted.items()], False)
    load_all = restore_type.endswith("load_all")
    plan = restore_plan(description, saved, restore_type.split(".")[0], load_all=load_all)
    assert {found.key: item.tf1_name for item, found in plan.restored} == wanted
    assert not plan.missing
    assert plan.od_api.restored == expected["restored_count"] == len(wanted)


def _described_cases() -> list[tuple[str, str, str]]:
    """(generation, config, type) of the oracle whose networks `describe` knows.

    Left out is a config of grey images: the oracle replaced its resizer, which changed the first kernel.
    """
    cases = []
    for generation in ("tf2", "tf1"):
        folder = REFERENCE / "oracle" / generation
        for stem in _stems(generation):
            type_ = read(folder / f"{stem}.json")["feature_extractor_type"]
            for path in sorted(folder.glob(f"restore/{stem}.*.json")):
                kind = path.name[len(stem) + 1 : -len(".json")]
                known = type_ in described_extractors() and stem != "ssd_mobilenet_v1_fpp"
                if known and kind != "fine_tune":
                    cases.append((generation, stem, kind))
    return cases


def _describe(shared: Path, generation: str, stem: str) -> NetworkDescription:
    """The network of a config of the corpus."""
    folders = ("configs_tf2", "configs_tf1")
    (path,) = [path for name in folders for path in (shared / "corpus" / name).glob(f"{stem}.config")]
    config = schema.read_config(textproto.parse(path.read_text()))
    return describe(config, "tf2" if generation == "tf2" else "tf1")


@pytest.mark.parametrize(("generation", "stem", "restore_type"), _described_cases())
def test_described_networks_restore_what_the_od_api_does(
    shared: Path, generation: str, stem: str, restore_type: str
) -> None:
    expected = read(shared / f"oracle/{generation}/restore/{stem}.{restore_type}.json")
    saved = own_checkpoint(table(shared, generation, stem))
    kind = restore_type.split(".")[0]
    if kind == "classification":
        pairs = [(row["key"], row["restore_key"]) for row in expected.get("restored", ())]
        pairs += [(new, old) for old, new in expected.get("checkpoint_name_to_variable_name", {}).items()]
        found = [entry(new, saved.entries[old].shape) for old, new in pairs]
        saved = checkpoint(found, generation == "tf2")
    load_all = restore_type.endswith("load_all")
    plan = restore_plan(_describe(shared, generation, stem), saved, kind, load_all=load_all)
    assert len(plan.restored) == expected["restored_count"]
    assert not plan.missing
    assert not plan.shape_mismatch
    assert plan.verdict.severity == "ok"


def _real_case(shared: Path, number: int) -> tuple[dict[str, object], RestorePlan]:
    """Case `number` of the file of real loads into SSD FPN-Lite, and the plan for the same files."""
    case = read(shared / f"oracle/tf2/restore_real/{FPNLITE}.json")["cases"][number]
    description = table(shared, "tf2", FPNLITE)
    saved = own_checkpoint(description)
    if case["target_num_classes"] != 90:
        saved = own_checkpoint(description, head_factor=2)
    name = case["case"]
    if "classification checkpoint" in name or "'model'" in name:
        prefix = "model/_feature_extractor/classification_backbone/"
        root = "model/" if "under root attribute 'model'" in name else "feature_extractor/"
        keys = {
            key.replace(prefix, root): found for key, found in saved.entries.items() if key.startswith(prefix)
        }
        saved = checkpoint([entry(key, found.shape) for key, found in keys.items()])
    if "'detector'" in name:
        keys = {key.replace("model/", "detector/", 1): found for key, found in saved.entries.items()}
        saved = checkpoint([entry(key, found.shape) for key, found in keys.items() if "detector" in key])
    if ".write" in name:
        del saved.entries["save_counter"]
    if "V1 name-based" in name:
        saved = checkpoint([entry("FeatureExtractor/MobilenetV2/Conv/weights", (3, 3, 3, 32))], False)
    version = "V1" if "checkpoint_version V1" in name else "V2"
    return case, restore_plan(
        description, saved, case["fine_tune_checkpoint_type"], checkpoint_version=version
    )


BUILT = [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 16, 17, 18, 19]
"""All cases but those of models that are not built, and of paths (tests/checkpoints)."""


@pytest.mark.parametrize("number", BUILT)
def test_tf2_ends_as_the_od_api_does(shared: Path, number: int) -> None:
    case, plan = _real_case(shared, number)
    before = str(case["ensure_checkpoint_supported"])
    if before != "ok":
        assert before.startswith(f"{plan.od_api.exception}: {str(plan.od_api.text)[:60]}")
        return
    assert plan.od_api.outcome == ("ok" if case["load_fine_tune_checkpoint"] == "ok" else "raises")
    if plan.od_api.outcome == "ok":
        assert plan.od_api.restored == case["took_checkpoint_value"]
        assert plan.verdict.severity == "ok"
        return
    assert plan.od_api.exception == case["exception_type"]
    same = 10 if plan.od_api.exception == "ValueError" and plan.supported else 60
    assert str(case["exception_text"])[:same] == str(plan.od_api.text)[:same]


def test_tf2_names_the_shapes_that_stop_it(shared: Path) -> None:
    case, plan = _real_case(shared, 1)
    assert len(plan.shape_mismatch) == 2
    named = {item.keras_name for item, *_ in plan.shape_mismatch}
    assert named == set(case["variables_with_shape_different_from_same_key_in_checkpoint"])  # type: ignore[call-overload]
    assert plan.verdict.slug == "would-raise"
    assert "detection" in str(plan.verdict.hint)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_tf2_meets_the_checkpoint_of_another_network(shared: Path, number: int) -> None:
    case = read(shared / "oracle/tf2/restore_real/_cross_architecture.json")["cases"][number]
    saved = own_checkpoint(table(shared, "tf2", FPNLITE))
    stem = case["target_config"].removesuffix(".config")
    # Only the image size tells the 640 pixel config from the 320 pixel one.
    target = table(shared, "tf2", FPNLITE if "fpnlite" in stem else stem)
    plan = restore_plan(target, saved, case["fine_tune_checkpoint_type"])
    if case["load"] == "ok":
        assert plan.od_api.restored == case["took_checkpoint_value"]
        return
    assert case["load"].startswith(f"{plan.od_api.exception}: {str(plan.od_api.text)[:30]}")
    if plan.od_api.exception == "AssertionError":
        assert len(plan.restored) == case["took_checkpoint_value"]


@pytest.mark.parametrize("number", range(5))
def test_tf1_ends_as_the_od_api_does(shared: Path, number: int) -> None:
    stem = "ssd_mobilenet_v1_coco"
    case = read(shared / f"oracle/tf1/restore_real/{stem}.json")["cases"][number]
    description = table(shared, "tf1", stem)
    saved = own_checkpoint(description, head_factor=2)
    if case["case"].startswith("classification"):
        names = {str(item.tf1_name).removeprefix("FeatureExtractor/"): item for item in description.variables}
        saved = checkpoint(
            [entry(name, item.shape) for name, item in names.items() if "Mobile" in name], False
        )
    load_all = case["load_all_detection_checkpoint_vars"]
    plan = restore_plan(description, saved, case["fine_tune_checkpoint_type"], load_all=load_all)
    assert plan.od_api.restored == len(plan.restored) == case["took_checkpoint_value"]
    assert {item.tf1_name for item, *_ in plan.shape_mismatch} == set(case["dropped_shape_differs"])
    assert {key for _, key in plan.missing} == set(case["dropped_not_in_checkpoint"])
