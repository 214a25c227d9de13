"""An hourglass network that is to start from a classifier.

## Why it is bad

The hourglass backbones have no counterpart among classifiers: the OD API stops with a NotImplementedError.

## Example

    model {
      center_net {
        feature_extractor {
          type: "hourglass_104"
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "zoo/ckpt-0"
      fine_tune_checkpoint_type: "classification"
      fine_tune_checkpoint_version: V2
    }

## Use instead

    model {
      center_net {
        feature_extractor {
          type: "hourglass_104"
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "zoo/ckpt-0"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }

## Fix safety

Unsafe: what the checkpoint holds is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import type_fix, type_place
from cfgtool.lint.rules import Rule
from cfgtool.schema.unwritten import restore_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG423",
    name="hourglass-classification",
    severity="error",
    summary="Finds an hourglass network that is to start from a classifier, which it has no part of",
    on=("CenterNetFeatureExtractor.type",),
    generations=("tf2",),
    fix="unsafe",
    when={"contains": ["hourglass"]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the start checkpoint of an hourglass."""
    extractor, train = config.text("type"), config.root.message("train_config")
    if not extractor.startswith("hourglass") or restore_type(train) != "classification":
        return
    if not train.text("fine_tune_checkpoint"):
        return
    message = f"'{extractor}' cannot be restored with the type 'classification'; write 'detection'"
    yield RULE.finding(type_place(train), message, fix=type_fix(context, train, "detection"))
