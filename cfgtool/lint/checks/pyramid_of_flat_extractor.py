"""Settings of a pyramid that the extractor does not have.

## Why it is bad

`fpn` is for types with "_fpn" in their name, `bifpn` for EfficientDet. The builder hands the levels to the
extractor, which does not know them: a TypeError about an unexpected keyword.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
          fpn {
            min_level: 3
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
          fpn {
            min_level: 3
          }
        }
      }
    }

## Fix safety

Unsafe: a type with the pyramid may be what was meant.
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
    code="CFG350",
    name="pyramid-of-flat-extractor",
    severity="error",
    summary="Finds settings of a feature pyramid in an extractor without one",
    on=(
        "SsdFeatureExtractor.fpn",
        "SsdFeatureExtractor.bifpn",
    ),
    generations=("tf2",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the block with the name of the type."""
    kind, type_ = config.which("feature_pyramid_oneof"), config.text("type")
    if kind is None or not type_.endswith("_keras") or f"_{kind}_" in type_:
        return
    entry = config.entry(kind)
    fix = context.fix(f"remove '{kind}'", "unsafe", [context.delete(entry)]) if entry else None
    yield RULE.finding(
        entry or config, f"'{kind}' is refused by '{type_}', which has no such pyramid", fix=fix
    )
