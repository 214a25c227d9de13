"""Rules that compare one part of a config with another, or with the files that it names: the branches of each.

The example of every rule is run elsewhere; here are the edges, and what must stay silent.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lint_cases import lint

from cfgtool.lint.checks import batch_memory
from cfgtool.lint.engine import Settings, analyse
from cfgtool.lint.findings import Finding
from cfgtool.lint.fixing import fix_text
from cfgtool.lint.rules import load
from cfgtool.networks import describe, described_extractors
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse

COSINE = "train_config {{ {0} optimizer {{ momentum_optimizer {{ learning_rate {{ cosine_decay_learning_rate {{ {1} }} }} }} }} }}"
MANUAL = "train_config {{ {0} optimizer {{ momentum_optimizer {{ learning_rate {{ manual_step_learning_rate {{ {1} }} }} }} }} }}"
SSD = "model {{ ssd {{ {0} }} }}"
FRCNN = "model {{ faster_rcnn {{ {0} }} }}"
TYPE = 'feature_extractor {{ type: "{0}" {1} }}'
FIXED = "image_resizer {{ fixed_shape_resizer {{ height: {0} width: {1} }} }}"
KEEP = "image_resizer {{ keep_aspect_ratio_resizer {{ {0} }} }}"


def ssd(*parts: str) -> str:
    return SSD.format(" ".join(parts))


def cosine(schedule: str, train: str = "") -> str:
    return COSINE.format(train, schedule)


def severities(text: str, code: str, target: str = "tf2") -> list[str]:
    return [finding.severity for finding in lint(text, target) if finding.code == code]


PYRAMID = (
    TYPE.format("ssd_mobilenet_v2_fpn_keras", "")
    + " anchor_generator { multiscale_anchor_generator { aspect_ratios: [1.0, 2.0, 0.5] } }"
    + " box_predictor { weight_shared_convolutional_box_predictor { depth: 128 } }"
)
TASK = "keypoint_estimation_task {{ {0} }}"
CENTER = "model {{ center_net {{ {0} }} }}"

STATIC = [
    # Schedules: at the edge, just beyond it, and where there is nothing to compare with.
    ("CFG612", cosine("learning_rate_base: 0.01 warmup_learning_rate: 0.01"), []),
    ("CFG612", cosine("learning_rate_base: 0.01 warmup_learning_rate: 0.02"), ["error"]),
    ("CFG612", cosine("learning_rate_base: 0.01 warmup_learning_rate: 0.02 warmup_steps: 0"), []),
    ("CFG612", cosine("learning_rate_base: 0.0001"), ["error"]),
    ("CFG613", cosine("total_steps: 1000 warmup_steps: 10", "num_steps: 1000"), []),
    ("CFG613", cosine("total_steps: 999 warmup_steps: 10", "num_steps: 1000"), ["warning"]),
    ("CFG613", cosine("total_steps: 1200 warmup_steps: 10", "num_steps: 1000"), []),
    ("CFG613", cosine("total_steps: 1300 warmup_steps: 10", "num_steps: 1000"), ["info"]),
    ("CFG613", cosine("total_steps: 1100 warmup_steps: 10 hold_base_rate_steps: 1050", "num_steps: 1000"), ["info"]),
    ("CFG613", cosine("total_steps: 2000 warmup_steps: 10", "num_steps: 1000"), ["info"]),
    ("CFG613", cosine("total_steps: 2001 warmup_steps: 10", "num_steps: 1000"), ["warning"]),
    ("CFG613", cosine("total_steps: 10", "num_steps: 0"), []),
    ("CFG613", cosine("", "num_steps: 1000"), ["warning"]),
    ("CFG614", cosine("learning_rate_base: 0.02", "batch_size: 8"), []),
    ("CFG614", cosine("learning_rate_base: 0.0201", "batch_size: 8"), ["warning"]),
    ("CFG614", cosine("learning_rate_base: 0.051", "batch_size: 8"), ["error"]),
    ("CFG614", cosine("learning_rate_base: 0.051", "batch_size: 8 gradient_clipping_by_norm: 10"), ["warning"]),
    ("CFG614", cosine("learning_rate_base: 0.021", "batch_size: 8 gradient_clipping_by_norm: 10"), ["info"]),
    ("CFG614", cosine("learning_rate_base: 4.0", "batch_size: 1024"), []),
    ("CFG614", cosine("learning_rate_base: 4.0", "batch_size: 0"), []),
    ("CFG614", cosine("learning_rate_base: 4.0", "batch_size: 512"), ["error"]),
    ("CFG614", MANUAL.format("batch_size: 8", "initial_learning_rate: 0.001 schedule { step: 9 learning_rate: 0.04 }"), ["warning"]),
    ("CFG614", MANUAL.format("batch_size: 8", "initial_learning_rate: 0.001 schedule { step: 9 learning_rate: 0.02 }"), []),
    ("CFG615", cosine("total_steps: 1000 warmup_steps: 499", "num_steps: 1000"), []),
    ("CFG615", cosine("total_steps: 1000 warmup_steps: 500", "num_steps: 1000"), ["warning"]),
    ("CFG615", cosine("total_steps: 100 warmup_steps: 500", "num_steps: 1000"), []),
    ("CFG616", MANUAL.format("num_steps: 10", "schedule { step: 10 }"), ["info"]),
    ("CFG616", MANUAL.format("num_steps: 10", "schedule { step: 9 } schedule { step: 99 }"), ["info"]),
    ("CFG616", MANUAL.format("num_steps: 100", "schedule { step: 9 } schedule { step: 99 }"), []),
    ("CFG616", MANUAL.format("num_steps: 0", "schedule { step: 10 }"), []),
    ("CFG617", MANUAL.format("", "schedule { step: 5 } schedule { step: 5 }"), ["error"]),
    ("CFG617", MANUAL.format("", ""), ["error"]),
    ("CFG617", MANUAL.format("", "schedule { step: 5 }"), []),
    ("CFG618", cosine("", "num_steps: 5"), []),
    ("CFG618", "train_config { batch_size: 4 }", []),
    ("CFG622", cosine("total_steps: 100 warmup_steps: 100"), ["warning"]),
    ("CFG622", cosine("total_steps: 100 warmup_steps: 50 hold_base_rate_steps: 49"), []),
    ("CFG623", "train_config { num_steps: 999 }", ["warning"]),
    ("CFG623", "train_config { num_steps: 1001 }", ["info"]),
    ("CFG623", "train_config { num_steps: 1000 }", []),
    # Models.
    ("CFG332", FRCNN.format("number_of_stages: 3"), ["error"]),
    ("CFG332", FRCNN.format(""), []),
    ("CFG334", FRCNN.format("first_stage_max_proposals: 64"), []),
    ("CFG334", FRCNN.format("first_stage_max_proposals: 63"), ["error"]),
    ("CFG334", FRCNN.format("first_stage_max_proposals: 63 number_of_stages: 1"), []),
    ("CFG335", ssd("matcher { argmax_matcher { unmatched_threshold: 0.6 } }"), ["error"]),
    ("CFG335", ssd("matcher { argmax_matcher { } }"), []),
    ("CFG335", ssd("matcher { argmax_matcher { negatives_lower_than_unmatched: false } }"), ["error"]),
    ("CFG335", ssd("matcher { argmax_matcher { unmatched_threshold: 0.6 ignore_thresholds: true } }"), []),
    ("CFG336", ssd("post_processing { batch_non_max_suppression { max_total_detections: 99 } }"), ["error"]),
    ("CFG336", ssd("post_processing { batch_non_max_suppression { max_total_detections: 300 } }"), []),
    ("CFG338", ssd("loss { classification_loss { weighted_softmax {} } } post_processing {}"), ["warning"]),
    ("CFG338", ssd("loss { classification_loss { weighted_softmax {} } }"), []),
    ("CFG342", ssd(KEEP.format("")) + "train_config { batch_size: 1 }", []),
    ("CFG342", ssd(KEEP.format("")) + "train_config { }", ["error"]),
    ("CFG342", ssd(KEEP.format("")), []),
    ("CFG342", ssd("image_resizer { identity_resizer { } }") + "train_config { batch_size: 2 }", ["error"]),
    ("CFG343", ssd(FIXED.format(320, 320), TYPE.format("ssd_mobilenet_v2_fpn_keras", "")), []),
    ("CFG343", ssd(FIXED.format(320, 330), TYPE.format("ssd_mobilenet_v2_fpn_keras", "")), ["error"]),
    ("CFG343", ssd(FIXED.format(300, 300), TYPE.format("ssd_mobilenet_v2_keras", "")), []),
    ("CFG343", ssd(FIXED.format(300, 300), TYPE.format("ssd_mobilenet_v2_fpn_keras", "pad_to_multiple: 32")), []),
    ("CFG343", ssd(FIXED.format(320, 320), TYPE.format("ssd_efficientnet-b0_bifpn_keras", "")), ["error"]),
    ("CFG343", ssd(FIXED.format(320, 320), TYPE.format("ssd_efficientnet-b0_bifpn_keras", "bifpn { max_level: 6 }")), []),
    ("CFG344", ssd(FIXED.format(128, 512), TYPE.format("ssd_resnet50_v1_fpn_keras", "")), ["error"]),
    ("CFG344", ssd(FIXED.format(33, 33), TYPE.format("ssd_mobilenet_v2_keras", "")), []),
    ("CFG345", ssd("anchor_generator { ssd_anchor_generator { num_layers: 5 } }", TYPE.format("ssd_mobilenet_v2", "")), ["error"]),
    ("CFG345", ssd("anchor_generator { ssd_anchor_generator { } }", TYPE.format("ssd_mobilenet_v2", "num_layers: 4")), ["error"]),
    ("CFG345", ssd("anchor_generator { multiscale_anchor_generator { min_level: 2 max_level: 6 } }", TYPE.format("ssd_mobilenet_v2_fpn", "")), ["error"]),
    ("CFG345", ssd("anchor_generator { grid_anchor_generator { } }", TYPE.format("ssd_mobilenet_v2_fpn", "")), ["error"]),
    ("CFG345", ssd("anchor_generator { ssd_anchor_generator { num_layers: 9 } }", TYPE.format("ssd_pnasnet", "")), []),
    ("CFG345", ssd("anchor_generator { multiscale_anchor_generator { min_level: 2 } }", TYPE.format("ssd_resnet50_v1_fpn_keras", "fpn { min_level: 2 }")), ["error"]),
    ("CFG345", ssd("anchor_generator { multiscale_anchor_generator { } }", TYPE.format("ssd_resnet50_v1_fpn_keras", "fpn { min_level: 2 }")), []),
    ("CFG345", ssd("anchor_generator { ssd_anchor_generator { num_layers: 5 } }", TYPE.format("ssd_resnet50_v1_ppn", "")), ["error"]),
    ("CFG345", ssd("anchor_generator { ssd_anchor_generator { } }", TYPE.format("ssd_mobilenet_v1_ppn", "")), []),
    ("CFG233", ssd(TYPE.format("ssd_resnet50_v1_fpn_keras", "fpn { min_level: 2 max_level: 6 }")), ["warning"] * 2),
    ("CFG233", ssd(TYPE.format("ssd_resnet50_v1_fpn_keras", "fpn { min_level: 3 additional_layer_depth: 256 }")), []),
    ("CFG233", ssd(TYPE.format("ssd_mobilenet_v2_fpn_keras", "fpn { min_level: 2 }")), []),
    ("CFG233", FRCNN.format(TYPE.format("faster_rcnn_resnet50_fpn_keras", "fpn { min_level: 2 }")), []),
    ("CFG349", ssd(FIXED.format(512, 512), TYPE.format("ssd_resnet50_v1_fpn_keras", "")) + "train_config { batch_size: 999 }", []),
    ("CFG349", ssd(KEEP.format(""), PYRAMID) + "train_config { batch_size: 4 }", []),
    ("CFG349", ssd("image_resizer { identity_resizer { } }", PYRAMID) + "train_config { batch_size: 999 }", []),
    ("CFG330", "model { } train_config { optimizer { } } train_input_reader { tf_record_input_reader { } }", ["error"]),
    ("CFG330", "model { ssd { } } train_config { }", []),
    ("CFG355", ssd("freeze_batchnorm: false") + "train_config { batch_size: 4 }", ["warning"]),
    ("CFG355", ssd("num_classes: 1") + "train_config { batch_size: 5 }", []),
    ("CFG355", FRCNN.format("num_classes: 1") + "train_config { batch_size: 1 }", []),
    ("CFG356", ssd("anchor_generator { ssd_anchor_generator { min_scale: 0.96 } }"), ["warning"]),
    ("CFG356", ssd("anchor_generator { ssd_anchor_generator { min_scale: 0.96 scales: 0.5 } }"), []),
    ("CFG358", ssd(KEEP.format("convert_to_grayscale: true")), []),
    ("CFG359", ssd(KEEP.format("per_channel_pad_value: [0, 0]")), []),
    ("CFG359", ssd(KEEP.format("pad_to_max_dimension: true per_channel_pad_value: [0, 0]")), ["error"]),
    ("CFG360", FRCNN.format("second_stage_classification_loss { weighted_sigmoid_focal {} }"), []),
    ("CFG232", FRCNN.format("feature_extractor { conv_hyperparams { sync_batch_norm { } } }"), []),
    ("CFG365", CENTER.format("object_center_params { center_head_params { kernel_sizes: [3, 3] } }"), ["error"]),
    ("CFG368", "train_input_reader { keypoint_type_weight: 1.0 }", ["error"]),
    ("CFG369", CENTER.format(TASK.format("") + TASK.format("")), ["warning"]),
    ("CFG369", CENTER.format(TASK.format('task_name: "a" keypoint_class_name: "x"') + TASK.format('task_name: "b" keypoint_class_name: "x"')), ["error"]),
    ("CFG373", CENTER.format('deepmac_mask_estimation { network_type: "embedding_projection" }'), ["error"] * 3),
    ("CFG373", CENTER.format('deepmac_mask_estimation { network_type: "embedding_projection" use_xy: false use_instance_embedding: false dim: 16 }'), []),
    ("CFG373", CENTER.format('deepmac_mask_estimation { network_type: "cond_inst3" use_instance_embedding: false }'), []),
    ("CFG373", CENTER.format("deepmac_mask_estimation { mask_num_subsamples: 8 }"), ["error"]),
    ("CFG374", "train_input_reader { load_context_features: true }", []),
    ("CFG374", CENTER.format("") + "train_input_reader { load_context_features: true }", ["error"]),
    ("CFG374", FRCNN.format("context_config { }") + "train_input_reader { } eval_input_reader { }", ["error", "error"]),
    ("CFG380", ssd("anchor_generator { ssd_anchor_generator { num_layers: 1 width_stride: 8 } }"), ["warning"]),
    ("CFG380", ssd("anchor_generator { ssd_anchor_generator { num_layers: 1 height_stride: 8 } }"), ["error"]),
    ("CFG380", ssd("anchor_generator { ssd_anchor_generator { num_layers: 1 height_stride: 8 width_stride: [8, 9] } }"), ["warning"]),
    ("CFG380", ssd("anchor_generator { ssd_anchor_generator { scales: [0.1, 0.2] height_stride: [8, 9] width_stride: [8, 9] } }"), []),
    ("CFG381", FRCNN.format("first_stage_anchor_generator { grid_anchor_generator { height_stride: 8 } }"), []),
    ("CFG381", FRCNN.format('feature_extractor { type: "faster_rcnn_nas" } first_stage_anchor_generator { grid_anchor_generator { height_stride: 8 width_stride: 8 } }'), ["warning", "warning"]),
    ("CFG381", FRCNN.format('feature_extractor { type: "faster_rcnn_resnet50_fpn_keras" } first_stage_anchor_generator { grid_anchor_generator { height_stride: 8 } }'), []),
    ("CFG382", FRCNN.format("first_stage_anchor_generator { flexible_grid_anchor_generator { } }"), ["warning"]),
    ("CFG382", FRCNN.format("first_stage_anchor_generator { grid_anchor_generator { } }"), []),
    ("CFG382", FRCNN.format("first_stage_anchor_generator { multiscale_anchor_generator { normalize_coordinates: true } }"), ["warning"]),
    ("CFG382", ssd("anchor_generator { multiscale_anchor_generator { normalize_coordinates: true } }"), []),
    ("CFG386", ssd("encode_background_as_zeros: false loss { classification_loss { weighted_softmax { } } }"), []),
    # Readers and evaluation.
    ("CFG364", "train_config { merge_multiple_label_boxes: true } eval_input_reader { load_instance_masks: true }", []),
    ("CFG364", "train_config { merge_multiple_label_boxes: true use_multiclass_scores: true } train_input_reader { num_keypoints: 2 }", ["warning", "warning"]),
    ("CFG367", CENTER.format("track_estimation_task { }") + "train_input_reader { load_track_id: true } eval_input_reader { load_track_id: false }", ["error"]),
    ("CFG367", CENTER.format("mask_estimation_task { } deepmac_mask_estimation { }") + "train_input_reader { }", []),
    ("CFG531", CENTER.format(TASK.format('keypoint_class_name: "x"')), ["error"]),
    ("CFG531", CENTER.format('keypoint_label_map_path: "nowhere.pbtxt"' + TASK.format('keypoint_class_name: "x"')), []),
    ("CFG514", 'train_input_reader { tf_record_input_reader { input_path: "./a.record" } } eval_input_reader { tf_record_input_reader { input_path: "a.record" } }', ["warning"]),
    ("CFG514", 'train_input_reader { tf_record_input_reader { input_path: "PATH_TO_BE_CONFIGURED" } } eval_input_reader { tf_record_input_reader { input_path: "PATH_TO_BE_CONFIGURED" } }', []),
    ("CFG515", 'train_input_reader { label_map_path: "data/./a.pbtxt" } eval_input_reader { label_map_path: "data//a.pbtxt" }', []),
    ("CFG517", "train_input_reader { sample_from_datasets_weights: 1 sample_from_datasets_weights: 2 }", ["error"]),
    ("CFG713", "eval_config { include_metrics_per_category: true }", ["warning"]),
    ("CFG714", FRCNN.format("") + 'eval_config { metrics_set: "coco_mask_metrics" }', ["error"]),
    ("CFG714", FRCNN.format("") + 'eval_config { metrics_set: "lvis_mask_metrics" }', ["error"]),
    ("CFG714", 'model { center_net { mask_estimation_task { } } } eval_config { metrics_set: "coco_mask_metrics" }', []),
    ("CFG410", 'train_config { fine_tune_checkpoint: "a/ckpt-0.data-00000-of-00001" }', ["error"]),
    ("CFG410", 'train_config { fine_tune_checkpoint: "a/my.data-set/ckpt-0" }', []),
    ("CFG421", 'train_config { fine_tune_checkpoint: "a/ckpt-0" from_detection_checkpoint: true }', []),
    ("CFG427", 'train_config { update_trainable_variables: "(" }', ["error"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text", "expected"), STATIC, ids=lambda value: value if str(value)[:3] == "CFG" else ""
)
def test_static(code: str, text: str, expected: list[str]) -> None:
    assert severities(text, code) == expected


def test_tf1_padded_batches_are_a_warning() -> None:
    text = ssd(KEEP.format("")) + "train_config { batch_size: 8 }"
    assert severities(text, "CFG342", "tf1") == ["warning"]


def at(folder: Path, text: str) -> list[Finding]:
    """The findings in `text` as a file of `folder`."""
    return analyse(parse(text), str(folder / "pipeline.config"), Settings("tf2")).findings


def messages(folder: Path, text: str, code: str) -> list[str]:
    return [finding.message for finding in at(folder, text) if finding.code == code]


def reader(label_map: str, record: str = "gs://bucket/a.record") -> str:
    return f'train_input_reader {{ label_map_path: "{label_map}" tf_record_input_reader {{ input_path: "{record}" }} }}'


@pytest.mark.parametrize(
    ("ids", "classes", "expected"),
    [([1, 2], 2, []), ([1, 90], 90, []), ([1, 90], 2, ["error"]), ([1, 2], 3, ["warning"])],
)
def test_classes(tmp_path: Path, ids: list[int], classes: int, expected: list[str]) -> None:
    (tmp_path / "map.pbtxt").write_text("".join(f'item {{ id: {n} name: "c{n}" }}\n' for n in ids))
    text = ssd(f"num_classes: {classes}") + reader("map.pbtxt") + reader("map.pbtxt").replace("train", "eval")
    assert [finding.severity for finding in at(tmp_path, text) if finding.code == "CFG510"] == expected


def test_label_map_with_another_ending(tmp_path: Path) -> None:
    (tmp_path / "map.pbtxt.txt").write_text('item { id: 1 name: "c" }\n')
    assert messages(tmp_path, reader("map.pbtxt"), "CFG511") == [
        "there is no label map 'map.pbtxt'; did you mean 'map.pbtxt.txt'"
    ]


def test_label_map_in_the_folder_of_the_config(tmp_path: Path) -> None:
    (tmp_path / "map.pbtxt").write_text('item { id: 1 name: "c" }\n')
    assert messages(tmp_path, reader("annotations/map.pbtxt"), "CFG511") == [
        "there is no label map 'annotations/map.pbtxt'; did you mean 'map.pbtxt'"
    ]


def test_label_map_error_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "map.pbtxt").write_text('item {\n  id: 1\n  name: "c\n}\n')
    assert ": line 3: " in messages(tmp_path, reader("map.pbtxt"), "CFG512")[0]


ELSEWHERE = ["/no-such-top-folder/a", "gs://bucket/a", "PATH_TO_BE_CONFIGURED/a"]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_paths_of_other_machines_are_not_judged(tmp_path: Path, path: str) -> None:
    text = (
        reader(path, path)
        + f'train_config {{ fine_tune_checkpoint: "{path}" fine_tune_checkpoint_type: "full" }}'
    )
    assert not {finding.code for finding in at(tmp_path, text)} & {"CFG411", "CFG511", "CFG513"}


def test_records(tmp_path: Path) -> None:
    for name in ("train.record-00000-of-00002", "train.record-00001-of-00002", "val.record"):
        (tmp_path / name).touch()
    for path in ("train.record-*", "train.record-?????-of-00002", "train.record@2", "val.record"):
        assert messages(tmp_path, reader("gs://b/a", path), "CFG513") == []
    assert messages(tmp_path, reader("gs://b/a", "vals.record"), "CFG513") == [
        "'input_path' of 'vals.record' matches no file; did you mean 'val.record'"
    ]


def test_broken_index(tmp_path: Path) -> None:
    (tmp_path / "ckpt-0.index").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    found = messages(tmp_path, 'train_config { fine_tune_checkpoint: "ckpt-0" }', "CFG413")
    assert len(found) == 1
    assert "Git LFS" in found[0]


def test_missing_checkpoint_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "ckpt-3.index").touch()
    found = messages(tmp_path, 'train_config { fine_tune_checkpoint: "ckpt-0" }', "CFG411")
    assert len(found) == 1
    assert "ckpt-3" in found[0]


def test_folder_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "ckpt-0.index").touch()
    text = 'train_config { fine_tune_checkpoint: "zoo" }'
    what = "which the OD API does not look into"
    assert messages(tmp_path, text, "CFG412") == [f"'zoo' is a folder, {what}; write 'zoo/ckpt-0'"]


def test_a_model_of_proposals_needs_no_classes(tmp_path: Path) -> None:
    rest = "train_config { optimizer {} } train_input_reader { tf_record_input_reader {} }"
    for stages, expected in ((1, False), (2, True)):
        found = messages(tmp_path, FRCNN.format(f"number_of_stages: {stages}") + rest, "CFG330")
        assert ("num_classes" in found[0]) is expected


REAL = [
    ("ssd_mobilenet_v2_fpnlite_320x320", "detection", 90, set()),
    ("ssd_mobilenet_v2_fpnlite_320x320", "detection", 3, set()),
    ("ssd_mobilenet_v2_fpnlite_320x320", "full", 90, set()),
    ("ssd_mobilenet_v2_fpnlite_320x320", "full", 3, {"CFG415"}),
    ("ssd_mobilenet_v2_fpnlite_320x320", "classification", 90, {"CFG414"}),
    ("efficientdet_d0", "detection", 90, {"CFG417"}),
]


@pytest.mark.reference
@pytest.mark.parametrize(("stem", "restore_type", "classes", "expected"), REAL)
def test_real_checkpoints(
    shared: Path, stem: str, restore_type: str, classes: int, expected: set[str]
) -> None:
    """A published config with published checkpoints, of which only the index is there (CFG413)."""
    corpus = shared / "corpus"
    text = (corpus / "configs_tf2" / "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.config").read_text()
    for name, value in (
        (
            "train_config.fine_tune_checkpoint",
            json.dumps(str(corpus / "checkpoints" / f"zoo_{stem}" / "ckpt-0")),
        ),
        ("train_config.fine_tune_checkpoint_type", f'"{restore_type}"'),
        ("model.ssd.num_classes", str(classes)),
    ):
        text = apply_edits(text, set_value(parse(text), name, value))
    assert {finding.code for finding in lint(text) if finding.category == "checkpoint"} == expected | {
        "CFG413"
    }


PUBLISHED = {
    "CFG342": 2,  # SSDs that only the padding trainer of TF1 could feed
    "CFG403": 1,  # a Keras type that was run with TF1
    "CFG563": 1,  # evaluations that shuffle
    "CFG564": 2,
    "CFG579": 2,  # paths that are left empty
    "CFG616": 29,  # a first drop at 900000 of 200000 steps
    "CFG618": 5,  # TF1 samples without num_steps
    "CFG621": 1,  # RMSprop in TF2
    "CFG625": 2,
    "CFG701": 3,  # metrics by names that they lost
    "CFG705": 4,  # masks of which only the boxes are measured
    "CFG720": 2,  # quantised, with a resizer and a box coder that TFLite does not take
}
"""Rule -> number of published configs that have the flaw."""


@pytest.mark.reference
def test_published_configs(shared: Path) -> None:
    counts: dict[str, int] = {}
    own = [code for code, *_ in STATIC] + list(PUBLISHED)
    own += [code for code in load().records if code[:4] in ("CFG4", "CFG5", "CFG6", "CFG7")]
    for path in sorted((shared / "corpus").glob("configs_tf*/*.config")):
        for finding in analyse(parse(path.read_text()), str(path)).findings:
            if finding.code in own and finding.code not in ("CFG349", "CFG624"):
                counts[finding.code] = counts.get(finding.code, 0) + 1
    assert counts == PUBLISHED


def test_memory_is_that_of_the_network() -> None:
    """The figures in the message are the network's own, and the batch that is said to fit is not reported."""
    model = ssd("num_classes: 3", FIXED.format(640, 640), PYRAMID)

    def remark(batch: int) -> list[str]:
        text = f"{model} train_config {{ batch_size: {batch} }}"
        return [finding.message for finding in lint(text) if finding.code == "CFG349"]

    network = describe(read_config(parse(model)))
    # No optimizer is configured: weights and gradients.
    needed = 64 * network.activation_bytes + 4 * network.parameters + 4 * network.trainable_parameters
    (message,) = remark(64)
    assert (
        f"keeps about {needed / 2**30:.0f} GiB ({network.activation_bytes / 2**30:.2f} an image), more"
        in message
    )
    assert "more than a GPU of 40 GiB has" in message
    fits = int(message.split("; about ")[1].split()[0])
    assert not remark(fits)
    assert "more than a GPU of 16 GiB" in remark(fits + 1)[0]
    model += ' train_input_reader { tf_record_input_reader { input_path: "PATH_TO_BE_CONFIGURED/a.record" } }'
    assert not remark(64), "a sample that is not filled in"


