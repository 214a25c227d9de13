"""The part that a variable plays in its network, read off its name."""

from __future__ import annotations

_ROLES = {"backbone": "backbone", "box_backbone": "backbone", "neck": "neck"}


def role(variable_name: str) -> str:
    """`backbone`, `neck` or `head` of a variable, by our own name of it.

    The backbone is what a classifier brings along, in Faster R-CNN both halves of it. Heads are all that
    depends on the task: those of the region proposal network and the attention of Context R-CNN too.
    """
    return _ROLES.get(variable_name.partition("/")[0], "head")
