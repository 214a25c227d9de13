"""A message type with every kind of field, made at run time, and a reader of our trees into it.

`protobuf_accepts` asks protobuf's own parser; `read` does the same from a tree of ours: together they say
whether the tree, its problems and its values agree with protobuf on what a text means.
"""

from __future__ import annotations

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from cfgtool.textproto import Block, Document, Field, ListValue, Scalar, parse_float, parse_int, string_value

SCALARS = ["double", "float", "bool", "string", "bytes", "int32", "int64", "uint32", "uint64"]
SCALARS += ["fixed32", "fixed64", "sfixed32", "sfixed64", "sint32", "sint64"]
_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


class IllegalError(Exception):
    """The tree does not fit the message type: a mistake that a schema finds, not a syntax."""


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="textproto_test.proto", package="test", syntax="proto2")
    file.dependency.append("google/protobuf/any.proto")
    color = file.enum_type.add(name="Color")
    for number, name in enumerate(("RED", "GREEN", "inf", "true")):
        color.value.add(name=name, number=number)
    sample = file.message_type.add(name="Sample")
    sample.extension_range.add(start=1000, end=2000)
    field_type = descriptor_pb2.FieldDescriptorProto
    numbers = iter(range(1, 1000))

    def add(
        owner: descriptor_pb2.DescriptorProto, name: str, kind: str, label: int, type_name: str = ""
    ) -> None:
        kind_number = field_type.Type.Value("TYPE_" + kind.upper())
        field = owner.field.add(name=name, number=next(numbers), type=kind_number, label=label)
        if type_name:
            field.type_name = type_name

    for label, prefix in ((field_type.LABEL_OPTIONAL, "one_"), (field_type.LABEL_REPEATED, "many_")):
        for scalar in SCALARS:
            add(sample, prefix + scalar, scalar, label)
        add(sample, prefix + "color", "enum", label, ".test.Color")
        add(sample, prefix + "sample", "message", label, ".test.Sample")
        add(sample, prefix + "any", "message", label, ".google.protobuf.Any")
    entry = sample.nested_type.add(name="CountsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=field_type.TYPE_STRING, label=field_type.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=field_type.TYPE_INT32, label=field_type.LABEL_OPTIONAL)
    add(sample, "counts", "message", field_type.LABEL_REPEATED, ".test.Sample.CountsEntry")
    for number, name, label in ((1000, "note", 1), (1001, "notes", 3), (1002, "more", 1)):
        kind = field_type.TYPE_MESSAGE if name == "more" else field_type.TYPE_STRING
        extension = file.extension.add(
            name=name, number=number, type=kind, label=label, extendee=".test.Sample"
        )
        if name == "more":
            extension.type_name = ".test.Sample"
    return file


POOL = descriptor_pool.DescriptorPool()
POOL.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
POOL.AddSerializedFile(_file().SerializeToString())
Sample = message_factory.GetMessageClass(POOL.FindMessageTypeByName("test.Sample"))


def protobuf_accepts(text: str, kind: type[Message] = Sample) -> Message | None:
    """What protobuf reads from `text`; None if it refuses the text for whatever reason."""
    message = kind()
    try:
        text_format.Merge(text, message, descriptor_pool=POOL)
    except text_format.ParseError:
        return None
    return message


def read(document: Document, kind: type[Message] = Sample) -> Message:
    """The message of a tree without problems. Raises IllegalError where it does not fit the message type."""
    message = kind()
    _read_block(document, document.root, message)
    return message


def _read_block(document: Document, block: Block, message: Message) -> None:
    for field in block.fields:
        if message.DESCRIPTOR.full_name == "google.protobuf.Any" and field.kind != "plain":
            _read_any(document, field, message)
            continue
        descriptor = _descriptor(field, message)
        values = [field.value]
        if isinstance(field.value, ListValue):
            if not descriptor.is_repeated:
                raise IllegalError("a list for a singular field")
            values = list(field.value.items)
        is_message = descriptor.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
        if not is_message and not field.colon:
            raise IllegalError("no colon")
        for value in values:
            if is_message:
                _read_message(document, value, message, descriptor)
            else:
                _store(message, descriptor, _scalar(document, value, descriptor))


def _descriptor(field: Field, message: Message) -> FieldDescriptor:
    found = None
    if field.kind == "plain":
        found = message.DESCRIPTOR.fields_by_name.get(field.name)
    elif field.kind == "extension":
        try:
            found = POOL.FindExtensionByName(field.name)
        except KeyError:
            found = None
        if found is not None and found.containing_type != message.DESCRIPTOR:
            found = None
    if found is None:
        raise IllegalError(f"no field {field.name}")
    return found


def _read_any(document: Document, field: Field, message: Message) -> None:
    prefix, _, name = field.name.rpartition("/")
    if field.kind != "any" or not isinstance(field.value, Block):
        raise IllegalError("not an Any")
    try:
        inner = message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))()
    except KeyError as error:
        raise IllegalError("unknown type") from error
    _read_block(document, field.value, inner)
    message.Pack(inner, type_url_prefix=prefix + "/")


def _read_message(document: Document, value: object, message: Message, descriptor: FieldDescriptor) -> None:
    if not isinstance(value, Block):
        raise IllegalError("not a block")
    holder = (
        getattr(message, descriptor.name) if not descriptor.is_extension else message.Extensions[descriptor]
    )
    if descriptor.message_type.GetOptions().map_entry:
        entry = holder.GetEntryClass()()
        _read_block(document, value, entry)
        holder[entry.key] = entry.value
    elif descriptor.is_repeated:
        _read_block(document, value, holder.add())
    else:
        holder.SetInParent()
        _read_block(document, value, holder)


def _store(message: Message, descriptor: FieldDescriptor, value: object) -> None:
    if descriptor.is_extension and descriptor.is_repeated:
        message.Extensions[descriptor].append(value)
    elif descriptor.is_extension:
        message.Extensions[descriptor] = value
    elif descriptor.is_repeated:
        getattr(message, descriptor.name).append(value)
    else:
        setattr(message, descriptor.name, value)


def _scalar(document: Document, value: object, descriptor: FieldDescriptor) -> object:
    if not isinstance(value, Scalar):
        raise IllegalError("not a scalar")
    text = document.text[value.start : value.end]
    is_text = descriptor.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
    if is_text != (value.kind == "string"):
        raise IllegalError("a string for something else, or the other way round")
    try:
        if descriptor.type == FieldDescriptor.TYPE_STRING:
            return string_value(document, value).decode()
        if descriptor.type == FieldDescriptor.TYPE_BYTES:
            return string_value(document, value)
        if descriptor.type == FieldDescriptor.TYPE_ENUM:
            return _enum(text, descriptor)
        if descriptor.type == FieldDescriptor.TYPE_BOOL:
            return {"true": True, "t": True, "1": True, "True": True}.get(
                text, False if _is_false(text) else None
            )
        if descriptor.cpp_type in _RANGES:
            low, high = _RANGES[descriptor.cpp_type]
            number = parse_int(text)
            if not low <= number <= high:
                raise IllegalError("out of range")
            return number
        return parse_float(text)
    except ValueError as error:
        raise IllegalError(str(error)) from error


def _is_false(text: str) -> bool:
    if text not in ("false", "f", "0", "False", "true", "t", "1", "True"):
        raise IllegalError("not a bool")
    return text in ("false", "f", "0", "False")


def _enum(text: str, descriptor: FieldDescriptor) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        value = descriptor.enum_type.values_by_name.get(text)
    else:
        value = descriptor.enum_type.values_by_number.get(number)
    if value is None:
        raise IllegalError("no such enum value")
    return value.number
