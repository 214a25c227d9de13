"""Settings of DeepMAC that do not go together.

## Why it is bad

The constructor stops with a ValueError: for masks in full resolution whose boxes are jittered, for a number
of masks to sample, for an unknown mask network, and for a mask head without weights of its own
("embedding_projection", "cond_inst1") that is fed more than it can take.

## Example

    model {
      center_net {
        deepmac_mask_estimation {
          classification_loss { weighted_sigmoid { } }
          network_type: "hourglass64"
        }
      }
    }

## Use instead

    model {
      center_net {
        deepmac_mask_estimation {
          classification_loss { weighted_sigmoid { } }
          network_type: "hourglass52"
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
    code="CFG373",
    name="deepmac-setting-refused",
    severity="error",
    summary="Finds settings of DeepMAC that its constructor refuses",
    on=("CenterNet.DeepMACMaskEstimation",),
)

NETWORKS = (
    "embedding_projection",
    "fully_connected",
    "hourglass10",
    "hourglass20",
    "hourglass20_no_shortcut",
    "hourglass20_uniform_size",
    "hourglass32",
    "hourglass52",
    "hourglass100",
    "resnet4",
    "resnet8",
    "resnet12",
    "resnet16",
    "resnet20",
)
"""Mask networks by name; besides them, "cond_inst" with a depth."""


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """One finding for each setting in the way."""
    if config.flag("predict_full_resolution_masks") and config.number("max_roi_jitter_ratio") > 0:
        message = "'max_roi_jitter_ratio' cannot jitter masks in full resolution; write 0.0"
        yield RULE.finding(config.entry("max_roi_jitter_ratio") or config, message)
    samples = config.integer("mask_num_subsamples")
    if samples > 0:
        message = f"'mask_num_subsamples: {samples}' is refused; -1 takes all masks"
        yield RULE.finding(config.entry("mask_num_subsamples") or config, message)
    network = config.text("network_type")
    weightless = network == "embedding_projection" or network.startswith("cond_inst")
    if not weightless and network not in NETWORKS:
        from cfgtool.schema.nearest import nearest

        near = nearest(network, NETWORKS)
        hint = f"did you mean '{near}'" if near else "'hourglass52' is the default"
        message = f"'network_type' of '{network}' is not known; {hint}"
        yield RULE.finding(config.entry("network_type") or config, message)
    if weightless:
        yield from _fed_too_much(config, network)


def _fed_too_much(config: Config, network: str) -> Iterator[Finding]:
    """What a mask head without weights of its own cannot take."""
    flags = ["use_instance_embedding"]
    if network == "embedding_projection":
        flags.append("use_xy")
        dim, pixels = config.integer("dim"), config.integer("pixel_embedding_dim")
        if dim != pixels:
            place = config.entry("pixel_embedding_dim") or config.entry("dim") or config
            message = f"'{network}' needs equal sizes, and 'dim' is {dim}, 'pixel_embedding_dim' {pixels}"
            yield RULE.finding(place, message)
    for flag in flags:
        if config.flag(flag):
            entry = config.entry(flag)
            default = "" if entry else " (the default)"
            message = f"'{flag}: true'{default} is refused by '{network}'; write '{flag}: false'"
            yield RULE.finding(entry or config, message)
