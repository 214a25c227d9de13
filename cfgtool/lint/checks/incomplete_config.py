"""A config that lacks a part which training cannot do without.

## Why it is bad

Each of these parts is built before the first step, and the error of a part that is not there names the part
of the library that wanted it, not the place in the config. Only whole configs are judged: those with a
model, a train_config and a train_input_reader.

## Example

    model {
      center_net {
        num_classes: 3
        feature_extractor {
          type: "resnet_v2_50"
        }
        object_center_params {
        }
      }
    }
    train_config {
      optimizer {
        adam_optimizer {
        }
      }
    }
    train_input_reader {
      tf_record_input_reader {
        input_path: "train.record"
      }
    }

## Use instead

    model {
      center_net {
        num_classes: 3
        feature_extractor {
          type: "resnet_v2_50"
        }
        image_resizer {
          fixed_shape_resizer {
            height: 512
            width: 512
          }
        }
        object_center_params {
        }
      }
    }
    train_config {
      optimizer {
        adam_optimizer {
        }
      }
    }
    train_input_reader {
      tf_record_input_reader {
        input_path: "train.record"
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG330",
    name="incomplete-config",
    severity="error",
    summary="Finds parts that every training needs and a config leaves out",
    on=("TrainEvalPipelineConfig.train_input_reader",),
)


PARTS = {
    "ssd": (
        "num_classes",
        "image_resizer",
        "feature_extractor",
        "box_coder",
        "matcher",
        "similarity_calculator",
        "anchor_generator",
        "box_predictor",
        "loss",
    ),
    "faster_rcnn": ("num_classes", "image_resizer", "feature_extractor", "first_stage_anchor_generator"),
    "center_net": ("num_classes", "image_resizer", "feature_extractor"),
}
"""Meta-architecture -> what it cannot be built without."""


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look for the parts of the model, the optimizer and the records."""
    if not (config.has("model") and config.has("train_config")):
        return
    model = config.message("model")
    kind = model.which("model")
    if kind is None:
        yield RULE.finding(
            model, "'model' holds no architecture; 'ssd', 'faster_rcnn' and 'center_net' exist"
        )
    elif kind in PARTS:
        architecture = model.message(kind)
        # A model that only proposes boxes has no classes.
        classless = kind == "faster_rcnn" and architecture.integer("number_of_stages") == 1
        yield from _lacks(architecture, PARTS[kind][classless:])
    yield from _lacks(config.message("train_config"), ("optimizer",))
    for name in ("train_input_reader", "eval_input_reader"):
        for entry in config.entries(name):
            if entry.value is not None and entry.value.which("input_reader") is None:
                yield from _lacks(entry.value, ("tf_record_input_reader",))


def _lacks(part: Config, names: Iterable[str]) -> Iterator[Finding]:
    missing = [name for name in names if not part.has(name)]
    if missing and part.block is not None:
        shown = ", ".join(f"'{name}'" for name in missing)
        yield RULE.finding(part, f"'{part.path}' leaves out {shown}, without which nothing can be built")
