"""An evaluation that asks for what was learnt by heart.

## Why it is bad

The metrics come out excellent and say nothing about other images. It happens when a config is filled in
with one path in both places.

## Example

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/all.record"
      }
    }
    eval_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/all.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/train.record"
      }
    }
    eval_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "data/val.record"
      }
    }
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.lint.context import is_placeholder
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config, Entry

RULE = Rule(
    code="CFG514",
    name="evaluation-on-training-records",
    severity="warning",
    summary="Finds an evaluation that reads the records of training",
    on=("TrainEvalPipelineConfig.eval_input_reader",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the paths, spelled in one way; a pattern takes in the names that it matches."""
    training = {_plain(entry.value) for entry in _paths(config.message("train_input_reader"))}
    for reader in config.messages("eval_input_reader"):
        for entry in _paths(reader) if reader is not None else ():
            path = _plain(entry.value)
            found = path if path in training else next((p for p in training if _overlap(p, path)), None)
            if found is not None:
                through = "" if found == path else f" through '{found}'"
                yield RULE.finding(entry, f"evaluation reads '{entry.value}', which is trained on{through}")


def _paths(reader: Config) -> list[Entry]:
    entries = reader.message("tf_record_input_reader").entries("input_path")
    return [entry for entry in entries if isinstance(entry.value, str) and not is_placeholder(entry.value)]


def _plain(path: str) -> str:
    return os.path.normpath(path.replace("\\", "/"))


def _overlap(one: str, other: str) -> bool:
    """True if one is a pattern that matches the other, a name; `*` stays within a folder, as in the OD API."""
    for pattern, name in ((one, other), (other, one)):
        if "*" in pattern and not set("*?[") & set(name) and pattern.count("/") == name.count("/"):
            from fnmatch import fnmatchcase

            return fnmatchcase(name, pattern)
    return False
