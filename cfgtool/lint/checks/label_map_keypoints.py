"""Two keypoints of one class that share an id.

## Why it is bad

A keypoint's id is its place among the keypoints of an object. Two in one place stop the reading of the label map with a
ValueError.

## Example

    item {
      id: 1
      name: "person"
      keypoints { id: 0 label: "nose" }
      keypoints { id: 0 label: "left_eye" }
    }

## Use instead

    item {
      id: 1
      name: "person"
      keypoints { id: 0 label: "nose" }
      keypoints { id: 1 label: "left_eye" }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG532",
    name="label-map-keypoint-duplicate",
    severity="error",
    summary="Finds keypoints of a class that share an id",
    on=("StringIntLabelMapItem.keypoints",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare each keypoint of an item with those before it."""
    lines: dict[int, int] = {}
    for keypoint in config.messages("keypoints"):
        number, entry = keypoint.integer("id"), keypoint.entry("id")
        if number not in lines:
            lines[number] = context.document.position(span_of(entry or keypoint)[0])[0]
            continue
        default = "" if entry else " (the default)"
        message = f"keypoint '{keypoint.text('label')}' has the id '{number}'{default} of the one at line"
        yield RULE.finding(entry or keypoint, f"{message} {lines[number]}")
