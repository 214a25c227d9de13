"""An image size that does not fit the feature pyramid.

## Why it is bad

On its way down a pyramid doubles each map and adds it to the next finer one. Where a side of the image is
not a multiple of the coarsest stride, the two differ by a pixel and the first step stops with incompatible
shapes. FPN adds up to level 5 (multiples of 32), the BiFPN of EfficientDet up to its highest level (128 for
level 7). `pad_to_multiple` in the extractor pads the image instead.

## Example

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
        }
      }
    }

## Use instead

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 320
            width: 320
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
        }
      }
    }

## Fix safety

Unsafe: images are padded, and anchors are laid over the padding too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule
from cfgtool.networks.image_size import static_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG343",
    name="unaligned-pyramid-size",
    severity="error",
    summary="Finds an image size that a feature pyramid cannot halve often enough",
    on=("Ssd.feature_extractor",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Divide the sides of the image by the coarsest stride that takes part in an addition."""
    extractor = config.message("feature_extractor")
    multiple = _multiple(extractor)
    padded = extractor.integer("pad_to_multiple")
    if multiple is None or (padded > 0 and padded % multiple == 0):
        return
    resizer = config.message("image_resizer")
    size = static_size(resizer)
    kind = resizer.which("image_resizer_oneof")
    entry = resizer.entry(kind) if kind else None
    if entry is None:
        return
    type_ = extractor.text("type")
    if size is not None:
        wrong = [side for side in dict.fromkeys(size) if side % multiple]
        if wrong:
            up = " and ".join(str(-(-side // multiple) * multiple) for side in wrong)
            shown = " and ".join(f"'{side}'" for side in wrong)
            message = f"image side {shown} is no multiple of {multiple}, which '{type_}' needs; {up} would be"
            yield RULE.finding(entry, message, fix=_padding(context, extractor, multiple))
    elif kind == "keep_aspect_ratio_resizer":
        message = (
            f"'{type_}' needs image sides that are multiples of {multiple}, which this resizer does not "
            "promise"
        )
        message = f"{message}; 'pad_to_multiple: {multiple}' in the extractor does"
        yield RULE.finding(entry, message, fix=_padding(context, extractor, multiple), severity="warning")


def _padding(context: Context, extractor: Config, multiple: int) -> Fix | None:
    """The fix that pads images in the extractor."""
    old = extractor.entry("pad_to_multiple")
    if old is None:
        return context.insert_fix(extractor, f"pad_to_multiple: {multiple}", "unsafe")
    return context.fix(f"write {multiple}", "unsafe", [context.replace(old, str(multiple))])


def _multiple(extractor: Config) -> int | None:
    """What the sides of an image must be multiples of; None for networks without a pyramid."""
    type_ = extractor.text("type")
    if "_bifpn" in type_:
        return 1 << min(max(extractor.message("bifpn").integer("max_level"), 0), 12)
    if "_fpn" in type_ and "mnasfpn" not in type_:
        return 1 << min(max(extractor.message("fpn").integer("max_level"), 0), 5)
    return None
