"""Evaluation of weights: readers, limits, losses, averages, checkpoints of every kind, and inside a run."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.checkpoints import Checkpoint, open_checkpoint
from cfgtool.errors import UserError
from cfgtool.training.assemblies import Assembly, build_assembly
from cfgtool.training.evaluation.checkpoint import CheckpointEvaluator, evaluate_checkpoint
from cfgtool.training.evaluation.evaluator import Evaluation, Evaluator
from cfgtool.training.evaluation.many import Wanted, evaluate_several
from cfgtool.training.evaluation.metrics import MAIN_METRIC, NAMES
from cfgtool.training.evaluation.settings import find_reader
from cfgtool.training.evaluation.weights import load_weights, training_step
from cfgtool.training.run.job import Job, load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.train import Run
from cfgtool.training.starting.plan import find_checkpoint, plan_start

SMALL = (
    "train_config.batch_size=2",
    "model.ssd.image_resizer.fixed_shape_resizer.height=64",
    "model.ssd.image_resizer.fixed_shape_resizer.width=64",
    'train_config.fine_tune_checkpoint=""',
    "eval_config.num_visualizations=1",
)
AVERAGE = "train_config.optimizer.use_moving_average=true"
AVERAGES = "eval_config.use_moving_averages=true"
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.fixture(scope="module")
def config(fixtures: Path) -> str:
    return str(fixtures / "demo" / "pipeline.config")


@pytest.fixture(scope="module")
def job(config: str) -> Job:
    return load_job(config, SMALL)


@pytest.fixture(scope="module")
def trained(config: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model dir of a run that has learned something, with checkpoints of steps 100 and 200."""
    folder = tmp_path_factory.mktemp("trained")
    pretrained = Path(config).parent / "pretrained" / "ckpt-1"
    changes = ("train_config.batch_size=8", f'train_config.fine_tune_checkpoint="{pretrained}"')
    run_of(config, folder, 200, *changes, checkpoint_every=100, log_every=100).run()
    return folder


@pytest.fixture(scope="module")
def assembly(job: Job, trained: Path) -> Assembly:
    made = build_assembly(job.config)
    checkpoint = find_checkpoint(trained, None)
    assert load_weights(job, made.network.description, made.weights, checkpoint) == 200
    return made


@pytest.fixture(scope="module")
def whole(job: Job, assembly: Assembly) -> Evaluation:
    return Evaluator(job, assembly).run()


def changed(config: str, *changes: str) -> Job:
    return load_job(config, (*SMALL, *changes))


def run_of(config: str, model_dir: Path, steps: int, *changes: str, **more: Any) -> Run:
    overrides = (*SMALL, f"train_config.num_steps={steps}", *changes)
    options = TrainOptions(config, model_dir, overrides=overrides, **{"log_every": 1, **more})
    job = load_job(config, overrides)
    return Run(job, plan_start(job, options), options)


def save(prefix: Path, tensors: dict[str, Any]) -> Checkpoint:
    """A checkpoint with tensors under those names."""
    slices = [""] * len(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(tensors),
        shape_and_slices=slices,
        tensors=list(tensors.values()),
    )
    return open_checkpoint(str(prefix))


# What is computed


def test_something_is_found(whole: Evaluation) -> None:
    """What the other tests rely on: numbers that are neither 0 nor 1."""
    assert 0.005 < whole.values[MAIN_METRIC] < 0.98
    assert 0.0 < whole.values[f"{MAIN_METRIC}@.75IOU"] < whole.values[f"{MAIN_METRIC}@.50IOU"]


def test_names_and_losses_are_those_of_the_od_api(whole: Evaluation, job: Job, assembly: Assembly) -> None:
    terms = ["Loss/localization_loss", "Loss/classification_loss", "Loss/regularization_loss"]
    assert list(whole.values) == [*NAMES, *terms, "Loss/total_loss"]
    assert list(whole.values) == Evaluator(job, assembly).metric_names()
    assert whole.values["Loss/total_loss"] == pytest.approx(sum(whole.values[name] for name in terms))
    penalty = assembly.regularization()
    assert penalty is not None
    assert whole.values["Loss/regularization_loss"] == pytest.approx(float(penalty), rel=1e-6)


