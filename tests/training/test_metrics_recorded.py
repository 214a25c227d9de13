"""Metrics of random detections beside what the OD API's evaluators computed (tools/od_api/metrics.py)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pycocotools")

from cfgtool import schema, textproto
from cfgtool.training.evaluation.metrics import ImageResult, chosen_metrics

RECORDED = json.loads((Path(__file__).parent / "recorded" / "metrics.json").read_text())
CLASSES = {int(number): name for number, name in RECORDED["classes"].items()}
SETS = sorted(RECORDED["cases"][0]["metrics"])


def config_of(name: str) -> schema.Config:
    set_name, _, skipping = name.partition(" ")
    low, high = RECORDED["recalls"]
    text = f"metrics_set: '{set_name}' recall_lower_bound: {low} recall_upper_bound: {high}"
    text += " skip_predictions_for_unlabeled_class: true" if skipping else ""
    return schema.read_config(textproto.parse(text), root="EvalConfig")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("case", RECORDED["cases"], ids=range(len(RECORDED["cases"])))
def test_numbers_are_those_of_the_od_api(case: dict[str, Any], name: str) -> None:
    (metric,) = chosen_metrics(config_of(name), CLASSES)
    for image in case["images"]:
        metric.add(ImageResult(**image))
    result, expected = metric.result(), case["metrics"][name]
    assert list(result) == metric.names
    assert set(result) == set(expected)
    for key, value in expected.items():
        assert result[key] == pytest.approx(math.nan if value is None else value, abs=1e-6, nan_ok=True), key


def test_the_sets_tell_the_cases_apart() -> None:
    """No two sets agree on everything, so none of them can stand in for another."""
    for case in RECORDED["cases"]:
        main = [next(iter(case["metrics"][name].values())) for name in SETS]
        assert len(set(main)) > len(main) / 2
