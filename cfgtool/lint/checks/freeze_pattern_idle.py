"""A pattern that matches no variable.

## Why it is bad

A pattern is a regular expression that has to match from the start of a variable's name. One that matches
nothing freezes nothing, and nobody says so; as the only pattern of `update_trainable_variables` it leaves
nothing to train. Names of TF1, of Keras and of cfgtool count: `cfgtool variables` lists them. In TF1 a pattern
that matches inside of names is a remark only: one of its two trainers takes it.

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
    import re
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.networks import NetworkDescription
    from cfgtool.networks.variables import Variable
    from cfgtool.schema import Config, Entry

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
            finding = _judge(context, entry, pattern, network)
            if finding is not None:
                yield finding


def _judge(
    context: Context, entry: Entry, pattern: re.Pattern[str], network: NetworkDescription
) -> Finding | None:
    """What is wrong with a pattern, None for one that finds variables in training and in the OD API.

    `cfgtool train` matches the start of all names. TF1 knows its own names only; one of its trainers matches
    their start and the other searches them.
    """
    names = [name for variable in network.variables for name in _names(variable)]
    own = [variable.tf1_name for variable in network.variables if variable.tf1_name]
    said = f"'{entry.type.name}' pattern '{entry.value}'"
    tf1 = context.generation == "tf1"
    begins = any(pattern.match(name) for name in names)
    if begins and (not tf1 or any(pattern.search(name) for name in own)):
        return None
    if begins:
        message = f"{said} matches names of cfgtool only, TF1 has others"
        return RULE.finding(entry, f"{message}, such as {_examples(own)}", severity="info")
    inside = next((name for name in (own if tf1 else names) if pattern.search(name)), None)
    if inside is not None:
        message = f"{said} matches inside of names such as '{inside}' and begins none"
        severity = "info" if tf1 else None
        return RULE.finding(entry, f"{message}; write '.*{entry.value}'", severity=severity)
    shown = _examples(own if tf1 else names)
    return RULE.finding(entry, f"{said} matches no variable of this network, whose names are like {shown}")


def _names(variable: Variable) -> Iterator[str]:
    """The names that training matches, as `cfgtool.networks.freezing` does."""
    for name in (variable.name, variable.keras_name, variable.tf1_name):
        if name:
            yield name


def _examples(names: list[str]) -> str:
    """The first name of the backbone and of the heads."""
    heads = (name for name in names if name.startswith(("BoxPredictor", "head/", "WeightShared")))
    shown = dict.fromkeys(name for name in (names[0] if names else None, next(heads, None)) if name)
    return " and ".join(f"'{name}'" for name in shown)
