"""The JSON Schema: valid itself, true to protobuf's JSON for every message, and strict about mistakes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from schema_oracle import is_map, merge

from cfgtool.cli.main import main
from cfgtool.errors import UserError
from cfgtool.schema import load
from cfgtool.schema.descriptors import message_class
from cfgtool.schema.json_schema import default_json, json_schema, message_schema, value_schema
from cfgtool.schema.model import FieldType, MessageType

MAP_ENTRIES = {
    field.type
    for message in load().messages.values()
    for field in message.fields.values()
    if field.label == "map"
}
MESSAGES = sorted(set(load().messages) - MAP_ENTRIES)
ROOTS = ("TrainEvalPipelineConfig", "StringIntLabelMap")


@cache
def validator(root: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema(root))


def as_json(message: Message) -> Any:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.mark.parametrize("root", ROOTS)
def test_it_is_a_json_schema(root: str) -> None:
    schema = json_schema(root)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$ref"] == f"#/$defs/{root}"
    used = set(references(schema))
    assert used == set(schema["$defs"])


def references(schema: Any) -> Iterator[str]:
    """The names of all definitions that are referred to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix("#/$defs/")
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def full_messages(name: str) -> Iterator[Message]:
    """Messages that together set every field of `name`: one for each member of a oneof, and extreme values."""
    descriptor = message_class(name).DESCRIPTOR
    oneofs = [oneof.fields for oneof in descriptor.oneofs]
    plain = [field for field in descriptor.fields if field.containing_oneof is None]
    for turn in range(max([1, *map(len, oneofs)])):
        message = message_class(name)()
        for field in [*plain, *(fields[turn % len(fields)] for fields in oneofs)]:
            fill(message, field, turn)
        yield message


EXTREMES: dict[int, tuple[Any, ...]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1, 0),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1, 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1, 0),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1, 1),
    FieldDescriptor.CPPTYPE_FLOAT: (float("inf"), float("-inf"), float("nan"), 0.1, 3e38, 0.0),
    FieldDescriptor.CPPTYPE_DOUBLE: (float("inf"), float("nan"), 0.1),
    FieldDescriptor.CPPTYPE_BOOL: (True, False),
    FieldDescriptor.CPPTYPE_STRING: ("", "a\n\u00e9"),
}


def fill(message: Message, field: FieldDescriptor, turn: int) -> None:
    if is_map(field):
        key = field.message_type.fields_by_name["key"]
        container = getattr(message, field.name)
        at = EXTREMES[key.cpp_type][turn % len(EXTREMES[key.cpp_type])]
        value = field.message_type.fields_by_name["value"]
        if value.message_type:
            container[at].SetInParent()
        else:
            container[at] = EXTREMES[value.cpp_type][0]
        return
    values = EXTREMES.get(field.cpp_type, ())
    if field.enum_type:
        values = tuple(value.number for value in field.enum_type.values)
    if field.message_type:
        repeated = hasattr(getattr(message, field.name), "add")
        inner = getattr(message, field.name).add() if repeated else getattr(message, field.name)
        inner.SetInParent()
    elif hasattr(getattr(message, field.name), "extend"):
        getattr(message, field.name).extend(values)
    else:
        setattr(message, field.name, values[turn % len(values)])


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_of_the_descriptors_fits(name: str) -> None:
    for message in full_messages(name):
        written = as_json(message)
        errors = [error.message for error in validator(name).iter_errors(written)]
        assert errors == []
        # What fits is what protobuf reads back.
        read = json_format.ParseDict(written, message_class(name)())
        assert read.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)


def test_every_default_fits_its_field() -> None:
    definitions = json_schema()["$defs"]
    for name, definition in definitions.items():
        for field, schema in definition.get("properties", {}).items():
            if "default" in schema:
                whole = {"$defs": definitions, **schema}
                jsonschema.Draft202012Validator(whole).validate(schema["default"])
                json_format.ParseDict({field: schema["default"]}, message_class(name)())


@pytest.mark.reference
def test_the_sample_configs_fit(shared: Path) -> None:
    paths = [path for path in sorted((shared / "corpus").rglob("*")) if path.suffix in (".config", ".pbtxt")]
    fitting = 0
    for path in paths:
        root = ROOTS[path.suffix == ".pbtxt"]
        message = merge(path.read_text(encoding="utf-8", errors="surrogateescape"), root)
        if message is None or not message.IsInitialized():
            continue  # refused by protobuf too
        errors = [
            f"{path}: {error.json_path}: {error.message}"
            for error in validator(root).iter_errors(as_json(message))
        ]
        assert errors == []
        fitting += 1
    assert fitting > 0.8 * len(paths) > 0


GOOD: dict[str, Any] = {
    "model": {
        "ssd": {
            "num_classes": 3,
            "image_resizer": {"fixed_shape_resizer": {"height": 320, "width": 320}},
            "post_processing": {"score_converter": "SIGMOID"},
        }
    },
    "train_config": {
        "batch_size": 8,
        "optimizer": {"momentum_optimizer": {"momentum_optimizer_value": 0.9}, "use_moving_average": False},
        "gradient_clipping_by_norm": "Infinity",
        "freeze_variables": ["a", "b"],
    },
    "eval_config": {"super_categories": {"vehicle": "car,bus"}},
    "eval_input_reader": [{"shuffle": False}],
}

