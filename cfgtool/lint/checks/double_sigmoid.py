"""A sigmoid of a sigmoid.

## Why it is bad

The converter of the weight-shared head acts in exported models only, on top of the one in
`post_processing`: their scores lie between 0.5 and 0.73, and evaluation shows nothing of it.

## Example

    model {
      ssd {
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 64
            score_converter: SIGMOID
          }
        }
        post_processing {
          score_converter: SIGMOID
        }
      }
    }

## Use instead

    model {
      ssd {
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 64
            score_converter: IDENTITY
          }
        }
        post_processing {
          score_converter: SIGMOID
        }
      }
    }

## Fix safety

Unsafe: the scores of exported models change.
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
    code="CFG361",
    name="double-sigmoid",
    severity="warning",
    summary="Finds scores that pass a sigmoid in the head and another in the post-processing",
    on=("WeightSharedConvolutionalBoxPredictor.score_converter",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the two converters."""
    entry = config.entry("score_converter")
    model = config.parent.parent if config.parent else None
    if entry is None or entry.value != "SIGMOID" or model is None or model.type.name != "Ssd":
        return
    if model.message("post_processing").enum("score_converter") == "SIGMOID":
        fix = context.fix("write IDENTITY", "unsafe", [context.replace(entry, "IDENTITY")])
        message = (
            "'post_processing' has the converter 'SIGMOID' too: exported scores pass two; write 'IDENTITY' "
            "here"
        )
        yield RULE.finding(entry, message, fix=fix)