def test_the_penalty_is_left_out_where_training_leaves_it_out(config: str, assembly: Assembly) -> None:
    job = changed(config, "train_config.add_regularization_loss=false")
    assert "Loss/regularization_loss" not in Evaluator(job, assembly).metric_names()
    assert "Loss/regularization_loss" not in Evaluator(job, assembly).run().values


@pytest.mark.parametrize("size", [7, 64])
def test_metrics_do_not_depend_on_the_batches(
    config: str, assembly: Assembly, whole: Evaluation, size: int
) -> None:
    found = Evaluator(changed(config, f"eval_config.batch_size={size}"), assembly).run()
    for name in NAMES:
        assert found.values[name] == pytest.approx(whole.values[name], abs=1e-6), name


def test_a_batch_that_is_the_only_one_has_its_own_loss(config: str, assembly: Assembly) -> None:
    """Forty examples: in a batch of 64 the repeats that fill it up must not count."""
    exact = Evaluator(changed(config, "eval_config.batch_size=40"), assembly).run()
    filled = Evaluator(changed(config, "eval_config.batch_size=64"), assembly).run()
    for name in ("Loss/localization_loss", "Loss/classification_loss"):
        assert filled.values[name] == pytest.approx(exact.values[name], rel=1e-5)


def test_several_sets_at_once(config: str, assembly: Assembly, whole: Evaluation) -> None:
    sets = "pascal_voc_detection_metrics", "oid_V2_detection_metrics"
    quoted = ", ".join(f'"{name}"' for name in sets)
    job = changed(config, f"eval_config.metrics_set=[{quoted}]")
    values = Evaluator(job, assembly).run(curves=True).values
    assert next(iter(values)) == "PascalBoxes_Precision/mAP@0.5IOU"
    assert "OpenImagesV2_PerformanceByCategory/AP@0.5IOU/star" in values
    assert MAIN_METRIC not in values, "the curves need COCO's counting, which was not asked for"
    # Two definitions of nearly the same: every point of the curve, or 101 of them.
    assert values["PascalBoxes_Precision/mAP@0.5IOU"] == pytest.approx(
        whole.values[f"{MAIN_METRIC}@.50IOU"], abs=0.01
    )


def test_curves_come_when_asked_for(job: Job, assembly: Assembly, whole: Evaluation) -> None:
    curves = Evaluator(job, assembly).run(curves=True).curves
    assert whole.curves == {}
    assert list(curves) == ["boxes"]
    assert curves["boxes"].mean.mean() == pytest.approx(whole.values[f"{MAIN_METRIC}@.50IOU"])


def test_the_function_is_traced_once(config: str, assembly: Assembly) -> None:
    evaluator = Evaluator(changed(config, "eval_config.batch_size=16"), assembly)
    evaluator.run()
    evaluator.run()
    assert evaluator._evaluate.experimental_get_tracing_count() == 1


def test_groups_and_labelled_classes_reach_the_metrics(config: str, assembly: Assembly) -> None:
    """Every object is a group, which forgives its detections, and no class was looked for but the first one."""
    sets = '["oid_V2_detection_metrics", "oid_challenge_detection_metrics", "coco_detection_metrics"]'
    changes = (f"eval_config.metrics_set={sets}", "eval_config.skip_predictions_for_unlabeled_class=true")
    evaluator = Evaluator(changed(config, *changes, "eval_config.batch_size=40"), assembly)

    def marked(batch: dict[str, Any]) -> dict[str, Any]:
        groups, labeled = tf.ones_like(batch["difficult"]), tf.tile([[1.0, 0.0, 0.0, 0.0]], [40, 1])
        return {**batch, "group_of": groups, "labeled_classes": labeled}

    evaluator._dataset = evaluator._dataset.map(marked)
    values = evaluator.run(per_class=True).values
    assert math.isnan(values["OpenImagesV2_Precision/mAP@0.5IOU"])
    assert values["OpenImagesDetectionChallenge_Precision/mAP@0.5IOU"] > 0.0
    assert values["DetectionBoxes_PerformanceByCategory/mAP/circle"] > 0.0
    for name in ("square", "triangle", "star"):
        assert values[f"DetectionBoxes_PerformanceByCategory/mAP/{name}"] == 0.0


# What the config says


def test_the_number_of_examples_is_respected_and_said(config: str, assembly: Assembly) -> None:
    seen: list[int] = []
    evaluator = Evaluator(changed(config, "eval_config.num_examples=5", "eval_config.batch_size=3"), assembly)
    found = evaluator.run(on_image=seen.append)
    assert seen == [3, 5]
    assert found.notes == ["eval_config.num_examples is 5: later examples do not count"]
    assert Evaluator(changed(config, "eval_config.num_examples=40"), assembly).run().notes == []


