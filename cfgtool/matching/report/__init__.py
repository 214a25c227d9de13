"""A restore plan as text for people, as JSON for programs, and as a page to look at.

The forms are modules of their own (`text`, `data`, `page`); here is what they share with other commands.
"""

from __future__ import annotations

from cfgtool.matching.report.wording import best_plan, checkpoint_line, printable, type_name

__all__ = ["best_plan", "checkpoint_line", "printable", "type_name"]
