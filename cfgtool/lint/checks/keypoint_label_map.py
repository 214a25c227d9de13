"""A keypoint task that its label map does not support.

## Why it is bad

The model looks the class of each task up in the keypoint label map, and the ids of its keypoints are places in what the
readers load. A class that is not there, or has no keypoints, is a bare KeyError; an id that another task has too, or that
is beyond 'num_keypoints', stops the builder or the input pipeline.

## Example

    model {
      center_net {
        keypoint_label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
        keypoint_estimation_task {
          task_name: "pose"
          keypoint_class_name: "circle"
          loss {
            localization_loss { l1_localization_loss { } }
            classification_loss { penalty_reduced_logistic_focal_loss { } }
          }
        }
      }
    }

## Use instead

    model {
      center_net {
        keypoint_label_map_path: "fixtures/lint/keypoints_label_map.pbtxt"
        keypoint_estimation_task {
          task_name: "pose"
          keypoint_class_name: "arrow"
          loss {
            localization_loss { l1_localization_loss { } }
            classification_loss { penalty_reduced_logistic_focal_loss { } }
          }
        }
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._paths import is_local
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.data.label_map import LabelMapItem
    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG531",
    name="keypoint-task-off-label-map",
    severity="error",
    summary="Finds a keypoint task whose class or keypoints are not in the keypoint label map",
    on=("CenterNet.keypoint_estimation_task",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Read the map, if it is there, and look up every task."""
    name = config.text("keypoint_label_map_path")
    if not name:
        entry = config.entry("keypoint_label_map_path") or config.entry("keypoint_estimation_task")
        yield RULE.finding(
            entry or config, "a keypoint task needs a 'keypoint_label_map_path', and there is none"
        )
        return
    if not is_local(name) or context.locate(name) is None:
        context.note(f"keypoint tasks not checked: there is no '{name}' on this machine")
        return
    labels = context.label_map(name)
    if labels is None:
        return
    items = {item.name: item for item in labels.items if item.keypoints}
    taken: dict[int, str] = {}
    for task in config.messages("keypoint_estimation_task"):
        wanted, place = task.text("keypoint_class_name"), task.entry("keypoint_class_name") or task
        if wanted not in items:
            known = ", ".join(f"'{title}'" for title in sorted(items)[:6]) or "none"
            yield RULE.finding(
                place, f"'{name}' has no keypoints for '{wanted}'; classes with keypoints: {known}"
            )
            continue
        if wanted in taken.values():
            continue  # a second task for one class is another flaw
        item = items[wanted]
        shared = sorted(number for number in set(item.keypoints) if number in taken)
        if shared:
            message = f"keypoint id '{shared[0]}' of '{wanted}' belongs to '{taken[shared[0]]}' already"
            yield RULE.finding(place, f"{message}; ids count through all classes")
        taken.update(dict.fromkeys(item.keypoints, wanted))
        yield from _beyond_readers(config.root, item)


def _beyond_readers(root: Config, item: LabelMapItem) -> Iterator[Finding]:
    """Readers that load fewer keypoints than the ids of the task reach."""
    last = max(item.keypoints)
    for name in ("train_input_reader", "eval_input_reader"):
        for entry in root.entries(name):
            count = entry.value.entry("num_keypoints") if entry.value is not None else None
            if count is not None and 0 < count.value <= last:
                message = (
                    f"'num_keypoints: {count.value}' is too few for '{item.name}', whose ids reach {last}"
                )
                yield RULE.finding(count, f"{message}; write {last + 1}")
