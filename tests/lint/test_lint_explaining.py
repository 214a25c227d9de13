"""`explain`: rules and fields, by every name that people have for them."""

from __future__ import annotations

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.explaining import explain

FOUND = {
    "CFG105": ["CFG105 ignored-replica-setting", "What it does", "Fix safety"],
    "cfg105": ["CFG105 ignored-replica-setting"],
    "manual-step-at-zero": ["CFG611 manual-step-at-zero", "initial_learning_rate: 0.002"],
    "train_config.fine_tune_checkpoint_type": [
        "TrainConfig.fine_tune_checkpoint_type",
        'default  ""',
        "CFG401",
    ],
    "model.ssd.num_classes": ["Ssd.num_classes", "optional int32"],
    "eval_input_reader[1].shuffle": ["InputReader.shuffle", "default  true"],
    "TrainConfig.batch_size": ["TrainConfig.batch_size", "default  32", "CFG604"],
    "TrainConfig": ["TrainConfig", "Fields", "batch_size: uint32"],
    "matched_threshold": ["ArgMaxMatcher.matched_threshold"],
    "item.id": ["StringIntLabelMapItem.id"],
    "model.ssd.mask_head_config.mask_height": ["Ssd.MaskHead.mask_height", "CFG126 dead-ssd-mask-head"],
    "train_config.optimizer": ["TrainConfig.optimizer", "CFG601"],
    "train_config.optimizer.adam_optimizer": ["excludes rms_prop_optimizer, momentum_optimizer"],
    "train_config.fine_tune_checkpoint_version": ["values   UNKNOWN, V1, V2", "default  V1"],
    "train_config.batch_queue_capacity": ["deprecated by the schema", "CFG101"],
}


@pytest.mark.parametrize(("subject", "parts"), FOUND.items(), ids=FOUND)
def test_found(subject: str, parts: list[str]) -> None:
    text = explain(subject)
    assert [part for part in parts if part not in text] == []


UNKNOWN = {
    "train_config.batch_sise": "did you mean 'train_config.batch_size'",
    "bath_size": "did you mean 'batch_size'",
    "CFG100": "did you mean 'CFG",
    "model.ssd.num_classes.x": "nothing is called",
    "": "nothing is called ''",
}


@pytest.mark.parametrize(("subject", "message"), UNKNOWN.items(), ids=UNKNOWN)
def test_unknown(subject: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        explain(subject)
    assert message in str(error.value)
