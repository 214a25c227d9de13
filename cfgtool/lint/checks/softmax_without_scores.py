"""A softmax of scores that are not loaded.

## Why it is bad

The step works on the multiclass scores of the records. Where the reader does not load them there is None in
their place, and the input pipeline stops.

## Example

    train_config {
      data_augmentation_options {
        convert_class_logits_to_softmax {
        }
      }
    }
    train_input_reader {
      label_map_path: "data/labels.pbtxt"
    }

## Use instead

    train_config {
      data_augmentation_options {
        convert_class_logits_to_softmax {
        }
      }
    }
    train_input_reader {
      label_map_path: "data/labels.pbtxt"
      load_multiclass_scores: true
    }
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
    code="CFG576",
    name="softmax-without-scores",
    severity="error",
    summary="Finds a softmax of multiclass scores that the training reader does not load",
    on=("PreprocessingStep.convert_class_logits_to_softmax",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look at the training reader, if there is one."""
    entry = config.entry("convert_class_logits_to_softmax")
    reader = config.root.message("train_input_reader")
    if entry is None or reader.block is None or reader.flag("load_multiclass_scores"):
        return
    message = "'convert_class_logits_to_softmax' needs 'load_multiclass_scores: true' in 'train_input_reader'"
    yield RULE.finding(entry, message)
