"""Some paths relative, others absolute.

## Why it is bad

Relative paths start at the folder where training is started, absolute ones are of one machine. A config
with both works in one shell of one machine only.

## Example

    train_input_reader {
      label_map_path: "/data/map.pbtxt"
      tf_record_input_reader {
        input_path: "data/train.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "data/map.pbtxt"
      tf_record_input_reader {
        input_path: "data/train.record"
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.context import is_placeholder
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config, Entry

RULE = Rule(
    code="CFG522",
    name="mixed-path-kinds",
    severity="info",
    summary="Finds relative and absolute paths in one config",
    on=("TrainEvalPipelineConfig.train_input_reader",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the paths of the start checkpoint and of all readers with the first one."""
    first: Entry | None = None
    for entry in _paths(config):
        if first is None:
            first = entry
        elif _absolute(entry.value) != _absolute(first.value):
            kinds = ("absolute", "relative") if _absolute(entry.value) else ("relative", "absolute")
            message = (
                f"path '{entry.value}' is {kinds[0]}, '{first.value}' is {kinds[1]}; one kind works in more "
                "places"
            )
            yield RULE.finding(entry, message)
            return


def _paths(config: Config) -> Iterator[Entry]:
    train = config.message("train_config")
    found = [train.entry("fine_tune_checkpoint")]
    for reader in (config.message("train_input_reader"), *config.messages("eval_input_reader")):
        if reader is not None:
            found.append(reader.entry("label_map_path"))
            found += reader.message("tf_record_input_reader").entries("input_path")
    for entry in found:
        if entry is not None and isinstance(entry.value, str) and not is_placeholder(entry.value):
            yield entry


def _absolute(path: str) -> bool:
    return path.startswith(("/", "\\")) or path[1:2] == ":" or "://" in path
