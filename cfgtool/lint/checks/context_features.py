"""A model and its readers that disagree about context features.

## Why it is bad

Context R-CNN looks at features of other images, which the records hold and the readers load on demand. A
model that wants them and does not get them stops at its side inputs; a reader that loads them for a model
without 'context_config' stops when it pads them.

## Example

    model {
      faster_rcnn {
        context_config { max_num_context_features: 500 }
      }
    }
    train_input_reader {
      tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" }
    }

## Use instead

    model {
      faster_rcnn {
        context_config { max_num_context_features: 500 }
      }
    }
    train_input_reader {
      load_context_features: true
      tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" }
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
    code="CFG374",
    name="context-features-off-model",
    severity="error",
    summary="Finds context features that are wanted and not read, or read and not wanted",
    on=("FasterRcnn.context_config", "InputReader.load_context_features"),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """From the model look at the readers, from a reader at the model."""
    if config.type.name == "InputReader":
        model = config.root.message("model")
        kind = model.which("model")
        wanted = kind == "faster_rcnn" and model.message(kind).has("context_config")
        entry = config.entry("load_context_features")
        if kind is not None and entry is not None and entry.value and not wanted:
            message = "'load_context_features' is refused for a model without 'context_config'; write false"
            yield RULE.finding(entry, message)
        return
    for name in ("train_input_reader", "eval_input_reader"):
        for entry in config.root.entries(name):
            reader: Config | None = entry.value
            if reader is not None and not reader.flag("load_context_features"):
                message = f"'context_config' needs 'load_context_features: true' in '{name}'"
                yield RULE.finding(reader.entry("load_context_features") or reader, message)
