"""Compile `protos/*.proto` into the artefacts that `cfgtool.schema` reads.

    python -m tools.compile_schema [--check]

- `schema.json`: names, numbers, types, labels, defaults, oneofs, enums; `cfgtool.schema.load` reads it.
- `descriptors.bin`: a FileDescriptorSet in dependency order, without comments, for protobuf itself.
- `docs.json`: the comments of messages, fields, enums and enum values, for `cfgtool explain`.
- `pipeline.proto`: all files as one, for `cfgtool schema --proto`.

Needs protoc (`grpcio-tools`). The artefacts depend on the .proto files only, not on the version of protoc.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import descriptor_pb2

PROTOS = Path(__file__).resolve().parents[1] / "protos"
DATA = PROTOS.parent / "cfgtool" / "schema" / "data"
PACKAGE = ".object_detection.protos."
_HEAD = """// The schema of pipeline.config and of label maps, as one file; printed by `cfgtool schema --proto`.

syntax = "proto2";

package object_detection.protos;"""
LABELS = {1: "optional", 2: "required", 3: "repeated"}

Message = descriptor_pb2.DescriptorProto
Field = descriptor_pb2.FieldDescriptorProto
Enum = descriptor_pb2.EnumDescriptorProto
FileSet = descriptor_pb2.FileDescriptorSet


def run_protoc(protos: Path) -> FileSet:
    """The descriptors of all files in `protos`, with comments. Raises SystemExit if protoc refuses them."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "set.bin"
        names = sorted(path.name for path in protos.glob("*.proto"))
        options = [f"-I{protos}", f"--descriptor_set_out={target}", "--include_source_info"]
        # In a process of its own: the compiler and TensorFlow do not get along in one.
        command = [sys.executable, "-m", "grpc_tools.protoc", *options, *names]
        if subprocess.run(command, check=False).returncode != 0:
            raise SystemExit("protoc refuses the schema; see its messages above")
        return FileSet.FromString(target.read_bytes())


def in_dependency_order(files: FileSet) -> list[descriptor_pb2.FileDescriptorProto]:
    """The files sorted by name, except that each comes after those it imports."""
    by_name = {file.name: file for file in files.file}
    ordered: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def visit(name: str) -> None:
        if name not in ordered:
            for dependency in by_name[name].dependency:
                visit(dependency)
            ordered[name] = by_name[name]

    for name in sorted(by_name):
        visit(name)
    return list(ordered.values())


def messages_of(files: FileSet) -> Iterator[tuple[str, Message]]:
    """Every message with its full name inside the package, parents before the messages nested in them."""

    def visit(message: Message, prefix: str) -> Iterator[tuple[str, Message]]:
        yield prefix + message.name, message
        for nested in message.nested_type:
            yield from visit(nested, f"{prefix}{message.name}.")

    for file in in_dependency_order(files):
        for message in file.message_type:
            yield from visit(message, "")


def enums_of(files: FileSet) -> Iterator[tuple[str, Enum]]:
    """Every enum with its full name inside the package."""
    for file in in_dependency_order(files):
        for enum in file.enum_type:
            yield enum.name, enum
    for name, message in messages_of(files):
        for enum in message.enum_type:
            yield f"{name}.{enum.name}", enum


def type_name(field: Field) -> str:
    """The scalar type's name, or the full name of the message or enum inside the package."""
    if field.type_name:
        return field.type_name.removeprefix(PACKAGE)
    return Field.Type.Name(field.type).removeprefix("TYPE_").lower()


def default_of(field: Field) -> object:
    """The default that the schema writes down (floats rounded to float32); None if there is none."""
    if not field.HasField("default_value"):
        return None
    text = field.default_value
    if field.type == Field.TYPE_FLOAT:
        return struct.unpack("f", struct.pack("f", float(text)))[0]
    if field.type == Field.TYPE_BOOL:
        return text == "true"
    return text if field.type in (Field.TYPE_STRING, Field.TYPE_ENUM) else int(text)


