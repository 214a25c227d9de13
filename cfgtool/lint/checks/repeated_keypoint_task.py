"""Two keypoint tasks of CenterNet under one name, or for one class.

## Why it is bad

Tasks are kept by name: of two with one name the first is lost without a message. Names left out are equal
too. Two tasks for one class stop the builder.

## Example

    model {
      center_net {
        keypoint_estimation_task {
          task_name: "pose"
          keypoint_class_name: "person"
          loss {
            localization_loss { l1_localization_loss { } }
            classification_loss { penalty_reduced_logistic_focal_loss { } }
          }
        }
        keypoint_estimation_task {
          task_name: "pose"
          keypoint_class_name: "dog"
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
        keypoint_estimation_task {
          task_name: "pose of persons"
          keypoint_class_name: "person"
          loss {
            localization_loss { l1_localization_loss { } }
            classification_loss { penalty_reduced_logistic_focal_loss { } }
          }
        }
        keypoint_estimation_task {
          task_name: "pose of dogs"
          keypoint_class_name: "dog"
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

from cfgtool.lint.rules import Rule, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG369",
    name="repeated-keypoint-task",
    severity="error",
    summary="Finds two keypoint tasks of CenterNet that share a name or a class",
    on=("CenterNet.keypoint_estimation_task",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare each task with those before it."""
    earlier: dict[tuple[str, str], int] = {}
    for task in config.messages("keypoint_estimation_task"):
        for field in ("task_name", "keypoint_class_name"):
            name, entry = task.text(field), task.entry(field)
            if field == "keypoint_class_name" and entry is None:
                continue  # there is no class of that name, which is another flaw
            key = (field, name)
            if key not in earlier:
                earlier[key] = context.document.position(span_of(entry or task)[0])[0]
                continue
            line = earlier[key]
            if field == "task_name":
                message = (
                    f"the task '{name}' stands at line {line} already, and that one is dropped without a word"
                )
                yield RULE.finding(entry or task, message, severity="warning")
            else:
                yield RULE.finding(
                    entry or task, f"the class '{name}' has a keypoint task at line {line} already"
                )
