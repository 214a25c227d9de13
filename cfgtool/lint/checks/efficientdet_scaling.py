"""An EfficientDet that is to be scaled like a MobileNet.

## Why it is bad

The types b0 to b7 are the sizes of EfficientDet. It refuses `depth_multiplier` other than 1,
`use_depthwise` and `use_explicit_padding` when it is built.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_efficientnet-b1_bifpn_keras"
          depth_multiplier: 0.5
        }
      }
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_efficientnet-b0_bifpn_keras"
        }
      }
    }

## Fix safety

Unsafe: the type may be what is wrong.
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
    code="CFG353",
    name="scaled-efficientdet",
    severity="error",
    summary="Finds settings that make an EfficientDet something else, which it refuses",
    on=("SsdFeatureExtractor",),
    generations=("tf2",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the three settings."""
    if "_bifpn" not in config.text("type"):
        return
    for name, good in (("depth_multiplier", 1.0), ("use_depthwise", False), ("use_explicit_padding", False)):
        entry = config.entry(name)
        if entry is not None and entry.value != good:
            message = f"'{name}' is refused by EfficientDet; its sizes are the types b0 to b7"
            fix = context.fix(f"remove '{name}'", "unsafe", [context.delete(entry)])
            yield RULE.finding(entry, message, fix=fix)
