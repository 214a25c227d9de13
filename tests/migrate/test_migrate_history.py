"""The history of the schema, row by row: whatever a config of its day could say comes through, or is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from migrate_facts import assert_balanced, comments, tree_leaves

from cfgtool.migrate import Migration, migrate
from cfgtool.schema import load, read_config
from cfgtool.schema.descriptors import message_class
from cfgtool.schema.model import read_data
from cfgtool.textproto import parse

ROOT = "TrainEvalPipelineConfig"
NESTED = {
    "CenterNet.OccupancyNetMaskPrediction": "CenterNet.occupancy_net_mask_prediction",
    "MaskHead": "WeightSharedConvolutionalBoxPredictor.mask_head",
    "LabelFunctionApproximations": "CalibrationConfig.label_function_approximations",
    "LabelFunctionApproximations.LabelXyPairsMapEntry": "LabelFunctionApproximations.label_xy_pairs_map",
    "LabelSigmoidCalibrations": "CalibrationConfig.label_sigmoid_calibrations",
    "LabelSigmoidCalibrations.LabelSigmoidParametersMapEntry": (
        "LabelSigmoidCalibrations.label_sigmoid_parameters_map"
    ),
}
"""Message that is gone -> the field, gone too, that held it."""

VALUES = {
    "bool": ("true", "false", "1"),
    "float": ("0.5", "0", "1e2"),
    "int32": ("1", "0", "300"),
    "uint32": ("1", "0", "300"),
    "string": ('"a"', "''"),
}
MODES = [(target, unsafe) for target in ("same", "tf2") for unsafe in (False, True)]


def way_to(message: str) -> list[str]:
    """Names of the fields that lead from the root to a message, today's or one that is gone."""
    if message in NESTED:
        owner, _, field = NESTED[message].rpartition(".")
        return [*way_to(owner), field]
    ways: dict[str, list[str]] = {ROOT: []}
    queue = [ROOT]
    for name in queue:
        for field in load().messages[name].fields.values():
            if field.kind == "message" and field.type not in ways:
                ways[field.type] = [*ways[name], field.name]
                queue.append(field.type)
    return ways[message]


def wrapped(way: list[str], inner: str) -> str:
    return "".join(f"{name} {{ # {name}\n" for name in way) + inner + "\n" + "}" * len(way) + "\n"


def samples(row: dict[str, Any]) -> list[str]:
    """Minimal configs that use a field, one for each kind of value."""
    owner, _, field = row["name"].rpartition(".")
    way = way_to(owner)
    if row["type"].startswith("message:"):
        return [wrapped(way, f"{field} {{ }}"), wrapped(way, f"{field} < >")]
    if row["label"] == "repeated":
        return [wrapped(way, f"{field}: {value} {field}: {value}  # twice") for value in VALUES[row["type"]]]
    return [wrapped(way, f"{field}: {value}  # why") for value in VALUES[row["type"]]]


def parses(text: str) -> bool:
    try:
        text_format.Parse(text, message_class()())
    except text_format.ParseError:
        return False
    return True


def is_left(migration: Migration, names: list[str]) -> bool:
    """Whether something is left to the user at one of the fields, with words on what to do."""
    return any(
        effect.path.rpartition(".")[2].partition("[")[0] in names and entry.change.message
        for entry in migration.left
        for effect in entry.effects
    )


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared / "facts" / "schema_history.json").read_text())["rows"]
    return found


def gone_names() -> list[str]:
    return sorted(read_data("history.json")["removed"])


@pytest.mark.reference
def test_the_condensed_history_has_every_row_that_is_gone(rows: list[dict[str, Any]]) -> None:
    gone = [row for row in rows if "gone_since" in row]
    assert sorted(row["name"] for row in gone) == gone_names()
    # Enum values have only been added; a step would be needed for one that is gone.
    assert {row["kind"] for row in gone} == {"field"}


@pytest.mark.reference
@pytest.mark.parametrize("name", gone_names())
@pytest.mark.parametrize(("target", "unsafe"), MODES)
def test_a_field_that_is_gone_comes_through(
    rows: list[dict[str, Any]], name: str, target: str, unsafe: bool
) -> None:
    row = next(row for row in rows if row["name"] == name)
    owner, _, field = name.rpartition(".")
    for text in samples(row):
        assert not parses(text)  # or the row says nothing
        result = migrate(text, target=target, unsafe=unsafe)
        # A message that is gone is asked for as a whole.
        assert parses(result.after) or is_left(result, [field, *way_to(owner)])
        assert comments(result.after) == comments(text)
        assert_balanced(result, tree_leaves)
        assert migrate(result.after, target=target, unsafe=unsafe).done == ()


