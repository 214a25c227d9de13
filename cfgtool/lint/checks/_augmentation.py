"""What several rules about augmentation share: how a step is taken out of a config."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Fix
    from cfgtool.schema import Config


def removal(context: Context, option: Config | None, applicability: str) -> Fix | None:
    """The fix that deletes a whole block of `data_augmentation_options`: without a step it is refused.

    `option` is the message of that block.
    """
    if option is None or option.parent is None:
        return None
    blocks = option.parent.entries("data_augmentation_options")
    block = next((entry for entry in blocks if entry.value is option), None)
    return context.fix("remove the step", applicability, [context.delete(block)]) if block else None