MISTAKES: dict[str, tuple[str, Any]] = {
    "an unknown field": ("model.ssd.num_clases", 3),
    "a camelCase name": ("train_config.batchSize", 8),
    "a wrong enum value": ("model.ssd.post_processing.score_converter", "SIGMOIDE"),
    "a second member of a oneof": ("train_config.optimizer.adam_optimizer", {}),
    "a second architecture": ("model.center_net", {}),
    "a string for an integer": ("train_config.batch_size", "8"),
    "a number for a string": ("train_config.fine_tune_checkpoint", 3),
    "a word for a number": ("train_config.gradient_clipping_by_norm", "inf"),
    "a string for a bool": ("train_config.optimizer.use_moving_average", "false"),
    "a fraction for an integer": ("model.ssd.num_classes", 2.5),
    "a negative count": ("train_config.num_steps", -1),
    "an integer out of range": ("model.ssd.num_classes", 2**31),
    "one value for a list": ("train_config.freeze_variables", "a"),
    "one message for a list": ("eval_input_reader", {"shuffle": False}),
    "a list for a message": ("train_input_reader", [{"shuffle": False}]),
    "a number in a map of strings": ("eval_config.super_categories.animal", 3),
}


def test_a_good_config_fits() -> None:
    validator(ROOTS[0]).validate(GOOD)
    json_format.ParseDict(GOOD, message_class()())


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_do_not_fit(mistake: str) -> None:
    path, value = MISTAKES[mistake]
    config = copy.deepcopy(GOOD)
    *blocks, last = path.split(".")
    block = config
    for name in blocks:
        block = block[name]
    block[last] = value
    assert not validator(ROOTS[0]).is_valid(config)


SCALARS = [
    "int32",
    "uint32",
    "int64",
    "uint64",
    "sint64",
    "fixed64",
    "float",
    "double",
    "bool",
    "string",
    "bytes",
]


@pytest.mark.parametrize("kind", SCALARS)
def test_every_scalar_type_is_as_protobuf_writes_it(kind: str) -> None:
    """Also the types that the schema of today has no field of."""
    number = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    row = FieldDescriptorProto(name="x", number=1, type=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
    file = FileDescriptorProto(name="scalars.proto", syntax="proto2")
    file.message_type.add(name="Scalars").field.append(row)
    pool = DescriptorPool()
    pool.Add(file)
    message = GetMessageClass(pool.FindMessageTypeByName("Scalars"))()
    type_ = FieldType(["x", 1, kind], {}, {})
    schema = jsonschema.Draft202012Validator(value_schema(type_))
    message.x = message.x  # the default, written down
    assert as_json(message)["x"] == default_json(type_)
    for value in (*EXTREMES.get(message.DESCRIPTOR.fields[0].cpp_type, ()), message.x):
        message.x = value.encode() if kind == "bytes" and isinstance(value, str) else value
        schema.validate(as_json(message)["x"])
    assert not schema.is_valid({})
    assert schema.is_valid("12") == (kind in ("int64", "uint64", "sint64", "fixed64", "string", "bytes"))


def test_required_fields_are_required() -> None:
    type_ = MessageType("T", load(), [["a", 1, "int32", "required"], ["b", 2, "int32"]])
    assert message_schema(type_)["required"] == ["a"]
    assert "required" not in message_schema(load().root)


def test_keys_of_maps() -> None:
    assert validator("CenterNet.KeypointEstimation").is_valid({"keypoint_label_to_std": {"nose": 0.1}})
    calibration = "ClassIdSigmoidCalibrations"
    assert validator(calibration).is_valid({"class_id_sigmoid_parameters_map": {"1": {}}})
    assert not validator(calibration).is_valid({"class_id_sigmoid_parameters_map": {"one": {}}})


def test_it_carries_comments_defaults_and_deprecation() -> None:
    fields = json_schema()["$defs"]["TrainConfig"]["properties"]
    assert fields["batch_queue_capacity"]["deprecated"] is True
    assert "deprecated" not in fields["batch_size"]
    assert fields["batch_size"]["default"] == 32
    assert fields["fine_tune_checkpoint_version"] == {
        "description": "Must be V2 (or UNKNOWN) when fine_tune_checkpoint is set; schema default V1 raises.",
        "default": "V1",
        "$ref": "#/$defs/CheckpointVersion",
    }
    assert "V2: Object-based checkpoint of TF2." in json_schema()["$defs"]["CheckpointVersion"]["description"]


def test_unknown_root() -> None:
    with pytest.raises(UserError, match="no message 'Trainconfig'; did you mean 'TrainConfig'"):
        json_schema("Trainconfig")


class TestCommand:
    def run(self, *args: str) -> int:
        with pytest.raises(SystemExit) as stop:
            main(["schema", *args])
        status: Any = stop.value.code
        return int(status)

    def test_json_schema(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--json-schema", "--root", "StringIntLabelMap") == 0
        assert json.loads(capsys.readouterr().out) == json_schema("StringIntLabelMap")

    def test_overview(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        assert self.run() == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].startswith("  model: DetectionModel   ")
        assert max(map(len, lines[:-1])) <= 80
        assert lines[-1].startswith("166 messages, 854 fields, 21 enumerations in all")

    def test_depth(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--root", "TrainConfig", "--depth", "1") == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines[:3]] == [
            "TrainConfig",
            "data_augmentation_options:",
            "optimizer:",
        ]

    def test_proto(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--proto") == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines.count('syntax = "proto2";') == 1
        assert "message TrainEvalPipelineConfig {" in lines
        assert not [line for line in lines if line.startswith("import")]

    def test_one_form_at_a_time(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--proto", "--json-schema") == 2
        assert "exclude each other; give one of them" in capsys.readouterr().err

    @pytest.mark.parametrize("args", [("--root", "TrainConfg"), ("--root", "TrainConfg", "--json-schema")])
    def test_unknown_message(self, args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(*args) == 2
        assert "no message 'TrainConfg'; did you mean 'TrainConfig'" in capsys.readouterr().err
