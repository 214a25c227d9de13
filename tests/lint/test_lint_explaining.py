"""`explain`: rules, fields, messages and enumerations, by every name that people have for them."""

from __future__ import annotations

import json
import re

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.explaining import explain, explain_rows

FOUND = {
    "CFG105": ["CFG105 ignored-replica-setting", "What it does", "Fix safety"],
    "cfg105": ["CFG105 ignored-replica-setting", "info in TF2, dead-field, fixed by --fix"],
    "manual-step-at-zero": ["CFG611 manual-step-at-zero", "    initial_learning_rate: 0.002"],
    "train_config.fine_tune_checkpoint_type": [
        "TrainConfig.fine_tune_checkpoint_type",
        '  default        ""\n',
        '  allowed        one of "", "classification", "detection", "full" in TF2 (CFG401)',
        "CFG401",
    ],
    "model.ssd.num_classes": ["Ssd.num_classes", "optional int32", "at least 1 (CFG331)"],
    "eval_input_reader[1].shuffle": ["InputReader.shuffle", "  default        true\n"],
    "TrainConfig.batch_size": ["  default        32\n", "not 0 (CFG604)", "  since          2017-06 or earlier"],
    "TrainConfig": ["TrainConfig", "Fields", "batch_size: uint32 = 32", "[deprecated]"],
    "matched_threshold": ["ArgMaxMatcher.matched_threshold"],
    "item.id": ["StringIntLabelMapItem.id", "stands at      item.id"],
    "model.ssd.mask_head_config.mask_height": [
        "Ssd.MaskHead.mask_height  [unused]",
        "CFG126 dead-ssd-mask-head",
        "cfgtool train  does not come to it",
    ],
    "train_config.optimizer": ["TrainConfig.optimizer", "CFG601"],
    "train_config.optimizer.optimizer": ["Optimizer.optimizer", "Members\n  rms_prop_optimizer: RMSPropOptimizer"],
    "train_config.optimizer.adam_optimizer": ["excludes       rms_prop_optimizer, momentum_optimizer (at most"],
    "train_config.fine_tune_checkpoint_version": [
        "Values\n  UNKNOWN  ",
        "\n  V2       Object-based checkpoint of TF2.",
        "  default        V1\n",
    ],
    "train_config.batch_queue_capacity": [
        "TrainConfig.batch_queue_capacity  [deprecated]",
        "changed        2017-10-27: default from 600 to 150",
        "changed        2019-03-07: deprecated",
        "cfgtool train  does not read it",
        "CFG101",
    ],
    "train_config.freeze_variables": ["[ignored in TF2]", "TF2 ignores it without a message", "train  acts on it"],
    "train_config.from_detection_checkpoint": ["instead        write fine_tune_checkpoint_type"],
    "model.center_net.use_depthwise": ["CenterNet exists in TF2 only"],
    "model.faster_rcnn": ["cfgtool train  acts on it"],
    "model.ssd.feature_extractor.type": ["  TF2  ssd_mobilenet_v1_keras*,", "ssd_resnet50_v1_fpn_keras*,"],
    "PostProcessing.ScoreConverter.SIGMOID": ["value of       PostProcessing.ScoreConverter:", "number         1"],
    "CheckpointVersion.V2": ["CheckpointVersion.V2", "used by        TrainConfig.fine_tune_checkpoint_version"],
    "SIGMOID": ["PostProcessing.ScoreConverter.SIGMOID", "WeightSharedConvolutionalBoxPredictor.ScoreConverter.SIGMOID"],
    "ScoreConverter": ["used by        PostProcessing.score_converter"],
    "model.ssd.minimum_negative_sampling": [
        "Ssd.minimum_negative_sampling  [removed]",
        "in the schema from 2018-08-07 to 2018-11-02",
        "instead        write loss.min_num_negative_samples",
        "CFG152",
    ],
    "first_stage_only": ["FasterRcnn.first_stage_only  [removed]", "for true write number_of_stages: 1"],
    "CenterNet.OccupancyNetMaskPrediction.dim": ["the message is gone with it"],
    "Hyperparams.activation": ["    and 8 more"],
    "probability": ["'probability' is the name of 5", "RandomBlackPatches.probability\n  Chance per patch."],
}  # fmt: skip


@pytest.mark.parametrize(("subject", "parts"), FOUND.items(), ids=FOUND)
def test_found(subject: str, parts: list[str]) -> None:
    text = explain(subject, width=110)
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("width", [80, 110])
@pytest.mark.parametrize("subject", FOUND)
def test_lines_fit(subject: str, width: int) -> None:
    lines = explain(subject, width=width).split("\n")
    assert [line for line in lines if len(line) > width or line != line.rstrip()] == []


UNKNOWN = {
    "train_config.batch_sise": "did you mean 'train_config.batch_size'",
    "TrainConfig.batch_sise": "did you mean 'TrainConfig.batch_size'",
    "bath_size": "did you mean 'batch_size'",
    "TrainConfg": "did you mean 'TrainConfig'",
    "SIGMOIDE": "did you mean 'SIGMOID'",
    "CheckpointVersion.V3": "did you mean 'CheckpointVersion.V",
    "model.ssd.minimum_negative_samplin": "did you mean 'model.ssd.minimum_negative_sampling'",
    "CFG100": "did you mean 'CFG",
    "model.ssd.num_classes.x": "nothing is called",
    "train_config.": "nothing is called 'train_config.'",
    ".": "nothing is called '.'",
    "": "nothing is called ''; name a rule such as CFG101",
}


@pytest.mark.parametrize(("subject", "message"), UNKNOWN.items(), ids=UNKNOWN)
def test_unknown(subject: str, message: str) -> None:
    for call in (explain, explain_rows):
        with pytest.raises(UserError) as error:
            call(subject)
        assert message in str(error.value)


def test_colour_adds_nothing_but_colour() -> None:
    coloured = explain("train_config.batch_queue_capacity", colour=True)
    assert "\x1b[1mTrainConfig.batch_queue_capacity\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == explain("train_config.batch_queue_capacity")


KINDS = {
    "CFG611": ("rule", {"code": "CFG611", "category": "schedule", "url": "docs/rules/CFG611.md"}),
    "train_config.batch_size": ("field", {"message": "TrainConfig", "default": "32", "training": "acts"}),
    "FasterRcnn.first_stage_only": ("field", {"removed": "2018-01-31", "status": "removed", "type": ""}),
    "TrainConfig": ("message", {"name": "TrainConfig", "oneof": None}),
    "Optimizer.optimizer": ("message", {"name": "Optimizer", "oneof": "optimizer"}),
    "CheckpointVersion.V2": ("enum", {"name": "CheckpointVersion", "used_by": ("TrainConfig.fine_tune_checkpoint_version",)}),
}  # fmt: skip


@pytest.mark.parametrize("subject", KINDS)
def test_rows(subject: str) -> None:
    kind, expected = KINDS[subject]
    (row,) = explain_rows(subject)
    assert row["kind"] == kind
    assert {key: row[key] for key in expected} == expected
    json.dumps(row)


def test_a_shared_name_has_a_row_for_each() -> None:
    assert [row["message"] for row in explain_rows("matched_threshold")] == ["ArgMaxMatcher"]
    assert len(explain_rows("probability")) == 5
