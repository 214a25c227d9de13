"""Detection metrics under the OD API's names."""

from __future__ import annotations

from cfgtool.training.evaluation.metrics.coco import MAIN_METRIC, NAMES, CocoMetrics, Curves
from cfgtool.training.evaluation.metrics.image import ImageResult
from cfgtool.training.evaluation.metrics.problems import label_problems, metric_problems
from cfgtool.training.evaluation.metrics.sets import Metric, chosen_metrics
from cfgtool.training.evaluation.metrics.voc import VocMetrics

__all__ = [
    "MAIN_METRIC",
    "NAMES",
    "CocoMetrics",
    "Curves",
    "ImageResult",
    "Metric",
    "VocMetrics",
    "chosen_metrics",
    "label_problems",
    "metric_problems",
]
