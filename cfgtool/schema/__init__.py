"""The schema of pipeline.config and label maps, and typed configs that know where each value came from."""

from __future__ import annotations

from cfgtool.schema.config import Config, Entry
from cfgtool.schema.model import FieldType, MessageType, Schema, load
from cfgtool.schema.problems import SEVERITIES, SLUGS, SchemaProblem
from cfgtool.schema.reader import read_config

__all__ = [
    "SEVERITIES",
    "SLUGS",
    "Config",
    "Entry",
    "FieldType",
    "MessageType",
    "Schema",
    "SchemaProblem",
    "load",
    "read_config",
]
