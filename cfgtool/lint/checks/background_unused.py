"""Images of background that the miner leaves out.

## Why it is bad

The miner keeps a few negatives for each positive of an image. An image without objects has no positives,
and so contributes nothing unless `min_negatives_per_image` says otherwise: background that was added
against false alarms changes nothing.

## Example

    model {
      ssd {
        loss {
          hard_example_miner {
            max_negatives_per_positive: 3
          }
        }
      }
    }
    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/with_background.record"
      }
    }

## Use instead

    model {
      ssd {
        loss {
          hard_example_miner {
            max_negatives_per_positive: 3
            min_negatives_per_image: 3
          }
        }
      }
    }
    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/with_background.record"
      }
    }

## Fix safety

Unsafe: the loss then counts boxes that it left out before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._records import training_sample, value_fix
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config


RULE = Rule(
    code="CFG595",
    name="background-images-unused",
    severity="warning",
    summary="Finds images without objects where the miner takes no negatives from them",
    on=("Ssd.loss",),
    fix="unsafe",
    needs="records",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count the images without a box where a miner bounds negatives by positives."""
    miner = config.message("loss").message("hard_example_miner")
    if miner.block is None or miner.integer("max_negatives_per_positive") <= 0:
        return
    if miner.integer("min_negatives_per_image") > 0:
        return
    sample = training_sample(context)
    if sample is None or not sample.stats.boxes or not sample.stats.without_boxes:
        return
    fix = value_fix(context, miner, "min_negatives_per_image", 3)
    message = (
        f"{sample.stats.without_boxes} of {sample.what_was_read()} have no box and are not trained on where "
        "'min_negatives_per_image' is 0; write 'min_negatives_per_image: 3'"
    )
    yield RULE.finding(miner.entry("min_negatives_per_image") or miner, message, fix=fix)
