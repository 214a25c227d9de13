"""Matching: what a checkpoint restores into a network."""

from __future__ import annotations

from cfgtool.matching.configured import configured_plan
from cfgtool.matching.od_api import OdApi
from cfgtool.matching.plan import RestorePlan, restore_plan
from cfgtool.matching.semantics import restore_types
from cfgtool.matching.verdict import Verdict

__all__ = ["OdApi", "RestorePlan", "Verdict", "configured_plan", "restore_plan", "restore_types"]