ASKED_OF_A_PERSON = (
    "CalibrationConfig.",
    "LabelFunctionApproximations.",
    "LabelSigmoidCalibrations.",
)
"""Their keys are names of classes, which only a label map turns into ids."""


@pytest.mark.reference
@pytest.mark.parametrize("name", [name for name in gone_names() if not name.startswith(ASKED_OF_A_PERSON)])
def test_with_unsafe_fixes_all_others_parse(rows: list[dict[str, Any]], name: str) -> None:
    for text in samples(next(row for row in rows if row["name"] == name)):
        assert parses(migrate(text, unsafe=True).after)


@pytest.mark.reference
def test_what_changed_its_type_parses(rows: list[dict[str, Any]]) -> None:
    """Every value of a field's old type, read by today's."""
    changed = [(row, change) for row in rows for change in row.get("changes", ()) if change["what"] == "type"]
    assert len(changed) > 5
    for row, change in changed:
        owner, _, field = row["name"].rpartition(".")
        for value in {"float": ("600.0", "6e2", "600", "600.5"), "uint32": ("3",)}[change["from"]]:
            text = wrapped(way_to(owner), f"{field}: {value}")
            result = migrate(text)
            assert parses(result.after) or (value == "600.5" and is_left(result, [field]))


@pytest.mark.reference
def test_what_became_repeated_parses_as_it_was(rows: list[dict[str, Any]]) -> None:
    changed = [row for row in rows for change in row.get("changes", ()) if change["what"] == "label"]
    assert len(changed) == 3
    for row in changed:
        owner, _, field = row["name"].rpartition(".")
        inner = (
            f"{field} {{ }}" if row["type"].startswith("message:") else f'{field}: "oid_V2_detection_metrics"'
        )
        text = wrapped(way_to(owner), inner)
        assert parses(text)
        assert migrate(text).after == text


KEPT_AS_TODAY = {
    "InputReader.num_prefetch_batches",
    "InputReader.num_readers",
    "TrainConfig.batch_queue_capacity",
    "TrainConfig.prefetch_queue_capacity",
}
"""Sizes of queues and numbers of readers: they change speed, not what is trained."""


@pytest.mark.reference
def test_every_default_of_another_day_is_written_out(rows: list[dict[str, Any]]) -> None:
    told = 0
    for row in rows:
        for change in row.get("changes", ()):
            if change["what"] != "default" or row["name"] in KEPT_AS_TODAY:
                continue
            owner, _, field = row["name"].rpartition(".")
            first = row["first_seen"][:10]
            text = TF1 + wrapped(way_to(owner), "") + "train_input_reader { }\n"
            before = migrate(text, written=first)
            after = migrate(text, written=change["date"])
            (entry,) = (e for e in before.done if any(_is(effect.path, field) for effect in e.effects))
            (effect,) = entry.effects
            assert (entry.step.id, entry.change.exact) == ("H1", True)
            assert change["from"] in entry.change.message
            assert effect.new == {"pascal_voc_metrics": '"pascal_voc_detection_metrics"'}.get(
                change["from"], change["from"]
            )
            assert not [e for e in after.done if any(_is(effect.path, field) for effect in e.effects)]
            told += 1
    assert told == 5


TF1 = 'model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } }\n'


def _is(path: str, field: str) -> bool:
    return path.rpartition(".")[2].partition("[")[0] == field


def test_today_needs_no_default_written_out(fixtures: Path) -> None:
    text = (fixtures / "demo" / "pipeline.config").read_text()
    assert migrate(text, written="2022-11").after == migrate(text).after


def test_a_migrated_config_knows_every_field(fixtures: Path) -> None:
    text = (fixtures / "migrate" / "tf1.config").read_text()
    assert any(problem.code == "unknown-field" for problem in read_config(parse(text)).problems)
    after = migrate(text, target="tf2", unsafe=True).after
    assert read_config(parse(after)).problems == []
    assert parses(after)