def test_pictures_are_the_first_batches_each_time(config: str, assembly: Assembly) -> None:
    job = changed(
        config,
        "eval_config.batch_size=2",
        "eval_config.num_visualizations=2",
        "eval_config.num_examples=6",
        "eval_config.min_score_threshold=0.0",
        "eval_config.max_num_boxes_to_visualize=1",
    )
    evaluator = Evaluator(job, assembly)
    first, second = evaluator.run(), evaluator.run()
    tags = [f"eval_side_by_side_{batch}_{index}" for batch in (0, 1) for index in (0, 1)]
    assert [picture.tag for picture in first.pictures] == tags
    for one, other in zip(first.side_by_side(), second.side_by_side(), strict=True):
        assert one.tobytes() == other.tobytes()
    hidden = next(first.side_by_side(1.1))
    assert hidden.tobytes() != next(first.side_by_side()).tobytes()


@pytest.mark.parametrize(
    "change", ["eval_config.num_visualizations=0", "eval_config.retain_original_images=false"]
)
def test_nothing_is_drawn_where_nothing_shall_be(config: str, assembly: Assembly, change: str) -> None:
    job = changed(config, change, "eval_config.num_examples=2")
    assert Evaluator(job, assembly).run().pictures == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            'eval_config.metrics_set[0]="coco_mask_metrics"',
            "'coco_mask_metrics' compares masks, and this 'ssd' predicts boxes only",
        ),
        ("eval_config.eval_instance_masks=true", "'eval_instance_masks' compares masks, and this 'ssd'"),
        ('eval_config.metrics_set[0]="coco_metrics"', "'coco_metrics' is not known"),
        ("eval_config.ignore_groundtruth=true", "'ignore_groundtruth' is not supported"),
        ('eval_config.visualization_export_dir="there"', "--draw"),
        ("eval_config.force_no_resize=true", "'force_no_resize' is not supported"),
    ],
)
def test_what_is_asked_for_in_vain_is_refused(
    config: str, assembly: Assembly, change: str, message: str
) -> None:
    job = changed(config, change)
    with pytest.raises(UserError) as caught:
        Evaluator(job, assembly)
    assert message in str(caught.value)
    assert caught.value.line is not None


@pytest.fixture
def two_readers(config: str, tmp_path: Path) -> str:
    """The config with a second evaluation reader, named, on the training records."""
    text = Path(config).read_text()
    for name in ("shapes_label_map.pbtxt", "shapes_train.record", "shapes_val.record"):
        text = text.replace(f"../shapes/{name}", str(Path(config).parents[1] / "shapes" / name))
    reader = text[text.index("eval_input_reader") :].replace("val.record", "train.record")
    path = tmp_path / "two.config"
    path.write_text(text + reader.replace("shuffle: false", 'name: "seen" shuffle: false'))
    return str(path)


def test_readers_by_name_and_number(two_readers: str) -> None:
    job = changed(two_readers)
    assert [find_reader(job, wanted) for wanted in (None, "0", "1", "seen")] == [0, 0, 1, 1]
    with pytest.raises(
        UserError, match=r"there is no evaluation reader 'unseen'; the config has 0, 1 'seen'"
    ):
        find_reader(job, "unseen")
    with pytest.raises(UserError, match="there is no evaluation reader '2'"):
        find_reader(job, "2")
    with pytest.raises(UserError, match="several evaluation readers have the name 'seen'"):
        find_reader(changed(two_readers, 'eval_input_reader[0].name="seen"'), "seen")


def test_the_wanted_reader_is_evaluated(two_readers: str, copy_of_trained: Path, whole: Evaluation) -> None:
    evaluator = CheckpointEvaluator(changed(two_readers), reader="seen")
    ((_, _, found),) = evaluate_several(
        changed(two_readers), evaluator, Wanted(copy_of_trained, wait=True, timeout=0.0), print
    )
    assert found.values["Loss/classification_loss"] != whole.values["Loss/classification_loss"]
    assert rows(copy_of_trained / "eval" / "seen")[0]["step"] == 200


# Checkpoints of every kind


