"""The schema as protobuf's own message classes, for programs that use protobuf, and for tests.

protobuf is imported when a class is asked for. The descriptors live in a pool of their own, so that a
generated copy of the same schema in the process (the OD API's) does no harm.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cfgtool.files import read_bytes
from cfgtool.schema.model import DATA

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

PACKAGE = "object_detection.protos."


@cache
def _pool() -> DescriptorPool:
    from google.protobuf import descriptor_pb2, descriptor_pool

    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(read_bytes(f"{DATA}/descriptors.bin"))
    for file in files.file:
        pool.Add(file)
    return pool


@cache
def message_class(name: str = "TrainEvalPipelineConfig") -> type[Message]:
    """The protobuf class of a message, named as in `Schema.messages`. Raises KeyError if there is none."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(PACKAGE + name))
