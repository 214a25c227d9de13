"""Synchronised batch norm in a head that knows only the plain one.

## Why it is bad

The weight-shared head makes its norms of a 'batch_norm' block and looks for no other. Given a
'sync_batch_norm' it is built without any norm at all, and with no message: training is unstable, and the
weights of the same head with norms do not fit.

## Example

    model {
      ssd {
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 128
            conv_hyperparams { sync_batch_norm { decay: 0.997 } }
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 128
            conv_hyperparams { batch_norm { decay: 0.997 } }
          }
        }
      }
    }

## Fix safety

Unsafe: the head gets norms that it is not trained with today.
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
    code="CFG232",
    name="sync-norm-in-shared-head",
    severity="warning",
    summary="Finds synchronised batch norm in a weight-shared head, which is then built without any",
    on=("Hyperparams.sync_batch_norm",),
    generations=("tf2",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at whose hyperparameters these are."""
    entry, head = config.entry("sync_batch_norm"), config.parent
    if entry is None or head is None or head.type.name != "WeightSharedConvolutionalBoxPredictor":
        return
    from cfgtool.textproto import Edit

    field = entry.field
    rename = Edit(field.name_start, field.name_end, "batch_norm")
    yield RULE.finding(
        entry,
        "'sync_batch_norm' leaves a weight-shared head without any norm; write 'batch_norm'",
        fix=context.fix("write batch_norm", "unsafe", [rename]),
    )
