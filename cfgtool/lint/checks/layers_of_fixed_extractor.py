"""A number of layers that cannot be chosen.

## Why it is bad

Only the plain MobileNets V1 and V2 take `num_layers`. All other TF2 types stop with a TypeError, even where
the number is the default.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
          num_layers: 6
        }
      }
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
        }
      }
    }

## Fix safety

Safe: the number was never used, the type decides.
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
    code="CFG351",
    name="layers-of-fixed-extractor",
    severity="error",
    summary="Finds a number of layers given to an extractor that does not take one",
    on=("SsdFeatureExtractor.num_layers",),
    generations=("tf2",),
    fix="safe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the type beside the number."""
    entry, type_ = config.entry("num_layers"), config.text("type")
    if (
        entry is None
        or not type_.endswith("_keras")
        or type_ in ("ssd_mobilenet_v1_keras", "ssd_mobilenet_v2_keras")
    ):
        return
    fix = context.fix("remove 'num_layers'", "safe", [context.delete(entry)])
    yield RULE.finding(entry, f"'num_layers' is refused by '{type_}', even at its default of 6", fix=fix)
