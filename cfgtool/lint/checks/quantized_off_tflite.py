"""A quantised model that TFLite does not take.

## Why it is bad

Quantisation-aware training is for TFLite, whose exporter takes an SSD (in TF2 a CenterNet too) with a
fixed_shape_resizer and stops at others with a ValueError. With a box coder other than faster_rcnn_box_coder
it writes the scales of that one, and the boxes come out wrong.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2"
        }
        image_resizer {
          keep_aspect_ratio_resizer {
            min_dimension: 300
            max_dimension: 600
          }
        }
      }
    }
    train_config {
      num_steps: 50000
    }
    graph_rewriter {
      quantization {
        delay: 45000
      }
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2"
        }
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
          }
        }
      }
    }
    train_config {
      num_steps: 50000
    }
    graph_rewriter {
      quantization {
        delay: 45000
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
    code="CFG720",
    name="quantized-off-tflite",
    severity="info",
    summary="Finds quantisation-aware training of a model that the TFLite exporter refuses or gets wrong",
    on=("TrainEvalPipelineConfig.graph_rewriter",),
    generations=("tf1",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look at what the exporter looks at: architecture, resizer and box coder."""
    model, rewriter = config.message("model"), config.entry("graph_rewriter")
    kind = model.which("model")
    if rewriter is None or kind is None or not config.message("graph_rewriter").has("quantization"):
        return
    if kind != "ssd":
        yield RULE.finding(
            rewriter, f"quantised training is for TFLite, whose exporter refuses '{kind}'; it takes 'ssd'"
        )
        return
    resizer = model.find("ssd.image_resizer").which("image_resizer_oneof")
    if resizer not in (None, "fixed_shape_resizer"):
        message = f"quantised training is for TFLite, whose exporter refuses '{resizer}'; it takes 'fixed_shape_resizer'"
        yield RULE.finding(model.find("ssd.image_resizer").entry(str(resizer)) or rewriter, message)
    coder = model.find("ssd.box_coder").which("box_coder_oneof")
    if coder not in (None, "faster_rcnn_box_coder"):
        message = (
            f"the TFLite exporter decodes '{coder}' with the scales of another; write 'faster_rcnn_box_coder'"
        )
        yield RULE.finding(model.find("ssd.box_coder").entry(str(coder)) or rewriter, message)
