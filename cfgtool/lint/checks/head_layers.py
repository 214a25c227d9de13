"""Layers of a CenterNet head with filters and kernels in different numbers.

## Why it is bad

The two lists describe the same layers, one value for each. With different lengths building stops with a
bare AssertionError.

## Example

    model {
      center_net {
        object_center_params {
          classification_loss { penalty_reduced_logistic_focal_loss { } }
          center_head_params { num_filters: [64, 64] kernel_sizes: [3] }
        }
      }
    }

## Use instead

    model {
      center_net {
        object_center_params {
          classification_loss { penalty_reduced_logistic_focal_loss { } }
          center_head_params { num_filters: [64, 64] kernel_sizes: [3, 3] }
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
    code="CFG365",
    name="uneven-head-layers",
    severity="error",
    summary="Finds layers of a CenterNet head that have not one kernel size for each number of filters",
    on=("CenterNet.PredictionHeadParams",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the lengths of the two lists."""
    filters, kernels = len(config.integers("num_filters")), len(config.integers("kernel_sizes"))
    if filters != kernels:
        message = (
            f"'num_filters' has {filters} values and 'kernel_sizes' {kernels}; write one of each per layer"
        )
        yield RULE.finding(config, message)
