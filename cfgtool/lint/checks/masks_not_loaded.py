"""A model with masks, and records whose masks are not read.

## Why it is bad

Training stops at the first loss with "Groundtruth instance masks not provided". The evaluation reader needs
the switch as well.

## Example

    model {
      faster_rcnn {
        number_of_stages: 3
        second_stage_box_predictor {
          mask_rcnn_box_predictor {
            predict_instance_masks: true
          }
        }
      }
    }
    train_input_reader {
      mask_type: PNG_MASKS
    }

## Use instead

    model {
      faster_rcnn {
        number_of_stages: 3
        second_stage_box_predictor {
          mask_rcnn_box_predictor {
            predict_instance_masks: true
          }
        }
      }
    }
    train_input_reader {
      load_instance_masks: true
      mask_type: PNG_MASKS
    }

## Fix safety

Unsafe: the records must hold masks.
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
    code="CFG333",
    name="masks-not-loaded",
    severity="error",
    summary="Finds a model that learns masks with a reader that does not load them",
    on=("MaskRCNNBoxPredictor.predict_instance_masks",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at every reader that the config has; masks of two stages are another rule's."""
    if not config.flag("predict_instance_masks"):
        return
    root = config.root
    if root.message("model").message("faster_rcnn").integer("number_of_stages") < 3:
        return
    for name in ("train_input_reader", "eval_input_reader"):
        for entry in root.entries(name):
            reader: Config | None = entry.value
            if reader is None or reader.flag("load_instance_masks"):
                continue
            line = "load_instance_masks: true"
            old = reader.entry("load_instance_masks")
            fix = context.insert_fix(reader, line, "unsafe")
            if old is not None:
                fix = context.fix("write true", "unsafe", [context.replace(old, "true")])
            yield RULE.finding(
                old or reader,
                f"the model learns masks, and '{name}' does not read them; write '{line}'",
                fix=fix,
            )
