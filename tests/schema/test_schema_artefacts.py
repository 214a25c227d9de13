"""The compiled artefacts are current, and reading a config stays as light as a linter needs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from cfgtool.schema import docs, load
from cfgtool.schema.descriptors import message_class
from cfgtool.schema.nearest import edit_distance, nearest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "cfgtool" / "schema" / "data"


def test_the_artefacts_are_current() -> None:
    pytest.importorskip("grpc_tools")
    sys.path.insert(0, str(ROOT))
    from tools.compile_schema import artefacts

    for name, content in artefacts().items():
        assert (DATA / name).read_bytes() == content, f"{name} is stale: python -m tools.compile_schema"


def test_the_one_file_is_the_schema(tmp_path: Path) -> None:
    """Compiled, it has the messages and enumerations of all files, field by field."""
    pytest.importorskip("grpc_tools")
    from tools.compile_schema import enums_of, messages_of, run_protoc

    (tmp_path / "pipeline.proto").write_bytes((DATA / "pipeline.proto").read_bytes())
    one, many = run_protoc(tmp_path), run_protoc(ROOT / "protos")
    assert dict(messages_of(one)) == dict(messages_of(many))
    assert dict(enums_of(one)) == dict(enums_of(many))


def test_every_message_field_and_enum_has_a_comment() -> None:
    schema = load()
    for name, message in schema.messages.items():
        if name.endswith("Entry"):
            continue  # protoc makes these for map fields
        assert docs.doc(name), name
        for field in message.fields:
            assert docs.doc(name, field), f"{name}.{field}"
    for enum, values in schema.enums.items():
        assert docs.doc(enum), enum
        for value in values:
            assert docs.doc(enum, value), f"{enum}.{value}"
    assert docs.doc("TrainConfig", "nothing") == ""


def test_the_proto_files_keep_to_100_columns() -> None:
    for path in (ROOT / "protos").glob("*.proto"):
        assert max(map(len, path.read_text().splitlines())) <= 100, path.name


def test_reserved_numbers_and_extension_ranges() -> None:
    found = {}
    for name in ("TrainEvalPipelineConfig", "GraphRewriter", "ExternalInputReader", "SsdFeatureExtractor"):
        proto = descriptor_pb2.DescriptorProto()
        message_class(name).DESCRIPTOR.CopyToProto(proto)
        found[name] = [(r.start, r.end) for r in (*proto.extension_range, *proto.reserved_range)]
    assert found == {
        "TrainEvalPipelineConfig": [(1000, 2**29)],
        "GraphRewriter": [(1000, 2**29)],
        "ExternalInputReader": [(1, 1000)],
        "SsdFeatureExtractor": [(6, 7)],
    }


def test_descriptors_and_schema_agree() -> None:
    for name, message in load().messages.items():
        descriptor = message_class(name).DESCRIPTOR
        assert {field.name: field.number for field in descriptor.fields} == {
            field.name: field.number for field in message.fields.values()
        }


def test_unknown_message_class() -> None:
    with pytest.raises(KeyError):
        message_class("Nothing")


SCRIPT = """
import sys
before = set(sys.modules)
from cfgtool.schema import read_config
from cfgtool.textproto import parse
config = read_config(parse('train_config { batch_size: 4 }'))
assert config.find('train_config').integer('batch_size') == 4
print(*sorted(set(sys.modules) - before))
"""


def test_reading_a_config_imports_little() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    heavy = {
        "google.protobuf",
        "numpy",
        "rich",
        "typer",
        "difflib",
        "inspect",
        "dataclasses",
        "jsonschema",
        "pathlib",
    }
    assert not loaded & heavy
    assert not {
        name for name in loaded if re.match(r"cfgtool\.schema\.(diagnose|unknown|repeats|history|docs)", name)
    }


def test_loading_the_schema_is_fast() -> None:
    fastest = 1.0
    for _ in range(5):
        start = time.perf_counter()
        load.__wrapped__()
        fastest = min(fastest, time.perf_counter() - start)
    # Parsing the JSON sets the scale, so that a slow machine does not matter.
    text = (DATA / "schema.json").read_bytes()
    start = time.perf_counter()
    json.loads(text)
    assert fastest < max(0.01, 10 * (time.perf_counter() - start))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("batchsize", "batch_size"),
        ("Batch-Size", "batch_size"),
        ("bacth_size", "batch_size"),
        ("num_step", "num_steps"),
        ("optimiser", "optimizer"),
        ("steps", "num_steps"),
        ("zebra", None),
        ("", None),
    ],
)
def test_nearest(name: str, expected: str | None) -> None:
    assert nearest(name, ["batch_size", "num_steps", "optimizer"]) == expected


@pytest.mark.parametrize(
    ("left", "right", "limit", "expected"),
    [
        ("", "", 2, 0),
        ("abc", "abc", 2, 0),
        ("abc", "acb", 2, 1),
        ("kitten", "sitting", 3, 3),
        ("abcd", "x", 2, 3),
    ],
)
def test_edit_distance(left: str, right: str, limit: int, expected: int) -> None:
    assert edit_distance(left, right, limit) == edit_distance(right, left, limit) == expected
