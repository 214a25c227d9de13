"""Metrics of random detections beside what the OD API's evaluators computed (tools/od_api/metrics.py)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pycocotools")

from cfgtool import schema, textproto
from cfgtool.data.label_map import LabelMapItem
from cfgtool.training.evaluation.metrics import ImageResult, Metric, chosen_metrics
from cfgtool.training.evaluation.metrics.lvis import FREQUENCIES

RECORDED = json.loads((Path(__file__).parent / "recorded" / "metrics.json").read_text())
CLASSES = {int(number): name for number, name in RECORDED["classes"].items()}
SETS = sorted(RECORDED["cases"][0]["metrics"])
KEYPOINTS = RECORDED["keypoints"]
LETTERS = {letter: frequency for frequency, letter in FREQUENCIES.items()}


def config_of(name: str) -> schema.Config:
    set_name, _, variant = name.partition(" ")
    low, high = RECORDED["recalls"]
    text = f"recall_lower_bound: {low} recall_upper_bound: {high}"
    if set_name == "coco_keypoint_metrics":
        sigmas = "".join(
            f'keypoint_label_to_sigmas {{ key: "{label}" value: {sigma} }}'
            for label, sigma in RECORDED["sigmas"].items()
            if variant != "unweighted"
        )
        label = CLASSES[RECORDED["keypoint_class"]]
        text += f' parameterized_metric {{ {set_name} {{ class_label: "{label}" {sigmas} }} }}'
    else:
        text += f' metrics_set: "{set_name}"'
    text += " skip_predictions_for_unlabeled_class: true" if variant == "skipping" else ""
    return schema.read_config(textproto.parse(text), root="EvalConfig")


def metric_of(name: str) -> Metric:
    items = [
        LabelMapItem(
            number,
            label,
            keypoints=KEYPOINTS.values() if number == RECORDED["keypoint_class"] else (),
            keypoint_labels=KEYPOINTS if number == RECORDED["keypoint_class"] else (),
            frequency=LETTERS[RECORDED["frequencies"][str(number)]],
        )
        for number, label in CLASSES.items()
    ]
    return chosen_metrics(config_of(name), CLASSES, items)[-1]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("case", RECORDED["cases"], ids=range(len(RECORDED["cases"])))
def test_numbers_are_those_of_the_od_api(case: dict[str, Any], name: str) -> None:
    metric = metric_of(name)
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