def test_a_checkpoint_of_tf1_is_evaluated(
    job: Job, assembly: Assembly, whole: Evaluation, tmp_path: Path
) -> None:
    """The weights of the other tests under their names in TF1."""
    described = assembly.network.description.variables
    tensors = {str(variable.tf1_name): assembly.weights[variable.name].numpy() for variable in described}
    checkpoint = save(tmp_path / "model.ckpt-5", {**tensors, "global_step": np.int64(77)})
    step, found = evaluate_checkpoint(job, checkpoint)
    assert step == 77
    assert found.values == whole.values
    assert training_step(save(tmp_path / "model.ckpt-6", tensors)) == 6, "without a counter the name tells"


def loaded(job: Job, checkpoint: Checkpoint) -> Assembly:
    made = build_assembly(job.config, seed=1)
    load_weights(job, made.network.description, made.weights, checkpoint)
    return made


def assert_same_weights(one: Assembly, other: Assembly) -> None:
    for name, variable in one.weights.by_name.items():
        np.testing.assert_array_equal(variable.numpy(), other.weights[name].numpy(), err_msg=name)


def test_a_checkpoint_of_tf1_gives_all_weights_of_a_network_of_tf1(config: str, tmp_path: Path) -> None:
    job = changed(config, 'model.ssd.feature_extractor.type="ssd_mobilenet_v1"')
    source = build_assembly(job.config, seed=3)
    described = source.network.description
    assert described.generation == "tf1"
    tensors = {
        str(variable.tf1_name): source.weights[variable.name].numpy() for variable in described.variables
    }
    assert_same_weights(source, loaded(job, save(tmp_path / "model.ckpt-5", tensors)))


def test_a_tf1_checkpoint_that_means_something_else_here_is_refused(config: str, tmp_path: Path) -> None:
    predictor = "model.ssd.box_predictor.convolutional_box_predictor.apply_sigmoid_to_scores=true"
    job = changed(config, predictor)
    assembly = build_assembly(job.config)
    described = assembly.network.description.variables
    tensors = {str(variable.tf1_name): assembly.weights[variable.name].numpy() for variable in described}
    with pytest.raises(
        UserError, match="of TF1, and 'ssd_mobilenet_v1_keras' computes something else in TF2"
    ):
        evaluate_checkpoint(job, save(tmp_path / "model.ckpt-5", tensors))


def test_checkpoints_of_other_networks_are_refused(config: str, tmp_path: Path, fixtures: Path) -> None:
    job = changed(config)
    other = open_checkpoint(str(fixtures / "demo" / "pretrained" / "ckpt-1"))
    with pytest.raises(UserError, match="is not of this network: .*there and .*here"):
        evaluate_checkpoint(job, other)
    with pytest.raises(UserError, match="it lacks .* variables, such as"):
        evaluate_checkpoint(job, save(tmp_path / "model.ckpt-5", {"nothing": np.float32(0)}))
    (tmp_path / "model.ckpt-5.data-00000-of-00001").unlink()
    with pytest.raises(UserError, match="has no readable data"):
        evaluate_checkpoint(job, open_checkpoint(str(tmp_path / "model.ckpt-5")))


@pytest.mark.parametrize("dialect", ["tf1", "tf2", "ours"])
def test_averages_of_every_kind_of_checkpoint(config: str, tmp_path: Path, dialect: str) -> None:
    """The weights are noise, the averages another network's weights: these must come out."""
    job = changed(config, AVERAGES)
    averaged = build_assembly(job.config, seed=7)
    tensors: dict[str, Any] = {}
    for variable in averaged.network.description.variables:
        value = averaged.weights[variable.name].numpy()
        key = str(variable.tf1_name) if dialect == "tf1" else f"{variable.tf2_key}{SUFFIX}"
        tensors[key] = np.full_like(value, 0.25) if variable.trainable else value
        if not variable.trainable:
            continue
        match dialect:
            case "tf1":
                tensors[f"{key}/ExponentialMovingAverage"] = value
            case "tf2":
                tensors[f"{variable.tf2_key}/.OPTIMIZER_SLOT/optimizer/average{SUFFIX}"] = value
            case _:
                name = variable.name.replace("/", ".S")
                tensors[f"optimizer/average/shadow/{name}{SUFFIX}"] = value
    if dialect != "tf1":
        tensors["_CHECKPOINTABLE_OBJECT_GRAPH"] = b""
    assert_same_weights(averaged, loaded(job, save(tmp_path / "ckpt-1", tensors)))
    without = {key: value for key, value in tensors.items() if "verage" not in key}
    with pytest.raises(UserError, match="the checkpoint has no moving averages"):
        loaded(job, save(tmp_path / "ckpt-2", without))


