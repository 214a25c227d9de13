"""An augmentation that leaves masks or keypoints behind.

## Why it is bad

The step moves the image and its boxes. Masks and keypoints stay as they were: they belong to other boxes,
or lie somewhere else than the object, and the model learns that.

## Example

    train_config {
      data_augmentation_options {
        ssd_random_crop_pad {
        }
      }
    }
    train_input_reader {
      load_instance_masks: true
    }

## Use instead

    train_config {
      data_augmentation_options {
        ssd_random_crop {
        }
      }
    }
    train_input_reader {
      load_instance_masks: true
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
    code="CFG568",
    name="augmentation-without-masks",
    severity="error",
    summary="Finds an augmentation that moves boxes and leaves their masks or keypoints behind",
    on=(
        "PreprocessingStep.random_crop_pad_image",
        "PreprocessingStep.ssd_random_crop_pad",
        "PreprocessingStep.random_self_concat_image",
        "PreprocessingStep.autoaugment_image",
        "PreprocessingStep.random_resize_method",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the step with what the training reader loads."""
    kind = config.which("preprocessing_step")
    entry = config.entry(kind) if kind else None
    if entry is None or f"PreprocessingStep.{kind}" not in RULE.on:
        return
    reader = config.root.message("train_input_reader")
    masks, keypoints = reader.flag("load_instance_masks"), reader.integer("num_keypoints") > 0
    if kind == "random_resize_method":
        if masks:
            message = (
                f"'{kind}' leaves the masks at their old size; load no masks, or use 'random_image_scale'"
            )
            yield RULE.finding(entry, message, severity="warning")
    elif masks or keypoints:
        what = " and ".join(name for name, loaded in (("masks", masks), ("keypoints", keypoints)) if loaded)
        message = f"'{kind}' leaves {what} behind, which 'train_input_reader' loads"
        yield RULE.finding(entry, f"{message}; 'random_crop_image' and 'random_image_scale' carry them along")
