"""A number of classes that is not the highest id of the label map.

## Why it is bad

The class head has an output for every id from 1 to num_classes. Objects of a higher id train as "something,
of no class", without a message. What counts is the highest id, not the number of items: COCO has 80 classes
and ids up to 90. Outputs without an id are never trained, and only a warning.

## Example

    model {
      ssd {
        num_classes: 2
      }
    }
    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/shapes/shapes_train.record"
      }
    }

## Use instead

    model {
      ssd {
        num_classes: 4
      }
    }
    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/shapes/shapes_train.record"
      }
    }

## Fix safety

Unsafe: the label map may be what is wrong, and the head changes its shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config, Entry

RULE = Rule(
    code="CFG510",
    name="class-count-off-label-map",
    severity="error",
    summary="Finds a number of classes that is not the highest id of the label map",
    on=("InputReader.label_map_path",),
    fix="unsafe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Read the label map of a reader, if it is there, and compare its highest id."""
    entry = config.entry("label_map_path")
    name = config.text("label_map_path")
    if entry is None or not context.looks_at(name) or context.locate(name) is None:
        return
    model = config.root.message("model")
    kind = model.which("model")
    if kind not in ("ssd", "faster_rcnn", "center_net"):
        return
    architecture = model.message(kind)
    place, classes = architecture.entry("num_classes"), architecture.integer("num_classes")
    first = next((entry for entry in _readers(config.root) if entry.value == name), None)
    if place is None or classes < 1 or first is None or first.owner is not config:
        return  # said once for each label map
    labels = context.label_map(name)
    if labels is None or labels.max_id in (0, classes):
        return
    highest = labels.max_id
    if classes < highest:
        lost = sum(number > classes for number in labels.ids)
        message = (
            f"'num_classes: {classes}' is below the highest id of '{name}': objects of {lost} ids get no "
            f"class; write {highest}"
        )
    else:
        message = f"'num_classes: {classes}' is above the highest id of '{name}', which is {highest}"
    fix = context.fix(f"write {highest}", "unsafe", [context.replace(place, str(highest))])
    yield RULE.finding(place, message, fix=fix, severity="error" if classes < highest else "warning")


def _readers(root: Config) -> Iterator[Entry]:
    """The label map paths of all readers."""
    for name in ("train_input_reader", "eval_input_reader"):
        for reader in root.entries(name):
            entry = reader.value.entry("label_map_path") if reader.value is not None else None
            if entry is not None:
                yield entry
