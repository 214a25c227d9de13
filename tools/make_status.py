"""Condense who reads which field into `cfgtool/schema/data/status.json`.

    python -m tools.make_status fields.json

The input lists the fields of the OD API's last release, each with its `status`. What to write instead of a field that
does nothing is in the table below, as far as something does what it promises.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cfgtool.schema import load

DATA = Path(__file__).resolve().parents[1] / "cfgtool" / "schema" / "data"

STATUSES = ("deprecated", "ignored_tf2", "tf1_only", "unused")
"""What is listed; a field that is not is active."""

UNRECORDED = "unrecorded"
"""Status of fields that are younger than the last release."""

LONELY = "TargetAssigner"
"""The message that no other one holds: nothing reads it."""

INSTEAD = {
    "ConvolutionalBoxPredictor.apply_sigmoid_to_scores": "post_processing.score_converter: SIGMOID",
    "EvalConfig.eval_instance_masks": 'metrics_set: "coco_mask_metrics"',
    "EvalConfig.num_examples": "eval_input_reader.sample_1_of_n_examples",
    "InputReader.num_parallel_map_calls": "num_parallel_batches",
    "InputReader.prefetch_size": "num_prefetch_batches",
    "Matcher.bipartite_matcher": "argmax_matcher",
    "TrainConfig.from_detection_checkpoint": "fine_tune_checkpoint_type",
    "TrainConfig.load_all_detection_checkpoint_vars": 'fine_tune_checkpoint_type: "full"',
    "TrainConfig.max_number_of_boxes": "train_input_reader.max_number_of_boxes",
}
"""Field -> what to write today."""


def condense(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of `status.json`: `instead`, and the names of the fields of each status."""
    renamed = _renamed()
    known = {f"{row['message']}.{row['field']}": row["status"] for row in rows}
    known = {renamed.get(name, name): status for name, status in known.items()}
    found: dict[str, list[str]] = {status: [] for status in (*STATUSES, UNRECORDED)}
    for name in _names():
        status = known.get(name, "unused" if name.startswith(f"{LONELY}.") else UNRECORDED)
        if status in found:
            found[status].append(name)
    return {"instead": INSTEAD, **found}


def _names() -> list[str]:
    """Every field of the schema, without the keys and values of maps."""
    messages = load().messages
    maps = {
        field.type for each in messages.values() for field in each.fields.values() if field.label == "map"
    }
    return [f"{name}.{field}" for name in messages if name not in maps for field in messages[name].fields]


def _renamed() -> dict[str, str]:
    """Fields that the last release calls otherwise than the schema of today."""
    removed = json.loads((DATA / "history.json").read_text())["removed"]
    marks = ("it is called ", " now")
    return {
        name: f"{name.rpartition('.')[0]}.{instead.removeprefix(marks[0]).removesuffix(marks[1])}"
        for name, (_, _, instead) in removed.items()
        if instead.startswith(marks[0])
    }


def main() -> int:
    """Read the fields named on the command line, write the artefact."""
    rows = json.loads(Path(sys.argv[1]).read_text())
    text = json.dumps(condense(rows), indent=0, separators=(",", ":"))
    (DATA / "status.json").write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
