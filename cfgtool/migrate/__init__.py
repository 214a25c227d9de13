"""Rewriting configs: numbered steps that replace deprecated and dead spellings, comments and layout kept."""

from __future__ import annotations

from cfgtool.migrate.draft import Draft, Place
from cfgtool.migrate.engine import migrate
from cfgtool.migrate.model import TARGETS, Change, Effect, Entry, Migration, Plan, Step
from cfgtool.migrate.steps import STEPS

__all__ = [
    "STEPS",
    "TARGETS",
    "Change",
    "Draft",
    "Effect",
    "Entry",
    "Migration",
    "Place",
    "Plan",
    "Step",
    "migrate",
]
