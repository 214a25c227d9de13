"""An evaluation without a label map.

## Why it is bad

The TF2 evaluator of the OD API opens `label_map_path` of its reader even where the records name no classes,
and stops.

## Example

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/shapes/shapes_train.record"
      }
    }
    eval_input_reader {
      tf_record_input_reader {
        input_path: "data/val.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/shapes/shapes_train.record"
      }
    }
    eval_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/val.record"
      }
    }

## Fix safety

Unsafe: that both readers share the map is a guess.
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
    code="CFG516",
    name="evaluation-without-label-map",
    severity="error",
    summary="Finds an evaluation reader without a label map, which the OD API opens in any case",
    on=("TrainEvalPipelineConfig.eval_input_reader",),
    generations=("tf2",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at every reader that reads records; the training reader's map is what is usually meant."""
    trained = config.message("train_input_reader").text("label_map_path")
    for reader in config.messages("eval_input_reader"):
        if reader is None or reader.text("label_map_path") or not reader.has("tf_record_input_reader"):
            continue
        fix = None
        if trained and not reader.has("label_map_path"):
            quoted = trained.replace("\\", "\\\\").replace('"', '\\"')
            fix = context.insert_fix(reader, f'label_map_path: "{quoted}"', "unsafe")
        message = "'eval_input_reader' has no 'label_map_path', which the OD API opens in evaluation"
        yield RULE.finding(reader.entry("label_map_path") or reader, message, fix=fix)
