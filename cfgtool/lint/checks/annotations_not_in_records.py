"""Masks, keypoints or other annotations that are loaded and are not there.

## Why it is bad

Training stops with an assertion about shapes, or with groundtruth that was not provided. The records were
written without masks (the tools want a switch for them), with another number of keypoints, or without the track
ids, DensePose points or context features that the reader asks for.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      load_instance_masks: true
      mask_type: PNG_MASKS
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._records import READER, told
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG592",
    name="annotations-not-in-records",
    severity="error",
    summary="Finds readers that load masks, keypoints and the like which the records do not hold",
    on=READER,
    needs="records",
)

PROBLEMS = (
    "masks-missing",
    "mask-count-differs",
    "keypoints-missing",
    "keypoint-count-differs",
    "keypoint-depths-differ",
    "densepose-differs",
    "densepose-part",
    "track-ids-differ",
    "context-features-differ",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count them against the boxes."""
    yield from told(RULE, PROBLEMS, context, config)