def test_networks_that_are_not_described_are_not_noted() -> None:
    """An estimate that nobody asked for says nothing of why it was not made."""
    text = (
        ssd(FIXED.format(640, 640), TYPE.format("ssd_mobilenet_v2_fpn_keras", ""))
        + "train_config { batch_size: 99 }"
    )
    report = analyse(parse(text))
    assert "CFG349" not in [finding.code for finding in report.findings]
    assert report.notes == []


@pytest.mark.reference
def test_no_network_is_beyond_the_bound_of_pixels(shared: Path) -> None:
    """Batches below the bound are not looked at, so no network may need more for a pixel than it allows."""
    found = 0
    for path in sorted((shared / "corpus").glob("configs_tf*/*.config")):
        config = read_config(parse(path.read_text()))
        model = config.message("model")
        kind = model.which("model") or "ssd"
        type_ = model.message(kind).message("feature_extractor").text("type")
        if type_ in described_extractors() and not model.message(kind).has("deepmac_mask_estimation"):
            network = describe(config)
            found += 1
            pixels = network.input_shape[0] * network.input_shape[1]
            least = batch_memory.fewest_pixels(type_)
            assert network.activation_bytes / pixels < batch_memory.GPU_SIZES[0] * batch_memory.GIB / least
    assert found > 20


