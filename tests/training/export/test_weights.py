"""Where an export's weights come from: runs, both generations of the OD API, averages, and what does not fit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.errors import UserError
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.export.plan import trained_network
from cfgtool.training.export.weights import read_values
from cfgtool.training.run.job import Job, load_job
from cfgtool.training.run.keras_state import keras_state
from cfgtool.training.run.optimizers import Momentum, MovingAverage
from cfgtool.training.tensor_weights import Weights

from .conftest import TWO_CLASSES

TF1 = [
    TWO_CLASSES,
    "model.ssd.feature_extractor.type=ssd_mobilenet_v2",
    "model.ssd.feature_extractor.depth_multiplier=0.35",
]
AVERAGES = "eval_config.use_moving_averages=true"


def tf1_checkpoint(prefix: Path, weights: Weights, averages: dict[str, np.ndarray]) -> str:
    """A checkpoint as TF1 writes it, of step 77."""
    values = {name: variable.numpy() for name, variable in weights.by_tf1_name().items()}
    values |= {f"{name}/ExponentialMovingAverage": value for name, value in averages.items()}
    tensors = [Tensor(name, "float32", value.shape, value.tobytes) for name, value in values.items()]
    tensors.append(Tensor("global_step", "int64", (), lambda: (77).to_bytes(8, "little")))
    write_bundle(str(prefix), tensors)
    return str(prefix)


def taken(job: Job, prefix: str, **options: Any) -> dict[str, np.ndarray]:
    return read_values(trained_network(job, open_checkpoint(prefix), **options)[1])


def test_a_tf1_checkpoint_serves_both_generations(demo: Path, tmp_path: Path) -> None:
    job = load_job(str(demo), TF1)
    weights = build_assembly(job.config, seed=4).weights
    prefix = tf1_checkpoint(tmp_path / "model.ckpt-77", weights, {})
    assert trained_network(job, open_checkpoint(prefix))[1].step == 77
    later = load_job(str(demo), [*TF1, "model.ssd.feature_extractor.type=ssd_mobilenet_v2_keras"])
    assert trained_network(later, open_checkpoint(prefix))[0].generation == "tf2"
    for one in (job, later):
        values = taken(one, prefix)
        assert values.keys() == weights.by_name.keys()
        for name, value in values.items():
            np.testing.assert_array_equal(value, weights[name].numpy())


@pytest.mark.parametrize("layout", ["shared", "own"])
@pytest.mark.parametrize("type_", ["ssd_mobilenet_v2", "ssd_inception_v2"])
def test_a_run_of_a_tf1_network_is_exported(demo: Path, tmp_path: Path, type_: str, layout: str) -> None:
    """Inception has no counterpart in TF2: a run keeps its variables under our names.

    Averages are slots, as in the OD API's checkpoints; runs of earlier releases keep them in a layout of their own.
    """
    job = load_job(str(demo), [*TF1, f"model.ssd.feature_extractor.type={type_}"])
    assembly = build_assembly(job.config, seed=4)
    trained = assembly.trainable_by_name
    average = MovingAverage(trained)
    optimizer = Momentum(trained, average=average)
    for number, shadow in enumerate(average.shadow.values()):
        shadow.assign(tf.fill(shadow.shape, float(number)))
    prefix = tf.train.Checkpoint(
        model=assembly.weights.tree,
        optimizer=keras_state(optimizer) if layout == "shared" else optimizer,
        step=tf.Variable(5, dtype=tf.int64),
    ).save(str(tmp_path / "ckpt"))
    assert trained_network(job, open_checkpoint(prefix))[1].step == 5
    for name, value in taken(job, prefix).items():
        np.testing.assert_array_equal(value, assembly.weights[name].numpy())
    averaged = taken(job, prefix, averages=True)
    for name, variable in assembly.weights.by_name.items():
        want = average.shadow.get(name, variable).numpy()
        np.testing.assert_array_equal(averaged[name], want)


def test_averages_are_taken_where_the_config_evaluates_them(demo: Path, tmp_path: Path) -> None:
    job = load_job(str(demo), [*TF1, AVERAGES])
    weights = build_assembly(job.config).weights
    names = {variable.name: variable.tf1_name for variable in weights.described if variable.trainable}
    averages = {str(tf1): weights[name].numpy() + 1.0 for name, tf1 in names.items()}
    prefix = tf1_checkpoint(tmp_path / "model.ckpt-77", weights, averages)
    sources = trained_network(job, open_checkpoint(prefix))[1]
    assert sources.averages == len(names)
    for name, value in read_values(sources).items():
        np.testing.assert_array_equal(value, weights[name].numpy() + (1.0 if name in names else 0.0))


def test_missing_averages_are_told(demo: Path, pretrained: str) -> None:
    job = load_job(str(demo), [TWO_CLASSES, AVERAGES])
    with pytest.raises(UserError, match="has no moving averages"):
        taken(job, pretrained)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.ssd.num_classes=4", "the checkpoint has 2 classes, the config 4"),
        ("model.ssd.feature_extractor.depth_multiplier=1.0", r"is not of this network: '.*' is \[.*\] in it, \[.*\] here"),
        ("model.ssd.feature_extractor.type=ssd_mobilenet_v2_keras", "is not of this network|is of another network"),
    ],
)  # fmt: skip
def test_another_network_is_refused(demo: Path, pretrained: str, change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        taken(load_job(str(demo), [TWO_CLASSES, change]), pretrained)


def test_a_damaged_or_incomplete_checkpoint_is_refused(job: Job, pretrained: str, tmp_path: Path) -> None:
    for path in Path(pretrained).parent.glob("ckpt-1.*"):
        shutil.copy(path, tmp_path)
    data = tmp_path / "ckpt-1.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    with pytest.raises(UserError, match="is damaged at byte"):
        taken(job, str(tmp_path / "ckpt-1"))
    data.unlink()
    with pytest.raises(UserError, match="copy all files of the checkpoint"):
        taken(job, str(tmp_path / "ckpt-1"))
