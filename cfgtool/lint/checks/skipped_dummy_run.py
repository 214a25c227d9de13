"""A restore before there are variables.

## Why it is bad

Keras creates variables when a model is first called. Without the dummy run, an SSD or a Faster R-CNN has
none when the OD API restores: the restore is put off, or its check that everything was matched fails.
CenterNet is safe.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "zoo/ckpt-0"
      run_fine_tune_checkpoint_dummy_computation: false
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "zoo/ckpt-0"
    }

## Fix safety

Safe: the dummy run creates the variables and changes none.
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
    code="CFG424",
    name="skipped-dummy-run",
    severity="warning",
    summary="Finds a start checkpoint that is restored before the variables exist",
    on=("TrainConfig.run_fine_tune_checkpoint_dummy_computation",),
    generations=("tf2",),
    fix="safe",
    when={"equals": [False]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the architecture beside the switch."""
    entry = config.entry("run_fine_tune_checkpoint_dummy_computation")
    kind = config.root.message("model").which("model")
    if (
        entry is None
        or entry.value
        or kind not in ("ssd", "faster_rcnn")
        or not config.text("fine_tune_checkpoint")
    ):
        return
    fix = context.fix("write true", "safe", [context.replace(entry, "true")])
    message = f"without the dummy run a '{kind}' has no variables yet when the OD API restores; write true"
    yield RULE.finding(entry, message, fix=fix)
