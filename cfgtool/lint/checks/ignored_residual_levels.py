"""Levels or a depth for a ResNet pyramid of SSD, whose TF2 form has others.

## Why it is bad

The TF2 extractor takes the message and does not hand it on: its pyramid has the levels 3 to 7 and 256
channels, whatever 'fpn' says. Nothing stops as long as the anchors are for these levels, and small objects
that a level 2 was meant for are looked for on level 3.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_resnet50_v1_fpn_keras"
          fpn {
            min_level: 3
            max_level: 7
            additional_layer_depth: 128
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_resnet50_v1_fpn_keras"
          fpn {
            min_level: 3
            max_level: 7
          }
        }
      }
    }

## Fix safety

Safe: the network stays as it is trained today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks.anchor_layers import FIXED_PYRAMIDS
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

FIXED = {"min_level": 3, "max_level": 7, "additional_layer_depth": 256}
"""What the pyramid has."""

RULE = Rule(
    code="CFG233",
    name="ignored-residual-pyramid-level",
    severity="warning",
    summary="Finds levels and depths of a ResNet pyramid of SSD that TF2 builds otherwise",
    on=tuple(f"FeaturePyramidNetworks.{name}" for name in FIXED),
    generations=("tf2",),
    fix="safe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare what is written with what is built."""
    extractor = config.parent
    if extractor is None or extractor.type.name != "SsdFeatureExtractor":
        return
    type_ = extractor.text("type")
    if type_ not in FIXED_PYRAMIDS:
        return
    for name, built in FIXED.items():
        entry = config.entry(name)
        if entry is not None and config.integer(name) != built:
            yield RULE.finding(
                entry,
                f"'{name}' has no effect on '{type_}' in TF2; its pyramid has {built}, whatever is written",
                fix=context.fix(f"remove '{name}'", "safe", [context.delete(entry)]),
            )
