"""A pattern that matches no variable.

## Why it is bad

A pattern is a regular expression that has to match from the start of a variable's name. One that matches
nothing freezes nothing, and nobody says so; as the only pattern of `update_trainable_variables` it leaves
nothing to train. Names of TF1, of Keras, paths of TF2 objects and names of cfgtool count: `cfgtool variables`
lists them. In TF1 a pattern that matches inside of names is a remark only: one of its two trainers takes it.

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
from cfgtool.networks.freezing import FIELDS, spellings
from cfgtool.networks.roles import role

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.networks import NetworkDescription
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

    for field in FIELDS:
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
    names = [name for variable in network.variables for _, name in spellings(variable)]
    own = [variable.tf1_name for variable in network.variables if variable.tf1_name]
    said = f"'{entry.type.name}' pattern '{entry.value}'"
    tf1 = context.generation == "tf1"
    begins = any(pattern.match(name) for name in names)
    if begins and (not tf1 or any(pattern.search(name) for name in own)):
        return None
    if begins:
        message = f"{said} matches names of cfgtool only, TF1 has others"
        return RULE.finding(entry, f"{message}, such as {_examples(network, tf1)}", severity="info")
    inside = next((name for name in (own if tf1 else names) if pattern.search(name)), None)
    if inside is not None:
        message = f"{said} matches inside of names such as '{inside}' and begins none"
        severity = "info" if tf1 else None
        return RULE.finding(entry, f"{message}; write '.*{entry.value}'", severity=severity)
    message = f"{said} matches no variable of this network"
    scope = _nearest(str(entry.value), own if tf1 else names)
    if scope is not None:
        return RULE.finding(entry, f"{message}; nearest is '{scope}/.*'")
    return RULE.finding(entry, f"{message}, whose names are like {_examples(network, tf1)}")


def _nearest(pattern: str, names: list[str]) -> str | None:
    """The scope of `names` that the longest plain part of a pattern resembles most."""
    import re
    from difflib import get_close_matches

    wanted = max(re.split(r"[\\.*+?()\[\]{}|^$]+", pattern), key=len).strip("/")
    scopes: dict[str, str] = {}
    for name in names:
        parts = name.split("/")[:-1]
        for depth, part in enumerate(parts, 1):
            path = "/".join(parts[:depth])
            scopes.setdefault(path, path)
            scopes.setdefault(part, path)
    near = get_close_matches(wanted, scopes, 1, cutoff=0.7)
    return scopes[near[0]] if near else None


def _examples(network: NetworkDescription, tf1: bool) -> str:
    """The first name of the backbone and of the heads."""
    shown: dict[str, str] = {}
    for variable in network.variables:
        name = variable.tf1_name if tf1 else variable.name
        if name:
            shown.setdefault(role(variable.name), name)
    shown.pop("neck", None)
    return " and ".join(f"'{name}'" for name in shown.values())
