"""Different label maps for training and evaluation.

## Why it is bad

Ids of one map are judged by the names of the other: the metrics are 0 or -1 where the maps disagree.
Usually one of the two paths was forgotten.

## Example

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/train.record"
      }
    }
    eval_input_reader {
      label_map_path: "data/old_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/val.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/train.record"
      }
    }
    eval_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/val.record"
      }
    }
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.lint.context import is_placeholder
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG515",
    name="differing-label-maps",
    severity="warning",
    summary="Finds readers of training and evaluation with different label maps",
    on=("TrainEvalPipelineConfig.eval_input_reader",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the paths, and what the files say if both are there."""
    trained = config.message("train_input_reader").text("label_map_path")
    if is_placeholder(trained):
        return
    for reader in config.messages("eval_input_reader"):
        name = reader.text("label_map_path") if reader is not None else ""
        if is_placeholder(name) or os.path.normpath(name) == os.path.normpath(trained):
            continue
        if _same_content(context, trained, name):
            continue
        entry = reader.entry("label_map_path") or reader
        yield RULE.finding(entry, f"evaluation uses the label map '{name}', training '{trained}'")


def _same_content(context: Context, one: str, other: str) -> bool:
    if context.locate(one) is None or context.locate(other) is None:
        return False
    first, second = context.label_map(one), context.label_map(other)
    return first is not None and second is not None and first.lookup() == second.lookup()
