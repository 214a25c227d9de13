"""The plans of every network against what the OD API restored (oracle/*/restore)."""

from __future__ import annotations

from pathlib import Path

import pytest
from matching_cases import REFERENCE, checkpoint, entry, own_checkpoint, read, table

from cfgtool import schema, textproto
from cfgtool.matching import RestorePlan, restore_plan
from cfgtool.networks import NetworkDescription, describe, described_extractors

pytestmark = pytest.mark.reference


def _stems(generation: str) -> list[str]:
    return [path.stem for path in sorted((REFERENCE / "oracle" / generation).glob("*.json"))]


def _recorded(generation: str) -> list[str]:
    """Every restore that is recorded, as `stem.type` or `stem.type.load_all`."""
    return [path.stem for path in sorted((REFERENCE / "oracle" / generation / "restore").glob("*.json"))]


def test_every_network_has_all_its_restores_recorded() -> None:
    assert len(_recorded("tf2")) == 4 * len(_stems("tf2"))
    assert len(_recorded("tf1")) == 3 * len(_stems("tf1"))


def _tf2_names(plan: RestorePlan) -> set[tuple[str, str]]:
    return {(str(item.tf2_key), found.key) for item, found in plan.restored}


@pytest.mark.parametrize("name", _recorded("tf2"))
def test_tf2_restores_what_the_od_api_does(shared: Path, name: str) -> None:
    stem, restore_type = name.rsplit(".", 1)
    expected = read(shared / f"oracle/tf2/restore/{name}.json")
    description = table(shared, "tf2", stem)
    if expected["result"] == "exception":
        plan = restore_plan(description, own_checkpoint(description), restore_type)
        raised = (plan.od_api.exception, plan.od_api.text)
        assert raised == (expected["exception_type"], expected["exception_text"])
        assert plan.verdict.severity == "error"
        assert "detection" in str(plan.verdict.hint)
        return
    wanted = {(row["key"], row.get("restore_key", row["key"])) for row in expected["restored"]}
    items = {item.tf2_key: item for item in description.variables}
    saved = checkpoint([entry(looked_for, items[key].shape, items[key].dtype) for key, looked_for in wanted])
    plan = restore_plan(description, saved, restore_type)
    assert _tf2_names(plan) == wanted
    assert not plan.missing
    assert not plan.shape_mismatch
    assert not plan.unused
    assert {item.keras_name for item in plan.not_requested} == set(expected["not_restored"])
    assert plan.od_api.restored == expected["restored_count"]
    assert plan.verdict.severity == "ok"


@pytest.mark.parametrize("name", _recorded("tf1"))
def test_tf1_restores_what_the_od_api_does(shared: Path, name: str) -> None:
    stem, restore_type = _split(name)
    expected = read(shared / f"oracle/tf1/restore/{name}.json")
    description = table(shared, "tf1", stem)
    items = {str(item.tf1_name): item for item in description.variables}
    if "checkpoint_name_to_variable_name" in expected:
        wanted = expected["checkpoint_name_to_variable_name"]
    else:
        wanted = {name: name for name in items if name not in expected["not_restored"]}
    found = [entry(there, items[here].shape, items[here].dtype) for there, here in wanted.items()]
    load_all = restore_type.endswith("load_all")
    plan = restore_plan(description, checkpoint(found, False), restore_type.split(".")[0], load_all=load_all)
    assert {found.key: item.tf1_name for item, found in plan.restored} == wanted
    assert not plan.missing
    assert not plan.unused
    assert {item.tf1_name for item in plan.not_requested} == set(expected["not_restored"])
    # With all variables the OD API also asks for the global step, and leaves it alone in the end.
    assert plan.od_api.restored == expected["restored_count"] - len(
        expected.get("restored_beyond_inventory", ())
    )
    assert plan.verdict.severity == "ok"


def _split(name: str) -> tuple[str, str]:
    """(stem, type); stems may hold dots."""
    stem = next(stem for stem in _stems("tf1") if name.startswith(f"{stem}."))
    return stem, name[len(stem) + 1 :]


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
    if expected["result"] == "exception":
        return  # the tables above
    saved = own_checkpoint(table(shared, generation, stem))
    kind = restore_type.split(".")[0]
    if kind == "classification":
        pairs = [(row["key"], row["restore_key"]) for row in expected.get("restored", ())]
        pairs += [(new, old) for old, new in expected.get("checkpoint_name_to_variable_name", {}).items()]
        found = [entry(new, saved.entries[old].shape) for old, new in pairs]
        saved = checkpoint(found, generation == "tf2")
    load_all = restore_type.endswith("load_all")
    plan = restore_plan(_describe(shared, generation, stem), saved, kind, load_all=load_all)
    beyond = len(expected.get("restored_beyond_inventory", ()))
    # Built alone, NASNet makes the step counter of training inside its own scope.
    beyond += sum("/global_step" in name for name in saved.entries)
    assert len(plan.restored) == expected["restored_count"] - beyond
    assert not plan.missing
    assert not plan.shape_mismatch
    assert plan.verdict.severity == "ok"
