"""Which packages an evaluation needs beside TensorFlow; found without any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.schema import Config

COUNTED_HERE = frozenset(
    {
        "pascal_voc_detection_metrics",
        "weighted_pascal_voc_detection_metrics",
        "oid_V2_detection_metrics",
        "oid_challenge_detection_metrics",
        "precision_at_recall_detection_metrics",
    }
)
"""Sets of metrics that do without pycocotools."""


def needs_pycocotools(config: Config) -> bool:
    """Whether the metrics that a pipeline config asks for are counted by pycocotools."""
    eval_config = config.message("eval_config")
    sets = set(eval_config.texts("metrics_set"))
    others = eval_config.flag("eval_instance_masks") or eval_config.has("parameterized_metric")
    return others or not sets or not sets <= COUNTED_HERE
