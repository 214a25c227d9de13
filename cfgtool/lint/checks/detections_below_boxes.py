"""Fewer detections than an image has objects.

## Why it is bad

What lies beyond the limits of the post-processing is never found, however well the model has learnt. The
limits are 100 unless they are set; `max_detections_per_class`, `max_total_detections`, the proposals of a
first stage and the reader's `max_number_of_boxes` have to be raised together.

## Example

    model {
      ssd {
        post_processing {
          batch_non_max_suppression {
            max_detections_per_class: 100
            max_total_detections: 100
          }
        }
      }
    }
    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      max_number_of_boxes: 120
      tf_record_input_reader {
        input_path: "fixtures/records/crowded.record"
      }
    }

## Use instead

    model {
      ssd {
        post_processing {
          batch_non_max_suppression {
            max_detections_per_class: 120
            max_total_detections: 120
          }
        }
      }
    }
    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      max_number_of_boxes: 120
      tf_record_input_reader {
        input_path: "fixtures/records/crowded.record"
      }
    }

## Fix safety

Unsafe: more detections cost time, and a sample of the records may not hold the fullest image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._records import value_fix
from cfgtool.lint.rules import Rule
from cfgtool.networks.seen_boxes import detector_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config


RULE = Rule(
    code="CFG555",
    name="detections-below-boxes",
    severity="warning",
    summary="Finds limits of detections below the number of objects in an image of the records",
    on=("TrainEvalPipelineConfig.model",),
    fix="unsafe",
    needs="records",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare every limit of the detector with the fullest image."""
    from cfgtool.data.sources import readers

    detector = detector_of(config)
    samples = [sample for reader in readers(config) if (sample := context.records(reader)) is not None]
    if detector is None or not samples:
        return
    most = max(sample.stats.max_boxes for sample in samples)
    of_class = max(sample.stats.max_of_class for sample in samples)
    for owner, name in _limits(detector):
        needed = of_class if name == "max_detections_per_class" else most
        limit = owner.integer(name)
        if not 0 < limit < needed:
            continue
        fix = value_fix(context, owner, name, needed)
        what = "of one class " if name == "max_detections_per_class" else ""
        message = f"'{name}' is {limit}, and an image of the records has {needed} boxes {what}".rstrip()
        yield RULE.finding(
            owner.entry(name) or _written(owner), f"{message}; write {needed} or more", fix=fix
        )


def _limits(detector: Config) -> list[tuple[Config, str]]:
    """(message, field) of whatever bounds the detections of an image."""
    if detector.type.name == "CenterNet":
        return [(detector.message("object_center_params"), "max_box_predictions")]
    ssd = detector.type.name == "Ssd"
    processing = detector.message("post_processing" if ssd else "second_stage_post_processing")
    suppression = processing.message("batch_non_max_suppression")
    limits = [(suppression, "max_detections_per_class"), (suppression, "max_total_detections")]
    return limits if ssd else [*limits, (detector, "first_stage_max_proposals")]


def _written(config: Config) -> Config:
    """The message, or the nearest one around it that the text has."""
    while config.block is None and config.parent is not None:
        config = config.parent
    return config
