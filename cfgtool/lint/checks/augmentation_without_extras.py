"""An augmentation that leaves other groundtruth behind.

## Why it is bad

The step turns or crops the image with its boxes. DensePose points, depths of keypoints and multiclass
scores are not handed to it and keep their old places or their old number.

## Example

    train_config {
      data_augmentation_options {
        random_vertical_flip {
        }
      }
    }
    train_input_reader {
      load_dense_pose: true
    }

## Use instead

    train_config {
      data_augmentation_options {
        random_horizontal_flip {
        }
      }
    }
    train_input_reader {
      load_dense_pose: true
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
    code="CFG569",
    name="augmentation-without-extras",
    severity="warning",
    summary="Finds an augmentation that leaves DensePose points, depths or multiclass scores behind",
    on=(
        "InputReader.load_dense_pose",
        "InputReader.load_keypoint_depth_features",
        "InputReader.load_multiclass_scores",
    ),
    when={"equals": [True], "within": "train_input_reader"},
)

DENSE_POSE, DEPTH, SCORES = "load_dense_pose", "load_keypoint_depth_features", "load_multiclass_scores"
LOST = {
    "random_vertical_flip": (DENSE_POSE, DEPTH),
    "random_rotation90": (DENSE_POSE, DEPTH),
    "random_square_crop_by_scale": (DENSE_POSE, SCORES),
    "random_scale_crop_and_pad_to_square": (DENSE_POSE, SCORES),
    "ssd_random_crop": (DENSE_POSE,),
    "ssd_random_crop_pad": (DENSE_POSE,),
    "ssd_random_crop_fixed_aspect_ratio": (DENSE_POSE,),
    "ssd_random_crop_pad_fixed_aspect_ratio": (DENSE_POSE,),
}
"""Step -> what the reader may load and the step does not carry."""


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare what the training reader loads with every step."""
    for step in config.root.message("train_config").messages("data_augmentation_options"):
        kind = step.which("preprocessing_step") if step is not None else None
        lost = [name for name in LOST.get(kind or "", ()) if config.flag(name)]
        entry = step.entry(kind) if kind and lost else None
        if entry is not None:
            shown = " and ".join(f"'{name}'" for name in lost)
            yield RULE.finding(entry, f"'{kind}' does not carry what {shown} loads; leave out one of them")
