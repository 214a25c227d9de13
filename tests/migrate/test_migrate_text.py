"""Texts of unusual shape: what is not migrated stays as it is, and nothing is ever broken."""

from __future__ import annotations

import random

import pytest
from migrate_facts import assert_balanced, comments, tree_leaves

from cfgtool.errors import UserError
from cfgtool.migrate import STEPS, Change, Draft, Effect, Step, migrate
from cfgtool.migrate.origins import Origins
from cfgtool.textproto import Edit
from cfgtool.textproto.edits import apply_edits

KEPT = {
    "empty": "",
    "blank": "\n\n",
    "comment only": "# nothing yet\n",
    "a label map": "item { id: 1 name: 'cat' }\n",
    "an unknown field": "train_config { no_such_field: 1 }\n",
    "an extension": "[my.ext] { from_detection_checkpoint: true }\n",
    "the flag in another message": "eval_config { from_detection_checkpoint: true }\n",
    "Faster R-CNN's own batch_norm_trainable": (
        'model { faster_rcnn { feature_extractor { type: "faster_rcnn_resnet50_keras"'
        " batch_norm_trainable: false } } }"
    ),
    "a path that only mentions an index": (
        'train_config { num_steps: 1 fine_tune_checkpoint: "a.index/ckpt-0" fine_tune_checkpoint_type: "full"'
        " fine_tune_checkpoint_version: V2 }"
    ),
    "fine_tune outside of CenterNet": (
        'train_config { fine_tune_checkpoint: "a/ckpt-0" fine_tune_checkpoint_type: "fine_tune"'
        " fine_tune_checkpoint_version: V2 }"
    ),
    "an unreadable flag": (
        'train_config { fine_tune_checkpoint: "a/ckpt-0" fine_tune_checkpoint_type: "full"'
        " fine_tune_checkpoint_version: UNKNOWN }"
    ),
    "a reader's own box limit": "train_input_reader { max_number_of_boxes: 50 }\n",
    "num_layers of an anchor generator": (
        "model { ssd { anchor_generator { ssd_anchor_generator { num_layers: 6 } } } }"
    ),
    "num_layers of plain MobileNet": (
        'model { ssd { feature_extractor { type: "ssd_mobilenet_v2_keras" num_layers: 6 } } }'
    ),
    "a flip that may happen": (
        "train_config { data_augmentation_options { random_horizontal_flip { probability: 0.01 } } }"
    ),
    "a flip with its default": "train_config { data_augmentation_options { random_vertical_flip { } } }",
    "two members of a step": (
        "train_config { data_augmentation_options { random_vertical_flip { probability: 0 }"
        " random_crop_image { } } }"
    ),
    "a schedule with warmup": (
        "train_config { optimizer { use_moving_average: false adam_optimizer { learning_rate {"
        " manual_step_learning_rate { warmup: true"
        " schedule { step: 0 learning_rate: 1 } schedule { step: 5 learning_rate: 2 } } } } } }"
    ),
    "a schedule from a later step": (
        "train_config { optimizer { use_moving_average: false adam_optimizer { learning_rate {"
        " manual_step_learning_rate {"
        " schedule { step: 1 learning_rate: 1 } schedule { step: 5 learning_rate: 2 } } } } } }"
    ),
    "metrics of today": (
        "eval_config { metrics_set: 'oid_V2_detection_metrics' include_metrics_per_category: true }"
    ),
    "options per category switched off": "eval_config { include_metrics_per_category: false }",
    "batch norm that trains": (
        "model { ssd { feature_extractor { conv_hyperparams { batch_norm { train: true } } } } }"
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_kept(name: str) -> None:
    result = migrate(KEPT[name], target="tf2", unsafe=True)
    assert result.done == ()
    assert result.after == KEPT[name]


TF1 = 'model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } }\n'
LIVE_IN_TF1 = (
    "train_config { sync_replicas: true startup_delay_steps: 0 keep_checkpoint_every_n_hours: 1 }",
    "train_config { freeze_variables: 'a' bias_grad_multiplier: 2 use_bfloat16: true }",
    "eval_config { save_graph: true skip_scores: true use_moving_averages: true"
    " retain_original_images: false }",
    "graph_rewriter { quantization { delay: 1 } }",
    "model { ssd { inplace_batchnorm_update: true matcher { bipartite_matcher { } } } }",
    "model { ssd { box_predictor { convolutional_box_predictor { apply_sigmoid_to_scores: true } } } }",
    "train_config { data_augmentation_options { autoaugment_image { policy_name: 'v0' } } }",
    "model { ssd { feature_extractor { conv_hyperparams { op: FC batch_norm { train: false } } } } }",
)


@pytest.mark.parametrize("text", LIVE_IN_TF1)
def test_what_tf1_reads_stays_in_tf1(text: str) -> None:
    result = migrate(TF1 + text, unsafe=True)
    assert (result.after, result.left) == (TF1 + text, ())
    moved = migrate(TF1 + text, target="tf2", unsafe=True)
    assert moved.after != moved.before


SHAPES = {
    "flags side by side": (
        "train_config {\n  fine_tune_checkpoint: 'a/ckpt-1' fine_tune_checkpoint_type: 'detection'\n"
        "  from_detection_checkpoint: false   load_all_detection_checkpoint_vars: true   batch_size: 2\n}\n"
    ),
    "one line": 'train_config { fine_tune_checkpoint: "a" from_detection_checkpoint: true batch_size: 1 }',
    "separators": "train_config: <from_detection_checkpoint: true; sync_replicas: true, batch_size: 1>;\n",
    "nothing else in the block": "train_config{sync_replicas:true}",
    "no final newline": "eval_config {\n  max_evals: 10 # why\n}",
    "byte order mark": "\ufefftrain_config {\n  sync_replicas: true\n}\n",
    "carriage returns": "train_config {\r\n  sync_replicas: true # a\r\n  # b\r\n}\r\n",
    "tabs": 'train_config {\n\tfine_tune_checkpoint: "a/b"\n\tsync_replicas: true\n}\n',
    "adjacent strings": (
        'train_config { fine_tune_checkpoint: "a/ck" "pt-0.index" fine_tune_checkpoint_type: "full" }'
    ),
    "list of messages": "eval_input_reader: [{ prefetch_size: 1 }, { queue_capacity: 2, shuffle: true }]\n",
    "list with comments": (
        "eval_config {\n  metrics_set: [\n    # old\n    'coco_detection_metrics', # a\n"
        "    'coco_panoptic_metrics'\n  ]\n}\n"
    ),
    "comma behind a comment": (
        "eval_config {\n  metrics_set: ['coco_panoptic_metrics' # a, b\n"
        "  , 'coco_detection_metrics' # c\n]\n}\n"
    ),
    "comment between name and value": (
        "train_config {\n  sync_replicas: # really\n    true\n  batch_size: 1\n}\n"
    ),
    "comments in a block that goes": (
        "graph_rewriter { # q\n  quantization { # d\n    delay: 1 # s\n  } # e\n} # f\n"
    ),
    "bytes that are not UTF-8": "train_config {\n  sync_replicas: true  # \udcff\n}\n",
    "twice": "train_config { sync_replicas: true sync_replicas: false }\n",
    "a type twice": (
        'model { center_net { feature_extractor {\n  type: "mobilenet_v2_fpn_sep_conv"\n'
        '  type: "mobilenet_v2_fpn_sep_conv"\n} } }\n'
    ),
    "a message where a number is meant": (
        "model { ssd { use_expected_classification_loss_under_sampling: true\n"
        "  min_num_negative_samples { min_depth: 1 # kept\n } } }\n"
    ),
    "a removed field at the end of its message": (
        "model {\n  ssd {\n    num_classes: 3\n    use_expected_classification_loss_under_sampling: true\n  }\n}\n"
    ),
    "a flag in a list": "train_config { fine_tune_checkpoint: 'a/ckpt-1' from_detection_checkpoint: [true] }\n",
    "a mistake that names its line": (
        "train_config {\n  data_augmentation_options { normalize_image {\n  } }\n"
        "  batch_size: 1\n  batch_size: 2\n}\n"
    ),
    "a bad value in a field with a new name": (
        "model { center_net { deepmac_mask_estimation { color_consistency_threshold: true } } }\n"
    ),
    "values in a list that is none": (
        "model { center_net { deepmac_mask_estimation { color_consistency_dilation: [1, 2] } } }\n"
    ),
    "a number that hides another": (
        "train_config { data_augmentation_options { random_pad_image {\n"
        "  min_image_height: 1\n  min_image_height: 600.0\n} } }\n"
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    text = SHAPES[name]
    result = migrate(text, target="tf2", unsafe=True)
    assert result.changed
    assert comments(result.after) == comments(text)
    assert result.after.startswith("\ufeff") == text.startswith("\ufeff")
    assert result.after.count("\r") == (result.after.count("\n") if "\r" in text else 0)
    assert_balanced(result, tree_leaves)
    assert migrate(result.after, target="tf2", unsafe=True).done == ()


LINES = [
    "  sync_replicas: true",
    "  max_number_of_boxes: 7  # boxes",
    "  from_detection_checkpoint: true",
    '  fine_tune_checkpoint: "a/model.ckpt"',
    "  load_all_detection_checkpoint_vars: true  # all",
    "  batch_queue_capacity: 3",
    "  # a note",
    "",
    "  data_augmentation_options { random_vertical_flip { probability: 0 } }",
    "  data_augmentation_options {\n    # never\n    random_rotation90 {\n      probability: 0\n    }\n  }",
    "  optimizer { adam_optimizer { } }",
    "  bias_grad_multiplier: 1, num_steps: 5;",
]


@pytest.mark.parametrize("seed", range(60))
def test_any_mixture_keeps_its_comments_and_settles(seed: int) -> None:
    chance = random.Random(seed)
    body = "\n".join(chance.sample(LINES, chance.randint(1, len(LINES))))
    text = f"train_config {{\n{body}\n}}\ntrain_input_reader {{ }}\n"
    target = chance.choice(["same", "tf2"])
    unsafe = chance.random() < 0.5
    result = migrate(text, target=target, unsafe=unsafe)
    assert comments(result.after) == comments(text)
    assert_balanced(result, tree_leaves)
    assert migrate(result.after, target=target, unsafe=unsafe).done == ()


@pytest.mark.parametrize("text", ["train_config {", "a b c", "train_config { batch_size: }", 'x: "', "}"])
def test_syntax_mistakes_are_refused_with_their_place(text: str) -> None:
    with pytest.raises(UserError) as caught:
        migrate(text)
    assert caught.value.line == 1
    assert caught.value.column is not None
    assert "cfgtool lint" in str(caught.value)


def _broken(edit: Edit) -> Step:
    def run(draft: Draft) -> list[Change]:
        done = edit.text in draft.document.text
        return [] if done else [Change("m", (Effect("a", 0, None, "1"),), (edit,))]

    return Step(1, "X1", "a step that does damage", "test", run, trainers=("tf1", "tf2"))


@pytest.mark.parametrize("new", ["bogus_field: 1", "} {", "batch_size: 'x'"])
def test_a_step_that_breaks_the_config_is_refused(new: str) -> None:
    text = "train_config { }"
    with pytest.raises(UserError, match="the result would"):
        migrate(text, steps=[_broken(Edit(len(text) - 2, len(text) - 2, f" {new} "))])


def test_mistakes_that_were_there_do_not_stop_a_migration() -> None:
    text = "train_config { no_such_field: 1 from_detection_checkpoint: true batch_size: 'x' }"
    assert migrate(text).after == "train_config { no_such_field: 1 batch_size: 'x' }"


def test_steps_are_numbered_once_and_say_why() -> None:
    keys = [(step.number, step.title) for step in STEPS]
    assert len(set(keys)) == len(keys)
    assert [step.number for step in STEPS] == sorted(step.number for step in STEPS)
    for step in STEPS:
        assert step.title
        assert step.reason
        assert step.safety in ("safe", "unsafe", "ask")
        assert set(step.trainers) <= {"tf1", "tf2"}


def test_origins_follow_rounds_of_edits() -> None:
    chance = random.Random(1)
    for _ in range(200):
        text = original = "".join(chance.choice("abcdefgh") for _ in range(30))
        marks = list(range(30))  # the original offset of every character, -1 for new ones
        origins = Origins()
        for _ in range(4):
            cuts = sorted(chance.sample(range(len(text) + 1), 4)) if len(text) >= 4 else []
            pairs = list(zip(cuts[::2], cuts[1::2], strict=True))
            edits = [Edit(start, end, "X" * chance.randint(0, 3)) for start, end in pairs]
            for edit in reversed(edits):
                marks[edit.start : edit.end] = [-1] * len(edit.text)
            origins.apply(edits)
            text = apply_edits(text, edits)
        for offset, mark in enumerate(marks):
            if mark >= 0:
                assert origins.original(offset) == mark
                assert text[offset] == original[mark]
