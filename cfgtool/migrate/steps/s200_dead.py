"""Fields that no trainer of the generation reads any more: rows B7 to B14, B19, B21, E3 and E8.

Most are one row of `_ROWS`: adding one is adding a row. A row for both generations is read by neither; what a
TF1 trainer still reads is deleted in TF2 only, or, if the schema calls it deprecated, in TF1 when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, BOTH, SAFE, TF1, TF2_ONLY, UNSAFE, Step
from cfgtool.migrate.rewriting import added, blocks_of, change, note, removed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfgtool.migrate.draft import Draft
    from cfgtool.migrate.model import Change

_MAX_BOXES = "train_config.max_number_of_boxes"
_DEFAULT_BOXES = "100"
"""Of `max_number_of_boxes` in a reader (input_reader.proto)."""

_QUEUES = ("TrainConfig", ("batch_queue_capacity", "num_batch_queue_threads", "prefetch_queue_capacity"))
_READER_QUEUES = ("InputReader", ("queue_capacity", "min_after_dequeue"))
_LEGACY_EVALUATOR = (
    "EvalConfig",
    (
        "eval_interval_secs",
        "save_graph",
        "eval_master",
        "visualization_export_dir",
        "ignore_groundtruth",
        "skip_scores",
        "skip_labels",
        "visualize_groundtruth_boxes",
        "groundtruth_box_visualization_color",
        "keep_image_id_for_visualization_export",
        "use_dummy_loss_in_eval",
    ),
)
_ANCHORWISE = (
    "WeightedSigmoidClassificationLoss",
    "WeightedSoftmaxClassificationLoss",
    "WeightedSoftmaxClassificationAgainstLogitsLoss",
    "BootstrappedSigmoidClassificationLoss",
    "SigmoidFocalClassificationLoss",
    "WeightedL2LocalizationLoss",
    "WeightedSmoothL1LocalizationLoss",
)

_SLIM = "only the legacy Slim trainer reads it; the estimator and the TF2 trainer do not"

_ROWS: tuple[tuple[int, str, str, tuple[str, ...], str, str, tuple[str, ...]], ...] = (
    (201, "B8", *_QUEUES, "a queue size of the Slim trainer, nothing in TF2 reads it", SAFE, TF2_ONLY),
    (202, "B8", *_QUEUES, _SLIM, UNSAFE, (TF1,)),
    (203, "B9", *_READER_QUEUES, "a queue size of the Slim reader, nothing in TF2 reads it", SAFE, TF2_ONLY),
    (204, "B9", *_READER_QUEUES, _SLIM, UNSAFE, (TF1,)),
    (205, "B9", "InputReader", ("prefetch_size",), "nothing reads it any more", SAFE, BOTH),
    (
        206,
        "B10",
        "InputReader",
        ("num_parallel_map_calls",),
        "read only without batching, which TF2 always does",
        SAFE,
        TF2_ONLY,
    ),
    (
        207,
        "B10",
        "InputReader",
        ("num_parallel_map_calls",),
        "deprecated; read only without batching",
        UNSAFE,
        (TF1,),
    ),
    (
        208,
        "B11",
        "EvalConfig",
        ("num_examples",),
        "TF2 evaluates every example; for a subset set sample_1_of_n_examples in the eval_input_reader",
        SAFE,
        TF2_ONLY,
    ),
    (
        209,
        "B11",
        "EvalConfig",
        ("num_examples",),
        "deprecated; only the legacy evaluator reads it, 5000 examples without it",
        UNSAFE,
        (TF1,),
    ),
    (210, "B12", "EvalConfig", ("max_evals",), "TF2 evaluates until training ends", SAFE, TF2_ONLY),
    (
        211,
        "B12",
        "EvalConfig",
        ("max_evals",),
        "deprecated; only the legacy evaluator reads it, and goes on for ever without it",
        UNSAFE,
        (TF1,),
    ),
    (212, "B13", *_LEGACY_EVALUATOR, "only TF1 evaluators read it", SAFE, TF2_ONLY),
    (
        213,
        "B13",
        "EvalConfig",
        ("eval_instance_masks",),
        "nothing reads it; coco_mask_metrics in metrics_set evaluates masks",
        SAFE,
        BOTH,
    ),
    *((214, "B14", owner, ("anchorwise_output",), "nothing reads it", SAFE, BOTH) for owner in _ANCHORWISE),
    (
        215,
        "B19",
        "InputReader",
        ("use_display_name",),
        "nothing reads it; both names of the label map are always tried",
        SAFE,
        BOTH,
    ),
    (216, "B19", "InputReader", ("use_keypoint_label_map",), "nothing reads it", SAFE, BOTH),
    (217, "B19", "XYPairs", ("training_data_type",), "nothing reads it", SAFE, BOTH),
    (218, "B19", "Hyperparams", ("regularize_depthwise",), "nothing reads it", SAFE, BOTH),
    (219, "B19", "MaskRCNNBoxPredictor", ("predict_keypoints",), "nothing reads it", SAFE, BOTH),
    (220, "B19", "Ssd", ("mask_head_config",), "no such head is ever built", SAFE, BOTH),
    (221, "B19", "Loss", ("equalization_loss",), "it is not part of any loss", SAFE, BOTH),
    (222, "B19", "Quantization", ("symmetric",), "nothing reads it", SAFE, BOTH),
    (
        223,
        "B19",
        "FasterRcnnFeatureExtractor",
        ("pad_to_multiple",),
        "nothing reads it; FPN backbones always pad to 32",
        SAFE,
        BOTH,
    ),
    (224, "B19", "CenterNetFeatureExtractor", ("use_depthwise",), "every backbone ignores it", SAFE, BOTH),
    (
        225,
        "E3",
        "TrainConfig",
        ("sync_replicas", "replicas_to_aggregate", "startup_delay_steps"),
        "TF2 replicas are always synchronous; batch_size is that of all replicas together",
        SAFE,
        TF2_ONLY,
    ),
    (
        226,
        "E8",
        "TrainConfig",
        ("summarize_gradients",),
        "the TF2 trainer has no such summary",
        SAFE,
        TF2_ONLY,
    ),
    (
        227,
        "E8",
        "TrainConfig",
        ("keep_checkpoint_every_n_hours",),
        "the TF2 trainer keeps the newest 7 checkpoints",
        SAFE,
        TF2_ONLY,
    ),
)
"""(number, id, message, fields, why, safety, trainers)."""


def _deletion(
    owner: str, names: tuple[str, ...], message: str, exact: bool
) -> Callable[[Draft], Iterator[Change]]:
    def run(draft: Draft) -> Iterator[Change]:
        for name in names:
            for place in draft.named(owner, name):
                yield change(message, removed(draft, place), exact=exact)

    return run


def _move_boxes(draft: Draft) -> Iterator[Change]:
    places = draft.find(_MAX_BOXES)
    readers = blocks_of(draft, "train_input_reader")
    for place in places:
        # Never overwrite what is in force: the old field had no effect beside it.
        if draft.find("train_input_reader.max_number_of_boxes"):
            yield change("nothing reads it here; train_input_reader has its own", removed(draft, place))
        elif place is not places[-1]:
            yield change("a later one is in force", removed(draft, place))
        elif readers:
            text = draft.text(place)
            part = added(draft, readers[-1], "train_input_reader.max_number_of_boxes", text)
            message = "nothing reads it here; the reader is where it acts"
            if text != _DEFAULT_BOXES:
                message += f", and images keep {text} boxes then, no longer {_DEFAULT_BOXES}"
            yield change(message, removed(draft, place), part, exact=text == _DEFAULT_BOXES)


def _boxes_without_reader(draft: Draft) -> Iterator[Change]:
    for place in draft.find(_MAX_BOXES):
        yield note(
            draft, place, "nothing reads it here; it belongs to train_input_reader, which is not in this file"
        )


def _placeholder(wanted: bool) -> Callable[[Draft], Iterator[Change]]:
    def run(draft: Draft) -> Iterator[Change]:
        for place in draft.named("SsdFeatureExtractor", "replace_preprocessor_with_placeholder"):
            if wanted and draft.is_true(place):
                message = (
                    "no extractor takes it, and building the model fails; the preprocessor stays in the model"
                )
                yield change(message, removed(draft, place), exact=False)
            elif not wanted and draft.is_false(place):
                yield change("no extractor takes it, and building the model fails", removed(draft, place))

    return run


STEPS = [
    Step(
        200,
        "B7",
        "max_number_of_boxes in train_config",
        "the reader's field of this name is the one that is read",
        _move_boxes,
        trainers=BOTH,
    ),
    Step(
        228,
        "B7",
        "max_number_of_boxes in train_config, without a reader",
        "the reader's field of this name is the one that is read",
        _boxes_without_reader,
        ASK,
        BOTH,
    ),
    Step(
        229,
        "B21",
        "replace_preprocessor_with_placeholder: false",
        "its mere presence stops the model builder",
        _placeholder(False),
        trainers=BOTH,
    ),
    Step(
        230,
        "B21",
        "replace_preprocessor_with_placeholder: true",
        "its presence stops the model builder",
        _placeholder(True),
        UNSAFE,
        BOTH,
    ),
    *(
        Step(
            number,
            id_,
            f"{', '.join(names[:3])} of {owner}",
            why,
            _deletion(owner, names, why, safety == SAFE),
            safety,
            to,
        )
        for number, id_, owner, names, why, safety, to in _ROWS
    ),
]
