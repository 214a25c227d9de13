"""A task of CenterNet whose annotations are not read.

## Why it is bad

Each task learns from annotations that the readers load only on demand. Without them the first loss stops
with "Groundtruth tensor ... has not been provided", after the input pipeline and the model are built.

## Example

    model {
      center_net {
        mask_estimation_task {
          classification_loss { weighted_softmax { } }
        }
      }
    }
    train_input_reader {
      tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" }
    }

## Use instead

    model {
      center_net {
        mask_estimation_task {
          classification_loss { weighted_softmax { } }
        }
      }
    }
    train_input_reader {
      load_instance_masks: true
      tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" }
    }

## Fix safety

Unsafe: whether the records hold the annotations is not known. For keypoints there is no fix, their number
is needed.
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
    code="CFG367",
    name="task-without-groundtruth",
    severity="error",
    summary="Finds a task of CenterNet with a reader that does not load what it learns from",
    on=(
        "CenterNet.keypoint_estimation_task",
        "CenterNet.mask_estimation_task",
        "CenterNet.densepose_estimation_task",
        "CenterNet.track_estimation_task",
    ),
    fix="unsafe",
)

FLAGS = {
    "mask_estimation_task": "load_instance_masks",
    "densepose_estimation_task": "load_dense_pose",
    "track_estimation_task": "load_track_id",
}
"""Task -> the switch of the readers that loads its annotations."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at every reader; tasks that DeepMAC drops need nothing."""
    if config.has("deepmac_mask_estimation"):
        return
    root = config.root
    for name in ("train_input_reader", "eval_input_reader"):
        for entry in root.entries(name):
            reader: Config | None = entry.value
            if reader is None:
                continue
            if config.has("keypoint_estimation_task") and reader.integer("num_keypoints") == 0:
                message = f"the model learns keypoints, and '{name}' reads none; set 'num_keypoints'"
                yield RULE.finding(reader.entry("num_keypoints") or reader, message)
            for task, flag in FLAGS.items():
                if config.has(task) and not reader.flag(flag):
                    yield _unread(context, reader, task, flag)


def _unread(context: Context, reader: Config, task: str, flag: str) -> Finding:
    """The finding about a reader whose 'flag' is off."""
    old, line = reader.entry(flag), f"{flag}: true"
    fix = context.insert_fix(reader, line, "unsafe")
    if old is not None:
        fix = context.fix("write true", "unsafe", [context.replace(old, "true")])
    message = f"'{task}' learns from what '{reader.path}' does not read; write '{line}'"
    return RULE.finding(old or reader, message, fix=fix)
