"""Matching: what a checkpoint restores into a network. No TensorFlow."""

from __future__ import annotations

from cfgtool.matching.plan import RestorePlan, restore_plan
from cfgtool.matching.semantics import restore_types
from cfgtool.matching.verdict import Verdict

__all__ = ["RestorePlan", "Verdict", "restore_plan", "restore_types"]
