"""RMSprop in TF2, where its decay became a decay of the learning rate.

## Why it is bad

`decay` is the memory of the squared gradients. The TF2 trainer of the OD API hands it to Keras as the decay
of the learning rate over time: at the default of 0.9 the rate halves with the second step and is a tenth
after ten, and the logged rate does not show it.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
      }
    }
    train_config {
      optimizer {
        rms_prop_optimizer {
          learning_rate {
            constant_learning_rate {
              learning_rate: 0.004
            }
          }
          decay: 0.9
        }
      }
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
      optimizer {
        momentum_optimizer {
          learning_rate {
            constant_learning_rate {
              learning_rate: 0.004
            }
          }
        }
      }
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
    code="CFG621",
    name="rms-decay-of-rate",
    severity="warning",
    summary=(
        "Finds an RMSprop optimizer whose 'decay' the OD API takes for a decay of the learning rate in TF2"
    ),
    on=("RMSPropOptimizer",),
    generations=("tf2",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Any decay above 0 shrinks the rate, the default too."""
    decay, entry = config.number("decay"), config.entry("decay")
    if decay <= 0:
        return
    shown = f"'decay' of {decay:.6g}" + ("" if entry else " (the default)")
    message = (
        f"{shown} becomes a decay of the learning rate in TF2 of the OD API, which tends to 0 within steps"
    )
    yield RULE.finding(entry or config, message)