def field_row(field: Field, message: Message, map_entries: set[str]) -> list[object]:
    """`[name, number, type, label, default, oneof, deprecated]`, cut after the last unusual entry."""
    kind = type_name(field)
    label = "map" if kind in map_entries else LABELS[field.label]
    oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None
    row = [field.name, field.number, kind, label, default_of(field), oneof, field.options.deprecated]
    usual = (None, None, None, "optional", None, None, False)
    while row[-1] is usual[len(row) - 1] or row[-1] == "optional":
        row.pop()
    return row


def schema_of(files: FileSet) -> dict[str, object]:
    """The content of `schema.json`."""
    messages = dict(messages_of(files))
    map_entries = {name for name, message in messages.items() if message.options.map_entry}
    return {
        "enums": {name: {value.name: value.number for value in enum.value} for name, enum in enums_of(files)},
        "messages": {
            name: [field_row(field, message, map_entries) for field in message.field]
            for name, message in messages.items()
        },
    }


def docs_of(files: FileSet) -> dict[str, str]:
    """The content of `docs.json`: full name inside the package -> comment on one line."""
    docs: dict[str, str] = {}
    for file in in_dependency_order(files):
        for location in file.source_code_info.location:
            name = name_at(file, list(location.path))
            if name and location.leading_comments:
                docs[name] = " ".join(location.leading_comments.split())
    return dict(sorted(docs.items()))


def name_at(file: descriptor_pb2.FileDescriptorProto, path: list[int]) -> str | None:
    """The full name of the element at a source location's path; None for what has no name worth a comment."""
    node: object = file
    names: list[str] = []
    for number, index in zip(path[::2], path[1::2], strict=False):
        field = node.DESCRIPTOR.fields_by_number[number]  # type: ignore[attr-defined]
        if field.name not in ("message_type", "nested_type", "enum_type", "field", "value", "oneof_decl"):
            return None
        node = getattr(node, field.name)[index]
        names.append(node.name)  # type: ignore[attr-defined]
    return ".".join(names) if names and len(path) % 2 == 0 else None


def without_comments(files: FileSet) -> FileSet:
    """The same descriptors in dependency order, without source locations and derived JSON names."""
    result = FileSet(file=in_dependency_order(files))
    for file in result.file:
        file.ClearField("source_code_info")
    for _, message in messages_of(result):
        for field in message.field:
            field.ClearField("json_name")
    return result


def one_file(protos: Path, files: FileSet) -> str:
    """The text of all files as one: they share a package, so that only their heads have to go."""
    parts = [_HEAD]
    for file in in_dependency_order(files):
        text = (protos / file.name).read_text(encoding="utf-8")
        lines = [line for line in text.split("\n") if not line.startswith(("syntax ", "package ", "import "))]
        parts.append("\n".join(lines).strip("\n"))
    return "\n\n".join(parts) + "\n"


def artefacts(protos: Path = PROTOS) -> dict[str, bytes]:
    """File name -> content of everything that is compiled from `protos`."""
    files = run_protoc(protos)
    return {
        "schema.json": _json(schema_of(files)),
        "docs.json": _json(docs_of(files), indent=0),
        "pipeline.proto": one_file(protos, files).encode(),
        "descriptors.bin": without_comments(files).SerializeToString(deterministic=True),
    }


def _json(value: object, indent: int | None = None) -> bytes:
    separators = (",", ":") if indent is None else (",", ": ")
    return (json.dumps(value, indent=indent, separators=separators) + "\n").encode()


def main(arguments: list[str] | None = None) -> int:
    """Write the artefacts, or with `--check` report which ones are stale (exit status 1)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if an artefact is stale")
    options = parser.parse_args(arguments)
    stale = [
        name
        for name, content in artefacts().items()
        if not (DATA / name).exists() or (DATA / name).read_bytes() != content
    ]
    if options.check:
        for name in stale:
            print(f"stale: {DATA / name}; run python -m tools.compile_schema", file=sys.stderr)
        return 1 if stale else 0
    DATA.mkdir(exist_ok=True)
    for name, content in artefacts().items():
        (DATA / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
