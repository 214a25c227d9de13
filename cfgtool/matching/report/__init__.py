"""A restore plan as text for people, as JSON for programs, and as a page to look at.

The forms are modules of their own (`text`, `data`, `page`); here is what they share with other commands.
"""

from __future__ import annotations

from cfgtool.matching.report.wording import checkpoint_line, printable

__all__ = ["checkpoint_line", "printable"]