FIXES = {
    "CFG337": (
        ssd(
            "post_processing { batch_non_max_suppression { use_combined_nms: true change_coordinate_frame: true } }"
        ),
        "use_combined_nms: true change_coordinate_frame: false",
    ),
    "CFG343": (
        ssd(FIXED.format(300, 300), TYPE.format("ssd_mobilenet_v2_fpn_keras", "pad_to_multiple: 16")),
        "pad_to_multiple: 32",
    ),
    "CFG345": (
        ssd(
            TYPE.format("ssd_mobilenet_v2_fpn_keras", "fpn { min_level: 4 max_level: 8 }"),
            "anchor_generator { multiscale_anchor_generator { max_level: 7 aspect_ratios: 1.0 } }",
        ),
        "multiscale_anchor_generator { min_level: 4 max_level: 8 aspect_ratios: 1.0 }",
    ),
    "CFG382": (
        FRCNN.format(
            "first_stage_anchor_generator { multiscale_anchor_generator { normalize_coordinates: true } }"
        ),
        "normalize_coordinates: false",
    ),
    "CFG386": (
        ssd("encode_background_as_zeros: true loss { classification_loss { weighted_softmax { } } }"),
        "encode_background_as_zeros: false",
    ),
}


@pytest.mark.parametrize("code", FIXES)
def test_fixes_of_what_is_written(code: str) -> None:
    """The examples are fixed where the field is unset; here it is set to something else."""
    text, wanted = FIXES[code]
    fixed = fix_text(text, None, Settings("tf2", frozenset({code})), unsafe=True)
    assert wanted in " ".join(fixed.text.split())
    assert not fixed.report.findings


def test_only_the_frame_in_the_way_is_fixed() -> None:
    nms = "post_processing { batch_non_max_suppression { use_combined_nms: true soft_nms_sigma: 0.5 } }"
    (finding,) = lint(ssd(nms))
    assert finding.fix is None