# Inside a run


def rows(model_dir: Path, name: str = "metrics.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (model_dir / name).read_text().splitlines()]


def summaries(folder: Path) -> dict[str, list[int]]:
    """Tag -> steps of the TensorBoard summaries of a folder."""
    found: dict[str, list[int]] = {}
    for path in folder.glob("events.out.tfevents.*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append(event.step)
    return found


def test_a_run_evaluates_logs_and_keeps_the_best(config: str, tmp_path: Path) -> None:
    run = run_of(config, tmp_path, 4, "eval_config.num_examples=6", eval_every=2)
    run.run()
    evaluated = {row["step"]: row for row in rows(tmp_path) if MAIN_METRIC in row}
    assert list(evaluated) == [2, 4]
    assert not any(name.startswith("Loss/") for row in evaluated.values() for name in row)
    tags = summaries(tmp_path / "eval")
    assert tags[MAIN_METRIC] == tags["Loss/total_loss"] == tags["eval_side_by_side_0_0"] == [2, 4]
    pictures = sorted(path.name for path in (tmp_path / "eval" / "pictures").iterdir())
    assert pictures
    assert all(name.startswith("step-4-") for name in pictures), "those of step 2 have given way"
    note = json.loads((tmp_path / "best" / "best.json").read_text())
    best = max(evaluated, key=lambda step: (evaluated[step][MAIN_METRIC], -step))
    assert (note["step"], note["metric"]) == (best, MAIN_METRIC)
    _, found = evaluate_checkpoint(run.job, find_checkpoint(tmp_path / "best", None))
    assert found.values[MAIN_METRIC] == pytest.approx(note["value"], abs=1e-6)


@pytest.mark.slow
def test_averages_are_swapped_in_and_back_to_the_bit(config: str, tmp_path: Path) -> None:
    """Two runs, one evaluates its averages after every step: they end with the same weights and averages."""
    plain = run_of(config, tmp_path / "plain", 4, AVERAGE)
    evaluated = run_of(
        config, tmp_path / "evaluated", 4, AVERAGE, AVERAGES, "eval_config.num_examples=4", eval_every=1
    )
    plain.run()
    evaluated.run()
    for name, variable in plain.assembly.weights.by_name.items():
        np.testing.assert_array_equal(
            variable.numpy(), evaluated.assembly.weights[name].numpy(), err_msg=name
        )
    for one, other in zip(plain.optimizer.variables, evaluated.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.name)
    last = rows(tmp_path / "evaluated")[-1]
    _, found = evaluate_checkpoint(evaluated.job, find_checkpoint(tmp_path / "evaluated", None))
    _, raw = evaluate_checkpoint(plain.job, find_checkpoint(tmp_path / "evaluated", None))
    assert last[MAIN_METRIC] == pytest.approx(found.values[MAIN_METRIC], abs=1e-6)
    assert found.values["Loss/total_loss"] != raw.values["Loss/total_loss"]


def test_averages_that_the_optimizer_does_not_keep_are_refused(config: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the optimizer keeps no moving averages"):
        run_of(config, tmp_path, 1, AVERAGES, eval_every=1).run()
    assert not (tmp_path / "metrics.jsonl").read_text(), "before the first step"


def test_an_unknown_metric_for_the_best_is_refused(config: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"metric 'Loss/total' is not among .*did you mean 'Loss/total_loss'"):
        run_of(config, tmp_path, 1, eval_every=1, best="Loss/total").run()


@pytest.mark.slow
def test_a_run_without_progress_ends_early_and_goes_on_counting(config: str, tmp_path: Path) -> None:
    """A rate this small changes no weight, so the penalty on them, which decides here, stays the same."""
    rate = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
    still = (
        f"{rate}.learning_rate_base=1e-20",
        f"{rate}.warmup_learning_rate=0",
        "eval_config.num_examples=2",
    )
    more: dict[str, Any] = {"eval_every": 1, "best": "Loss/regularization_loss"}
    assert run_of(config, tmp_path, 9, *still, **more, patience=3).run() == 4
    note = json.loads((tmp_path / "best" / "best.json").read_text())
    assert note["metric"] == "Loss/regularization_loss"
    assert (note["step"], note["later"]) == (1, [2, 3, 4])
    assert (tmp_path / "best" / "ckpt-1.index").is_file()
    # Resumed with more patience: three evaluations were waited for already.
    assert run_of(config, tmp_path, 9, *still, **more, patience=5).run() == 6


# The checkpoints of a model dir


@pytest.fixture
def copy_of_trained(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


@pytest.fixture(scope="module")
def evaluator(config: str) -> CheckpointEvaluator:
    return CheckpointEvaluator(changed(config, "eval_config.num_examples=3"))


def test_all_checkpoints_in_order(job: Job, evaluator: CheckpointEvaluator, copy_of_trained: Path) -> None:
    folder = copy_of_trained
    found = list(evaluate_several(job, evaluator, Wanted(folder, all_=True), print))
    both = [("ckpt-1", 100), ("ckpt-2", 200)]
    assert [(Path(checkpoint.path).name, step) for checkpoint, step, _ in found] == both
    written = rows(folder / "eval")
    assert [(row["checkpoint"], row["step"]) for row in written] == both
    assert written[1][MAIN_METRIC] == found[1][2].values[MAIN_METRIC]
    assert summaries(folder / "eval")[MAIN_METRIC] == [100, 200]
    list(evaluate_several(job, evaluator, Wanted(folder, all_=True), print))
    assert rows(folder / "eval") == written, "a checkpoint has one row"
    said: list[str] = []
    wanted = Wanted(folder, wait=True, timeout=60.0, interval=60.0)
    assert list(evaluate_several(job, evaluator, wanted, said.append)) == []
    assert said == ["ckpt-2 of step 200 has been evaluated before"]
    with pytest.raises(UserError, match="no checkpoint is in this model dir"):
        list(evaluate_several(job, evaluator, Wanted(folder / "nowhere", all_=True), print))


@pytest.mark.parametrize(
    ("change", "more", "steps", "says"),
    [
        ("train_config.num_steps=1", {}, [200], []),
        ("train_config.num_steps=1", {"all_": True}, [100, 200], []),
        (
            "eval_config.max_evals=1",
            {"all_": True},
            [100],
            ["eval_config.max_evals is 1: stopped"],
        ),
    ],
    ids=["last step of the run", "all", "number"],
)
def test_a_wait_ends(
    config: str,
    evaluator: CheckpointEvaluator,
    copy_of_trained: Path,
    change: str,
    more: dict[str, Any],
    steps: list[int],
    says: list[str],
) -> None:
    """The config as the run has it counts: it goes to step 200."""
    said: list[str] = []
    wanted = Wanted(copy_of_trained, wait=True, timeout=60.0, interval=0.05, **more)
    found = evaluate_several(changed(config, change), evaluator, wanted, said.append)
    assert [step for _, step, _ in found] == steps
    assert said == says


def test_a_wait_in_vain_ends_and_says_so(
    config: str, evaluator: CheckpointEvaluator, copy_of_trained: Path
) -> None:
    (copy_of_trained / "pipeline.config").unlink()
    said: list[str] = []
    wanted = Wanted(copy_of_trained, wait=True, timeout=0.1, interval=0.05)
    found = evaluate_several(changed(config, "train_config.num_steps=201"), evaluator, wanted, said.append)
    assert [step for _, step, _ in found] == [200]
    assert said == ["no new checkpoint for 0.1 s, stopped waiting"]


def test_a_checkpoint_that_goes_during_its_evaluation_is_skipped(
    job: Job, evaluator: CheckpointEvaluator, copy_of_trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run deletes the first checkpoint after it was opened and before its values are read."""
    evaluate = CheckpointEvaluator.evaluate

    def late(self: CheckpointEvaluator, checkpoint: Checkpoint) -> tuple[int, Evaluation]:
        for path in copy_of_trained.glob("ckpt-1.*"):
            path.unlink()
        return evaluate(self, checkpoint)

    monkeypatch.setattr(CheckpointEvaluator, "evaluate", late)
    said: list[str] = []
    found = evaluate_several(job, evaluator, Wanted(copy_of_trained, wait=True, all_=True), said.append)
    assert [step for _, step, _ in found] == [200]
    assert said == ["ckpt-1 is gone, skipped"]
