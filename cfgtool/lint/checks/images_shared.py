"""Images of the training that evaluation reads too.

## Why it is bad

The metrics of such images say how well they were learnt by heart. It happens where one image was written
twice, or records were split by object instead of by image. Images are compared by their bytes, as far as
the records were read.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }
    eval_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/shared.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }
    eval_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/sound_val.record"
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._records import training_sample
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config


RULE = Rule(
    code="CFG554",
    name="images-shared-with-evaluation",
    severity="warning",
    summary="Finds images that are in the records of both training and evaluation",
    on=("TrainEvalPipelineConfig.eval_input_reader",),
    needs="records",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the images that were read; the same file in both places is another rule's matter."""
    training = training_sample(context)
    if training is None:
        return
    for reader in config.messages("eval_input_reader"):
        sample = context.records(reader) if reader is not None else None
        if sample is None or training.files.keys() & sample.files.keys():
            continue
        shared = len(training.stats.images & sample.stats.images)
        if shared:
            message = f"{shared} of {sample.what_was_read()} hold an image that is trained on as well"
            yield RULE.finding(sample.place(), message)
