"""How bad a finding is, and how far its fix can be trusted, where one rule knows several degrees."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_cases import lint

from cfgtool.lint.engine import Settings, analyse
from cfgtool.lint.findings import Finding
from cfgtool.lint.fixing import fix_text
from cfgtool.textproto import parse

TRAIN = "train_config {{ {0} optimizer {{ {1} {{ learning_rate {{ {2} }} }} use_moving_average: false }} }}"
ADAM = "constant_learning_rate {{ learning_rate: {0} }}"
CENTER = 'model { center_net { feature_extractor { type: "resnet_v2_50" } } } '
TF1_SSD = 'model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } } '


def found(text: str, code: str, target: str = "tf2") -> list[Finding]:
    return [finding for finding in lint(text, target) if finding.code == code]


def adam(rate: float, train: str = "") -> str:
    return TRAIN.format(train, "adam_optimizer", ADAM.format(rate))


SEVERITIES = [
    ("CFG608", adam(0.004), "tf2", []),
    ("CFG608", adam(0.005), "tf2", ["warning"]),
    ("CFG608", adam(0.02), "tf1", ["error"]),
    ("CFG608", adam(0.02, "gradient_clipping_by_norm: 10"), "tf2", ["warning"]),
    ("CFG618", adam(0.001), "tf2", ["warning"]),
    ("CFG618", adam(0.001), "tf1", ["info"]),
    ("CFG568", "train_config { data_augmentation_options { random_resize_method { } } } train_input_reader { load_instance_masks: true }", "tf2", ["warning"]),
    ("CFG568", "train_config { data_augmentation_options { random_crop_pad_image { } } } train_input_reader { load_instance_masks: true }", "tf2", ["error"]),
    ("CFG560", 'eval_input_reader { shuffle: false num_readers: 9 tf_record_input_reader { input_path: "v@10" } }', "tf2", ["warning"]),
    ("CFG560", 'eval_input_reader { shuffle: false num_readers: 9 tf_record_input_reader { input_path: "me@home/v" } }', "tf2", []),
    ("CFG560", 'eval_input_reader { shuffle: true num_readers: 9 tf_record_input_reader { input_path: "v-*" } }', "tf2", []),
    ("CFG561", "eval_input_reader { sample_1_of_n_examples: 2 }", "tf1", []),
    ("CFG565", "eval_input_reader { num_epochs: 0 }", "tf1", ["info"]),
    ("CFG626", "train_config { num_steps: 1050 }", "tf1", []),
    ("CFG706", TRAIN.format("", "adam_optimizer", ADAM.format(0.001)).replace("false", "true"), "tf2", []),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "target", "expected"), SEVERITIES)
def test_severity(code: str, text: str, target: str, expected: list[str]) -> None:
    assert [finding.severity for finding in found(text, code, target)] == expected


APPLICABILITIES = [
    ("CFG401", CENTER + 'train_config { fine_tune_checkpoint_type: "fine_tune" }', "safe"),
    ("CFG401", 'train_config { fine_tune_checkpoint_type: "fine_tune" }', "unsafe"),
    ("CFG223", adam(0.001) + " eval_config { use_moving_averages: true }", "safe"),
    ("CFG223", adam(0.001).replace("false", "true") + " eval_config { use_moving_averages: true }", "unsafe"),
    ("CFG560", 'eval_input_reader { shuffle: false num_readers: 2 tf_record_input_reader { input_path: ["a", "b"] } }', "safe"),
    ("CFG560", 'train_input_reader { shuffle: false num_readers: 2 tf_record_input_reader { input_path: ["a", "b"] } }', "unsafe"),
    ("CFG713", "eval_config { include_metrics_per_category: true }", "safe"),
    ("CFG713", 'eval_config { metrics_set: "coco_detection_metrics" all_metrics_per_category: true }', "unsafe"),
    ("CFG320", "train_config { data_augmentation_options { random_horizontal_flip { probability: 0 } } }", "safe"),
    ("CFG320", "train_config { data_augmentation_options { random_horizontal_flip { probability: 0 # never\n } } }", "unsafe"),
    ("CFG566", "train_config { data_augmentation_options { normalize_image { original_minval: 0 original_maxval: 1 } } }", "safe"),
    ("CFG566", "train_config { data_augmentation_options { normalize_image { } } }", None),
    ("CFG617", TRAIN.format("", "adam_optimizer", "manual_step_learning_rate { schedule { step: 5 } schedule { step: 5 } }"), None),
    ("CFG421", 'train_config { fine_tune_checkpoint: "a/ckpt-0" }', "unsafe"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "expected"), APPLICABILITIES)
def test_applicability(code: str, text: str, expected: str | None) -> None:
    (finding,) = found(text, code)
    assert (finding.fix.applicability if finding.fix else None) == expected


def fixed(text: str, code: str, target: str = "tf2") -> str:
    return fix_text(text, None, Settings(target, frozenset({code})), unsafe=True).text


MANUAL = "manual_step_learning_rate {{ {0} }}"
FIXED = [
    (
        "CFG614",
        "batch_size: 8",
        "initial_learning_rate: 0.08 schedule { step: 5 learning_rate: 0.008 }",
        "initial_learning_rate: 0.005 schedule { step: 5 learning_rate: 0.0005 }",
    ),
    (
        "CFG617",
        "",
        "schedule { step: 9 learning_rate: 0.1 } schedule { step: 5 learning_rate: 0.2 }",
        "schedule { step: 5 learning_rate: 0.2 } schedule { step: 9 learning_rate: 0.1 }",
    ),
]


@pytest.mark.parametrize(("code", "train", "before", "after"), FIXED)
def test_all_rates_and_entries_go_along(code: str, train: str, before: str, after: str) -> None:
    texts = [
        TRAIN.format(train, "momentum_optimizer", MANUAL.format(schedule)) for schedule in (before, after)
    ]
    assert fixed(texts[0], code) == texts[1]


def test_a_schedule_of_one_rate() -> None:
    text = TRAIN.format("", "adam_optimizer", MANUAL.format("initial_learning_rate: 0.003"))
    constant = "constant_learning_rate { learning_rate: 0.003 }"
    assert fixed(text, "CFG617") == TRAIN.format("", "adam_optimizer", constant)


def test_a_rate_without_bounds_has_no_fix() -> None:
    (finding,) = found(adam(float("inf")), "CFG608")
    assert finding.fix is None


def test_the_message_has_the_figures() -> None:
    text = TRAIN.format("batch_size: 8", "momentum_optimizer", ADAM.format(0.08))
    (finding,) = found(text, "CFG614")
    assert finding.message == (
        "'learning_rate' of 0.08 for a batch of 8 is 0.01 per image, 16 times the 0.000625 of the published configs; "
        "write about 0.005"
    )


def test_a_file_whose_name_is_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "train[1].record").touch()
    text = 'train_input_reader { tf_record_input_reader { input_path: "train[1].record" } }'
    settings = Settings("tf2", frozenset({"CFG513"}))
    (finding,) = analyse(parse(text), str(tmp_path / "pipeline.config"), settings).findings
    assert "'[' begins a set of letters" in finding.message


def test_a_classifier_gets_its_type_written_out() -> None:
    network = starting_from("fixtures/lint/classifier/ckpt-1")
    (finding,) = found(network, "CFG421")
    assert finding.severity == "info"
    assert finding.fix is not None
    assert (finding.fix.applicability, finding.fix.edits[0].text.strip()) == (
        "safe",
        'fine_tune_checkpoint_type: "classification"',
    )
    assert [f.severity for f in found(starting_from("fixtures/lint/detector/ckpt-1"), "CFG421")] == [
        "warning"
    ]


def starting_from(checkpoint: str) -> str:
    """A small TF2 SSD that starts from `checkpoint` without a restore type."""
    return (
        "model { ssd { num_classes: 2 image_resizer { fixed_shape_resizer { height: 128 width: 128 } } "
        'feature_extractor { type: "ssd_mobilenet_v1_keras" } '
        "anchor_generator { ssd_anchor_generator { aspect_ratios: [1.0, 2.0] } } "
        "box_predictor { convolutional_box_predictor { kernel_size: 1 } } } } "
        f'train_config {{ fine_tune_checkpoint: "{checkpoint}" fine_tune_checkpoint_version: V2 }}'
    )


PATTERNS = [
    ("FeatureExtractor/MobilenetV1/.*", "tf1", []),
    ("MobilenetV1/.*", "tf1", ["info"]),
    ("backbone/.*", "tf1", ["info"]),
    ("nothing", "tf1", ["warning"]),
    ("backbone/.*", "tf2", []),
    ("FeatureExtractor/MobilenetV1/.*", "tf2", []),
    ("conv_0/.*", "tf2", ["warning"]),
    (".*conv_0/.*", "tf2", []),
]


@pytest.mark.parametrize(("pattern", "target", "expected"), PATTERNS)
def test_patterns_are_matched_with_the_variables(pattern: str, target: str, expected: list[str]) -> None:
    text = starting_from("PATH_TO/ckpt").replace(
        "train_config {", f'train_config {{ freeze_variables: "{pattern}"'
    )
    if target == "tf1":
        text = text.replace("v1_keras", "v1").replace("fine_tune_checkpoint_version: V2", "")
    assert [finding.severity for finding in found(text, "CFG426", target)] == expected
