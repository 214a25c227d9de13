"""Weights of keypoints that are not one for each keypoint.

## Why it is bad

The weights are multiplied with the keypoints of every object. With another number of them the input
pipeline stops with shapes that cannot be broadcast.

## Example

    train_input_reader {
      num_keypoints: 3
      keypoint_type_weight: [1.0, 0.5]
      tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" }
    }

## Use instead

    train_input_reader {
      num_keypoints: 3
      keypoint_type_weight: [1.0, 0.5, 0.5]
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
    code="CFG368",
    name="keypoint-weights-off-count",
    severity="error",
    summary="Finds weights of keypoints that are not as many as the keypoints",
    on=("InputReader.keypoint_type_weight",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Count the weights."""
    weights, keypoints = len(config.numbers("keypoint_type_weight")), config.integer("num_keypoints")
    if weights not in (0, keypoints):
        place = config.entries("keypoint_type_weight")[0]
        message = f"'keypoint_type_weight' has {weights} values and 'num_keypoints' is {keypoints}"
        yield RULE.finding(place, f"{message}; write one for each keypoint")
