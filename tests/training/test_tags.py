"""Tags of logged values, whatever the detector and the metrics: what is charted, and how it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cfgtool.training.report.curves import run_charts, title_of
from cfgtool.training.report.folder import read_run
from cfgtool.training.report.history import read_history
from cfgtool.training.report.page import run_as_page
from cfgtool.training.run.tags import is_of_class, main_metrics

LOSSES = {
    "Loss/RPNLoss/localization_loss": "RPNLoss: localization loss",
    "Loss/BoxClassifierLoss/mask_loss": "BoxClassifierLoss: mask loss",
    "Loss/object_center": "Object center",
    "Loss/box/scale": "Box: scale",
}


@pytest.mark.parametrize(
    ("tags", "main"),
    [
        (["DetectionMasks_Precision/mAP", "DetectionBoxes_Precision/mAP"], [1, 0]),
        (["PascalBoxes_Precision/mAP@0.5IOU", "DetectionBoxes_Precision/mAP"], [1]),
        (["DetectionBoxes_Precision/mAP", "DetectionBoxes_Precision/mAP@.50IOU"], [0]),
        (["DetectionBoxes_Precision/mAP (large)", "DetectionBoxes_Recall/AR@1"], []),
        (["DetectionMasks_AP", "DetectionMasks_AP50", "DetectionMasks_APr"], [0]),
        (["PascalMasks_Precision/mAP@0.5IOU", "DetectionMasks_Precision/mAP"], [0]),
        (["OpenImagesInstanceSegmentationChallenge_Precision/mAP@0.5IOU"], [0]),
        (
            [
                "Keypoints_Precision/mAP ByCategory/star",
                "Keypoints_Precision/mAP (large) ByCategory/star",
                "Keypoints_Precision/mAP ByCategory/person",
            ],
            [0, 2],
        ),
        (["DetectionBoxes_PerformanceByCategory/mAP/cat", "DetectionBoxes_Precision/mAP ByCategory/cat"], []),
        (["Loss/total_loss", "learning_rate"], []),
    ],
)
def test_main_metrics(tags: list[str], main: list[int]) -> None:
    assert main_metrics(tags) == [tags[index] for index in main]


def test_titles() -> None:
    assert {tag: title_of(tag) for tag in LOSSES} == LOSSES
    assert title_of("DetectionBoxes_Precision/mAP") == "mAP"
    assert title_of("DetectionMasks_Precision/mAP") == "mAP of masks"
    assert title_of("DetectionMasks_AP") == "AP of masks (LVIS)"
    assert title_of("Keypoints_Precision/mAP ByCategory/star") == "mAP of keypoints: star"
    assert title_of("PascalMasks_Precision/mAP@0.5IOU") == "PascalMasks Precision: mAP@0.5IOU"
    assert is_of_class("DetectionMasks_PerformanceByCategory/mAP/cat")


def test_a_run_with_any_losses_and_metrics_is_charted_and_reported(tmp_path: Path) -> None:
    rows = [
        {
            "step": step,
            "Loss/total_loss": 5.0 / step,
            **dict.fromkeys(LOSSES, 1.0 / step),
            "learning_rate": 0.1,
        }
        for step in (1, 2)
    ]
    metrics = {"DetectionMasks_Precision/mAP": 0.3, "Keypoints_Precision/mAP ByCategory/star": 0.4}
    by_class = {"DetectionMasks_PerformanceByCategory/mAP/cat": 0.2}
    rows.append({"step": 2, **metrics, **by_class})
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    history = read_history(tmp_path)
    titles = [chart.title for chart in run_charts([history])]
    assert titles == [
        "Total loss",
        *LOSSES.values(),
        "Learning rate",
        "mAP of masks",
        "mAP of keypoints: star",
    ]
    assert history.main_metric == "DetectionMasks_Precision/mAP"
    assert len(history.evaluations) == 1
    assert history.by_class == {"cat": [(2, 0.2)]}
    page = run_as_page(read_run(tmp_path))
    assert "mAP of masks 0.300 at step 2" in page
    assert "mAP of keypoints: star" in page
