"""Anchors for other feature maps than there are.

## Why it is bad

Every feature map needs its anchors. With another number of maps the model cannot be built ("Number of
feature maps is expected to equal the length of `num_anchors_per_location`"); with the same number of other
levels the anchors have sizes that do not go with their maps.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
          fpn {
            min_level: 3
            max_level: 7
          }
        }
        anchor_generator {
          multiscale_anchor_generator {
            min_level: 3
            max_level: 6
            aspect_ratios: [1.0, 2.0, 0.5]
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
            max_level: 7
          }
        }
        anchor_generator {
          multiscale_anchor_generator {
            min_level: 3
            max_level: 7
            aspect_ratios: [1.0, 2.0, 0.5]
          }
        }
      }
    }

## Fix safety

Unsafe: the levels of the extractor may be what is wrong. Offered for pyramids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG345",
    name="anchor-layers-off-feature-maps",
    severity="error",
    summary="Finds anchors for another number of feature maps than the extractor yields",
    on=("Ssd.anchor_generator",),
    fix="unsafe",
)


SIX_MAPS = (
    "ssd_mobilenet_v1",
    "ssd_mobilenet_v2",
    "ssd_mobilenet_v1_keras",
    "ssd_mobilenet_v2_keras",
    "ssd_mobilenet_v3_large",
    "ssd_mobilenet_v3_small",
    "ssd_mobilenet_edgetpu",
    "ssd_mobiledet_cpu",
    "ssd_mobiledet_dsp",
    "ssd_mobiledet_edgetpu",
    "ssd_mobiledet_gpu",
    "ssd_inception_v2",
    "ssd_inception_v3",
)
"""Extractors with a feature map per layer: `num_layers` of them, 6 unless set."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare what the extractor yields with what the generator is made for."""
    generator = config.message("anchor_generator")
    kind = generator.which("anchor_generator_oneof")
    extractor = config.message("feature_extractor")
    levels, maps = _maps(extractor)
    entry = generator.entry(kind) if kind else None
    if entry is None or maps is None:
        return
    type_, anchors = extractor.text("type"), generator.message(str(kind))
    yields = f"'{type_}' yields {maps} feature maps" + (
        f" (levels {levels[0]} to {levels[1]})" if levels else ""
    )
    if kind == "ssd_anchor_generator":
        layers = len(anchors.numbers("scales")) or anchors.integer("num_layers")
        if layers != maps:
            place = anchors.entry("num_layers") or entry
            yield RULE.finding(place, f"anchors are for {layers} feature maps, and {yields}")
    elif kind == "multiscale_anchor_generator":
        low, high = anchors.integer("min_level"), anchors.integer("max_level")
        if high - low + 1 != maps or (levels and (low, high) != levels):
            place = anchors.entry("min_level" if levels and high == levels[1] else "max_level") or entry
            fix = _copied(context, anchors, levels) if levels else None
            yield RULE.finding(place, f"anchors are for levels {low} to {high}, and {yields}", fix=fix)
    elif kind == "grid_anchor_generator" and maps != 1:
        yield RULE.finding(entry, f"'{kind}' makes anchors for one feature map, and {yields}")


def _copied(context: Context, anchors: Config, levels: tuple[int, int]) -> Fix | None:
    """The fix that gives the anchors the levels of the extractor."""
    edits, unset = [], []
    for name, level in zip(("min_level", "max_level"), levels, strict=True):
        old = anchors.entry(name)
        if old is not None:
            edits.append(context.replace(old, str(level)))
        elif anchors.integer(name) != level:
            unset.append(f"{name}: {level}")
    added = [context.insert(anchors, " ".join(unset), before=anchors.entry("max_level"))] if unset else []
    return context.fix("copy the levels of the extractor", "unsafe", [*edits, *added])


FIXED_PYRAMIDS = tuple(f"ssd_resnet{layers}_v1_fpn_keras" for layers in (50, 101, 152))
"""Extractors with the levels 3 to 7, whatever `fpn` says: the TF2 classes take the message and do not hand it on."""


def _maps(extractor: Config) -> tuple[tuple[int, int] | None, int | None]:
    """(levels, number of maps) that the extractor yields; None where it is not known."""
    type_ = extractor.text("type")
    if type_ in SIX_MAPS:
        return None, extractor.integer("num_layers")
    if type_ == "embedded_ssd_mobilenet_v1":
        return None, 5
    if type_.endswith("_ppn"):
        return None, 6
    if type_ in FIXED_PYRAMIDS:
        return (3, 7), 5
    name = "bifpn" if "_bifpn" in type_ else "fpn" if "_fpn" in type_ and "mnasfpn" not in type_ else ""
    if not name:
        return None, None
    pyramid = extractor.message(name)
    low, high = pyramid.integer("min_level"), pyramid.integer("max_level")
    return (low, high), max(high - low + 1, 0)
