"""A pattern that matches no variable.

## Why it is bad

A pattern has to match from the start of a variable's name. One that matches nothing freezes nothing, and
nobody says so; as the only pattern of `update_trainable_variables` it leaves nothing to train. Names of
TF1, of Keras and of cfgtool count: `cfgtool variables` lists them.

## Example

    model {
      ssd {
        num_classes: 2
        image_resizer {
          fixed_shape_resizer {
            height: 128
            width: 128
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v1_keras"
        }
        anchor_generator {
          ssd_anchor_generator {
            aspect_ratios: [1.0, 2.0]
          }
        }
        box_predictor {
          convolutional_box_predictor {
            kernel_size: 1
          }
        }
      }
    }
    train_config {
      freeze_variables: "MobilenetV9/.*"
    }

## Use instead

    model {
      ssd {
        num_classes: 2
        image_resizer {
          fixed_shape_resizer {
            height: 128
            width: 128
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v1_keras"
        }
        anchor_generator {
          ssd_anchor_generator {
            aspect_ratios: [1.0, 2.0]
          }
        }
        box_predictor {
          convolutional_box_predictor {
            kernel_size: 1
          }
        }
      }
    }
    train_config {
      freeze_variables: "FeatureExtractor/MobilenetV1/.*"
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.networks.variables import Variable
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG426",
    name="idle-variable-pattern",
    severity="warning",
    summary="Finds a pattern of variables that matches none",
    on=(
        "TrainConfig.freeze_variables",
        "TrainConfig.update_trainable_variables",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Match every pattern with the names that the network has."""
    import re

    for field in ("freeze_variables", "update_trainable_variables"):
        for entry in config.entries(field):
            text = entry.value
            network = context.network() if isinstance(text, str) else None
            if network is None:
                return
            try:
                pattern = re.compile(str(text))
            except re.error:
                continue  # another rule's
            if not any(pattern.match(name) for variable in network.variables for name in _names(variable)):
                yield RULE.finding(entry, f"'{field}' pattern '{text}' matches no variable of this network")


def _names(variable: Variable) -> Iterator[str]:
    for name in (variable.name, variable.keras_name, variable.tf1_name):
        if name:
            yield name
