"""The schema against the reference table of all fields, and the sample configs against protobuf."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from schema_oracle import differences, merge

from cfgtool.schema import history, load, read_config
from cfgtool.textproto import parse

pytestmark = pytest.mark.reference

ADDED = {
    "BidirectionalFeaturePyramidNetworks.use_native_resize_op",
    "CenterNet.DeepMACMaskEstimation.feature_consistency_comparison",
    "CenterNet.DeepMACMaskEstimation.feature_consistency_dilation",
    "CenterNet.DeepMACMaskEstimation.feature_consistency_loss_weight",
    "CenterNet.DeepMACMaskEstimation.feature_consistency_threshold",
    "CenterNet.DeepMACMaskEstimation.feature_consistency_type",
    "CenterNet.DeepMACMaskEstimation.feature_consistency_warmup_start",
    "CenterNet.DeepMACMaskEstimation.feature_consistency_warmup_steps",
    "SsdFeatureExtractor.use_hardswish",
    "TargetAssigner.box_coder",
    "TargetAssigner.matcher",
    "TargetAssigner.similarity_calculator",
}
"""Fields of the last state of the schema (2022-10) that the table of an earlier release lacks."""
RENAMED = "CenterNet.DeepMACMaskEstimation.color_consistency_"


@pytest.fixture(scope="module")
def rows(shared: Path) -> dict[str, dict[str, Any]]:
    table = json.loads((shared / "facts" / "fields.json").read_text())
    return {f"{row['message']}.{row['field']}": row for row in table}


@pytest.fixture(scope="module")
def dated(shared: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((shared / "facts" / "schema_history.json").read_text())["rows"]
    return rows


def fields() -> dict[str, Any]:
    messages = load().messages.values()
    return {
        f"{message.name}.{field.name}": field for message in messages for field in message.fields.values()
    }


def single(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def test_the_fields_are_those_of_the_table(rows: dict[str, dict[str, Any]]) -> None:
    expected = {name for name in rows if not name.startswith(RENAMED)} | ADDED
    assert set(fields()) == expected
    table_messages = {row["message"] for row in rows.values()} | {
        row["type"] for row in rows.values() if row["kind"] == "message"
    }
    assert set(load().messages) == table_messages | {"TargetAssigner"}


def test_each_field_is_as_in_the_table(rows: dict[str, dict[str, Any]]) -> None:
    for name, field in fields().items():
        if name in ADDED:
            continue
        row = rows[name]
        assert (field.number, field.type, field.kind, field.label, field.oneof, field.deprecated) == (
            row["number"],
            row["type"],
            row["kind"],
            row["label"],
            row.get("oneof"),
            row.get("schema_deprecated", False),
        ), name
        expected = row["default"]
        if expected == []:
            expected = None
        assert field.default == (single(expected) if field.kind == "float" and field.single else expected), (
            name
        )
        assert field.written_default == row["has_explicit_default"], name
        if field.enum_values:
            assert sorted(field.enum_values) == sorted(row["enum_values"]), name


def test_fields_and_enums_are_as_in_the_last_dated_state(dated: list[dict[str, Any]]) -> None:
    live = [row for row in dated if "gone_since" not in row]
    ours = fields()
    for row in (row for row in live if row["kind"] == "field"):
        field = ours[row["name"]]
        assert field.number == row["number"], row
        assert field.type.rpartition(".")[2] == row["type"].rpartition(":")[2].rpartition(".")[2], row
        assert (field.label if field.label != "map" else "repeated") == row["label"], row
    enums = {
        f"{enum}.{value}": number for enum, values in load().enums.items() for value, number in values.items()
    }
    assert enums == {row["name"]: row["number"] for row in live if row["kind"] == "enum value"}


def test_history_knows_every_field_that_is_gone(dated: list[dict[str, Any]]) -> None:
    gone = [row for row in dated if "gone_since" in row]
    assert len(gone) > 30
    for row in gone:
        past = history.removed(*row["name"].rsplit(".", 1))
        assert past is not None
        assert (past.since, past.gone) == (row["first_seen"], row["gone_since"])
        assert past.instead


def test_history_knows_when_fields_came_and_changed(dated: list[dict[str, Any]]) -> None:
    for row in (row for row in dated if "gone_since" not in row):
        message, field = row["name"].rsplit(".", 1)
        assert (history.since(message, field) or "2017-06-14 or earlier") == row["first_seen"]
        assert len(history.changes(message, field)) == len(row.get("changes", ()))


def corpus(shared: Path) -> list[Path]:
    return sorted((shared / "corpus").glob("configs_*/*.config"))


def test_sample_configs_are_read_as_protobuf_reads_them(shared: Path) -> None:
    assert len(corpus(shared)) > 100
    for path in corpus(shared):
        text = path.read_text()
        config = read_config(parse(text))
        message = merge(text)
        assert message is not None
        assert list(differences(message, config)) == [], path.name


def test_sample_configs_have_no_mistake_but_their_placeholders(shared: Path) -> None:
    codes = {
        problem.code for path in corpus(shared) for problem in read_config(parse(path.read_text())).problems
    }
    assert codes == {"placeholder-path"}


def test_label_maps_are_read_as_protobuf_reads_them(shared: Path) -> None:
    paths = sorted((shared / "corpus" / "label_maps").glob("*.pbtxt"))
    assert paths
    for path in paths:
        text = path.read_text()
        document = parse(text)
        config = read_config(document, "StringIntLabelMap")
        message = merge(text, "StringIntLabelMap")
        assert message is not None
        assert list(differences(message, config)) == [], path.name
        assert not document.problems
        assert not config.problems
