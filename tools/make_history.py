"""Condense a dated history of the schema into `cfgtool/schema/data/history.json`.

    python -m tools.make_history schema_history.json

The input lists every field and enum value since 2017 with `first_seen`, `gone_since` and `changes`. What
took the place of a field that is gone is in the table below; the schema cannot know it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "cfgtool" / "schema" / "data" / "history.json"

INSTEAD = {
    "CalibrationConfig.label_function_approximations": (
        "write class_id_function_approximations, with class ids for keys instead of names"
    ),
    "CalibrationConfig.label_sigmoid_calibrations": (
        "write class_id_sigmoid_calibrations, with class ids for keys instead of names"
    ),
    "CenterNet.occupancy_net_mask_prediction": "nothing took its place, delete it",
    "ConvolutionalBoxPredictor.mask_head": "write mask_head_config in 'ssd'",
    "WeightSharedConvolutionalBoxPredictor.mask_head": "write mask_head_config in 'ssd'",
    "FasterRcnn.first_stage_only": "for true write number_of_stages: 1",
    "InputReader.prefetch_buffer_size": "write num_prefetch_batches",
    "SSDRandomCropPadFixedAspectRatioOperation.max_padded_size_ratio": "write it beside operations",
    "SSDRandomCropPadFixedAspectRatioOperation.min_padded_size_ratio": "write it beside operations",
    "Ssd.desired_negative_sampling_ratio": "write loss.desired_negative_sampling_ratio",
    "Ssd.min_num_negative_samples": "write loss.min_num_negative_samples",
    "Ssd.minimum_negative_sampling": "write loss.min_num_negative_samples",
    "Ssd.use_expected_classification_loss_under_sampling": (
        "for true write loss.expected_loss_weights: EXPECTED_SAMPLING"
    ),
    "Ssd.weight_regression_loss_by_score": "nothing took its place, delete it",
    "SsdFeatureExtractor.batch_norm_trainable": "delete it; nearest to false is ssd.freeze_batchnorm: true",
}
"""Field that is gone -> what to do now."""


def condense(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The content of `history.json`: `removed`, `since` and `changes`, each keyed by `Message.field`."""
    removed: dict[str, list[str]] = {}
    since: dict[str, str] = {}
    changes: dict[str, list[list[str]]] = {}
    for row in rows:
        name = row["name"]
        if "gone_since" in row:
            removed[name] = [row["first_seen"], row["gone_since"], instead(name, row)]
            continue
        if not row["first_seen"].endswith("earlier"):
            since[name] = row["first_seen"]
        if "changes" in row:
            changes[name] = [[c["date"], c["what"], str(c["from"]), str(c["to"])] for c in row["changes"]]
    return {"removed": removed, "since": since, "changes": changes}


def instead(name: str, row: dict[str, Any]) -> str:
    """What to write instead of a field that is gone."""
    if name in INSTEAD:
        return INSTEAD[name]
    if "number_now_used_by" in row:
        return f"it is called {row['number_now_used_by'][0]} now"
    return "the message is gone with it, delete it"


def main() -> int:
    """Read the history named on the command line, write the artefact."""
    rows = json.loads(Path(sys.argv[1]).read_text())["rows"]
    TARGET.write_text(json.dumps(condense(rows), indent=0, separators=(",", ":")) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
