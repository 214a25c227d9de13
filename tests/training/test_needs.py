"""pycocotools is asked for only where it counts."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest

from cfgtool import schema, textproto
from cfgtool.cli.needs import need_tensorflow
from cfgtool.errors import UserError
from cfgtool.training.evaluation.metrics import ImageResult, chosen_metrics
from cfgtool.training.evaluation.packages import COUNTED_HERE, needs_pycocotools


@pytest.fixture
def without_pycocotools(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find(name: str, *more: Any) -> Any:
        return None if name == "pycocotools" else real(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    monkeypatch.setitem(sys.modules, "pycocotools", None)


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("", True),
        ('metrics_set: "coco_detection_metrics"', True),
        ('metrics_set: "pascal_voc_detection_metrics"', False),
        ('metrics_set: ["oid_V2_detection_metrics", "precision_at_recall_detection_metrics"]', False),
        ('metrics_set: ["oid_V2_detection_metrics", "coco_mask_metrics"]', True),
        ('metrics_set: "pascal_voc_instance_segmentation_metrics"', True),
        ('metrics_set: "pascal_voc_detection_metrics" eval_instance_masks: true', True),
        (
            'metrics_set: "pascal_voc_detection_metrics" parameterized_metric { coco_keypoint_metrics { } }',
            True,
        ),
    ],
)
def test_which_metrics_need_it(text: str, needed: bool) -> None:
    config = schema.read_config(textproto.parse(f"eval_config {{ {text} }}"))
    assert needs_pycocotools(config) is needed


def test_tensorflow_is_enough_for_the_others(without_pycocotools: None) -> None:
    need_tensorflow()
    with pytest.raises(UserError, match="needs pycocotools, which is not installed"):
        need_tensorflow(pycocotools=True)


def test_the_sets_that_are_counted_here_do_without(without_pycocotools: None) -> None:
    quoted = ", ".join(f"'{name}'" for name in sorted(COUNTED_HERE))
    config = schema.read_config(textproto.parse(f"metrics_set: [{quoted}]"), root="EvalConfig")
    found = {"detection_boxes": [[0, 0, 9, 9]], "detection_classes": [1], "detection_scores": [0.5]}
    for metric in chosen_metrics(config, {1: "cat"}):
        metric.add(ImageResult(boxes=[[0, 0, 9, 9]], classes=[1], **found))
        assert next(iter(metric.result().values())) in (0.0, 1.0)
