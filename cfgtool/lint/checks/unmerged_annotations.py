"""Boxes that are merged while what belongs to them is not.

## Why it is bad

'merge_multiple_label_boxes' makes one box of several in the same place: boxes, classes and confidences are
joined, and there are fewer of them then. Masks and keypoints are not, and belong to the wrong boxes. Scores
of several classes are replaced by the merged classes. TF1's first trainer refused all three.

## Example

    train_config {
      merge_multiple_label_boxes: true
    }
    train_input_reader {
      load_instance_masks: true
      tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" }
    }

## Use instead

    train_config {
      merge_multiple_label_boxes: true
    }
    train_input_reader {
      tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" }
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
    code="CFG364",
    name="unmerged-annotations",
    severity="warning",
    summary="Finds merging of boxes together with masks, keypoints or scores, which are not merged",
    on=("TrainConfig.merge_multiple_label_boxes",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look for what the training reads besides boxes and classes."""
    entry = config.entry("merge_multiple_label_boxes")
    if entry is None or not entry.value:
        return
    reader = config.root.message("train_input_reader")
    aside = [
        f"'{name}'"
        for name, given in (
            ("load_instance_masks", reader.flag("load_instance_masks")),
            ("num_keypoints", reader.integer("num_keypoints") > 0),
        )
        if given
    ]
    if aside:
        shown = " and ".join(aside)
        yield RULE.finding(
            entry, f"boxes are merged, and what {shown} loads is not: it ends up at other boxes"
        )
    if config.flag("use_multiclass_scores"):
        message = "'use_multiclass_scores' has no effect beside 'merge_multiple_label_boxes: true'"
        yield RULE.finding(config.entry("use_multiclass_scores") or entry, message)
