"""Detection metrics under the OD API's names."""

from __future__ import annotations

from cfgtool.training.run.metrics.coco import MAIN_METRIC, NAMES, CocoMetrics, Curves
from cfgtool.training.run.metrics.image import ImageResult
from cfgtool.training.run.metrics.sets import Metric, chosen_metrics, metric_problems
from cfgtool.training.run.metrics.voc import VocMetrics

__all__ = [
    "MAIN_METRIC",
    "NAMES",
    "CocoMetrics",
    "Curves",
    "ImageResult",
    "Metric",
    "VocMetrics",
    "chosen_metrics",
    "metric_problems",
]
