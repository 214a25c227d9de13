"""Keypoints that are mirrored and keep their names.

## Why it is bad

After a flip the left hand is where the right one was. Without the order in which keypoints change places
the left hand of a mirrored person is still called left, and the model learns both.

## Example

    train_config {
      data_augmentation_options {
        random_horizontal_flip {
        }
      }
    }
    train_input_reader {
      num_keypoints: 3
    }

## Use instead

    train_config {
      data_augmentation_options {
        random_horizontal_flip {
          keypoint_flip_permutation: [0, 2, 1]
        }
      }
    }
    train_input_reader {
      num_keypoints: 3
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
    code="CFG577",
    name="unpermuted-keypoints",
    severity="warning",
    summary="Finds a flip that does not say which keypoints change places",
    on=("InputReader.num_keypoints",),
    when={"above": 0, "within": "train_input_reader"},
)

PERMUTATIONS = {
    "random_horizontal_flip": "keypoint_flip_permutation",
    "random_vertical_flip": "keypoint_flip_permutation",
    "random_rotation90": "keypoint_rot_permutation",
}


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look at every flip; one keypoint has nobody to change places with."""
    count = config.integer("num_keypoints")
    for step in (
        config.root.message("train_config").messages("data_augmentation_options") if count > 1 else ()
    ):
        kind = step.which("preprocessing_step") if step is not None else None
        field = PERMUTATIONS.get(kind or "")
        flip = step.message(kind) if kind and field else None
        if flip is not None and field is not None and not flip.has(field):
            yield RULE.finding(
                flip, f"'{kind}' has no '{field}' for the {count} keypoints: left and right stay unswapped"
            )
