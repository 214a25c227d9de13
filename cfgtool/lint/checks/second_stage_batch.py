"""A second stage that samples more boxes than there are proposals.

## Why it is bad

Training stops when the model is built with "second_stage_batch_size should be no greater than
first_stage_max_proposals". It happens when the proposals are cut down and the batch keeps its default of
64.

## Example

    model {
      faster_rcnn {
        first_stage_max_proposals: 50
      }
    }

## Use instead

    model {
      faster_rcnn {
        first_stage_max_proposals: 50
        second_stage_batch_size: 32
      }
    }

## Fix safety

Unsafe: more proposals are the other way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG334",
    name="second-stage-batch-above-proposals",
    severity="error",
    summary="Finds a second stage that is to sample more boxes than the first one proposes",
    on=("FasterRcnn",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the two numbers, defaults included; a model of proposals only has no second stage."""
    batch, proposals = config.integer("second_stage_batch_size"), config.integer("first_stage_max_proposals")
    if batch <= proposals or config.integer("number_of_stages") < 2:
        return
    entry = config.entry("second_stage_batch_size")
    shown = f"'second_stage_batch_size' of {batch}" + ("" if entry else " (the default)")
    if entry is None:
        fix = context.insert_fix(config, f"second_stage_batch_size: {proposals}", "unsafe")
    else:
        fix = context.fix(f"write {proposals}", "unsafe", [context.replace(entry, str(proposals))])
    place = entry or config.entry("first_stage_max_proposals") or config
    yield RULE.finding(
        place, f"{shown} is above 'first_stage_max_proposals' of {proposals}, which is refused", fix=fix
    )
