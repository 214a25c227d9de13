"""Settings of the tasks that are refused, and what is said of them."""

from __future__ import annotations

import pytest

from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.center_net.other_support import impossible_tasks, unlearnable_tasks
from cfgtool.training.detectors.support import unsupported

SIGMOID = "classification_loss { weighted_sigmoid { } }"
L1 = "localization_loss { l1_localization_loss { } }"
MASKS = f"mask_estimation_task {{ {SIGMOID} }}"
LOSSES = f"loss {{ {SIGMOID} {L1} }}"


def found(text: str, readers: str = "") -> list[str]:
    config = read_config(parse(f"model {{ center_net {{ num_classes: 2 {text} }} }} {readers}"))
    message = config.find("model.center_net")
    return [*impossible_tasks(message), *unlearnable_tasks(message)] if readers else impossible_tasks(message)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mask_estimation_task { }", "mask_estimation_task.classification_loss' chooses no loss"),
        (f"mask_estimation_task {{ {SIGMOID} mask_width: 0 }}", "mask_width' is '0', a mask has a pixel"),
        (f"densepose_estimation_task {{ {LOSSES} }}", "densepose_estimation_task' needs masks"),
        (f"{MASKS} densepose_estimation_task {{ {LOSSES} class_id: 2 }}", "class_id' is '2', but classes count from 0"),
        (f"{MASKS} densepose_estimation_task {{ {LOSSES} class_id: -1 }}", "class_id' is '-1', but classes"),
        (f"{MASKS} densepose_estimation_task {{ {LOSSES} num_parts: 300 }}", "num_parts' is '300', masks of 8 bits"),
        (f"{MASKS} densepose_estimation_task {{ loss {{ {L1} }} }}", "loss.classification_loss' chooses no loss"),
        (f"{MASKS} densepose_estimation_task {{ loss {{ {SIGMOID} }} }}", "loss.localization_loss' chooses no loss"),
        (f"{MASKS} densepose_estimation_task {{ loss {{ {SIGMOID} localization_loss {{ weighted_iou {{ }} }} }} }}",
         "weighted_iou' compares boxes, surface coordinates are none"),
        (f"{MASKS} densepose_estimation_task {{ loss {{ {SIGMOID} {L1} hard_example_miner {{ }} }} }}",
         "hard_example_miner' is about anchors"),
        (f"{MASKS} densepose_estimation_task {{ loss {{ {SIGMOID} {L1} expected_loss_weights: EXPECTED_SAMPLING }} }}",
         "expected_loss_weights' is about anchors"),
        (f"{MASKS} densepose_estimation_task {{ loss {{ {SIGMOID} {L1} localization_weight: 2 }} }}",
         "localization_weight' is '2', write it as coordinate_loss_weight"),
        ("track_estimation_task { num_track_ids: 3 }", "track_estimation_task.classification_loss' chooses no loss"),
        ("temporal_offset_task { }", "temporal_offset_task.localization_loss' chooses no loss"),
        ("temporal_offset_task { localization_loss { weighted_giou { } } }", "weighted_giou' compares boxes, offsets"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(text: str, said: str) -> None:
    (problem,) = found(text)
    assert said in problem
    assert problem.startswith("'model.center_net.")


def test_what_the_training_reader_must_load() -> None:
    tasks = f"{MASKS} densepose_estimation_task {{ {LOSSES} }} track_estimation_task {{ num_track_ids: 3 {SIGMOID} }}"
    assert found(tasks, "train_input_reader { load_dense_pose: true }") == [
        f"'train_input_reader.{switch}' is 'false', 'model.center_net.{task}' learns from what it loads"
        for task, switch in (
            ("mask_estimation_task", "load_instance_masks"),
            ("track_estimation_task", "load_track_id"),
        )
    ]
    everything = "load_dense_pose: true load_instance_masks: true load_track_id: true"
    assert found(tasks, f"train_input_reader {{ {everything} }}") == []


def test_a_run_is_refused_what_its_detector_can_but_no_reader_loads() -> None:
    offsets = f"temporal_offset_task {{ {L1} }}"
    assert found(offsets) == []
    config = read_config(parse(f"model {{ center_net {{ num_classes: 2 {offsets} }} }}"))
    assert any("temporal_offset_task' learns from offsets" in problem for problem in unsupported(config))
