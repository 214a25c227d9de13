"""State of optimizers against checkpoints that the OD API's own optimizers wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.run.keras_state import keras_state, restorable
from cfgtool.training.run.optimizers import Optimizer, RmsProp, build_optimizer
from cfgtool.training.run.saving import Saver, restore
from cfgtool.training.tensor_weights import object_tree

RECORDED = Path(__file__).parent / "recorded" / "optimizers"
EXPECTED: dict[str, Any] = json.loads((RECORDED / "expected.json").read_text())
OPTIMIZERS: dict[str, Any] = EXPECTED["optimizers"]
RATE = 0.1
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass
class Training:
    """Two variables and what trains them."""

    variables: dict[str, tf.Variable]
    optimizer: Optimizer
    step: tf.Variable
    tree: tf.Module

    def update(self, number: int) -> None:
        chosen = list(self.variables.values())
        gradients = [tf.fill(variable.shape, EXPECTED["gradients"][number]) for variable in chosen]
        # The OD API hands the decay of RMSProp to the learning rate.
        slower = 1.0 + 0.9 * number if isinstance(self.optimizer, RmsProp) else 1.0
        self.optimizer.apply(gradients, chosen, tf.constant(RATE / slower))
        self.step.assign_add(1)

    def state(self) -> dict[str, np.ndarray]:
        found = {name: variable.numpy() for name, variable in self.variables.items()}
        for kind, slots in self.optimizer.slots.items():
            found |= {f"{kind}/{name}": slot.numpy() for name, slot in slots.items()}
        if self.optimizer.average is not None:
            found |= {f"average/{name}": v.numpy() for name, v in self.optimizer.average.shadow.items()}
        return {**found, "iterations": self.optimizer.iterations.numpy(), "step": self.step.numpy()}

    def layout(self) -> tf.train.Checkpoint:
        return tf.train.Checkpoint(step=self.step, model=self.tree, optimizer=keras_state(self.optimizer))

    def resume(self, prefix: str) -> None:
        restore(
            restorable(prefix, step=self.step, model=self.tree, optimizer=self.optimizer),
            prefix,
        )


def training(name: str) -> Training:
    """As before the first update of the recording, but with other weights if it is to be restored."""
    # Names of ours have other spellings than object paths, and another order.
    variables = {"own/bias": tf.Variable(3.0), "own/kernel": tf.Variable([[1.0, 2.0]])}
    optimizer = build_optimizer(read_config(parse(OPTIMIZERS[name]["config"]), "Optimizer"), variables)
    if optimizer.average is not None:  # the OD API starts averages at 0
        for shadow in optimizer.average.shadow.values():
            shadow.assign(tf.zeros_like(shadow))
    tree = object_tree({"model/bias": variables["own/bias"], "model/kernel": variables["own/kernel"]})
    return Training(variables, optimizer, tf.Variable(0, dtype=tf.int64, trainable=False), tree)


def blank(name: str) -> Training:
    """All values wrong, so that what is not restored shows."""
    found = training(name)
    for variable in [*found.variables.values(), *found.optimizer.variables, found.step]:
        variable.assign(tf.fill(variable.shape, tf.cast(77, variable.dtype)))
    return found


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_checkpoint_of_the_od_api_goes_on_here(name: str) -> None:
    resumed = blank(name)
    resumed.resume(str(RECORDED / name))
    assert resumed.optimizer.iterations.numpy() == 2
    resumed.update(2)
    kernel, bias = OPTIMIZERS[name]["weights"]
    np.testing.assert_allclose(resumed.variables["own/kernel"], kernel, rtol=1e-6)
    np.testing.assert_allclose(resumed.variables["own/bias"], bias, rtol=1e-6)
    if resumed.optimizer.average is not None:
        kernel, bias = OPTIMIZERS[name]["averages"]
        np.testing.assert_allclose(resumed.optimizer.average.shadow["own/kernel"], kernel, rtol=1e-6)
        np.testing.assert_allclose(resumed.optimizer.average.shadow["own/bias"], bias, rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_checkpoint_of_ours_is_the_one_of_the_od_api(name: str, tmp_path: Path) -> None:
    here = training(name)
    here.update(0)
    here.update(1)
    path = here.layout().write(str(tmp_path / "ckpt"))
    ours, theirs = (tf.train.load_checkpoint(prefix) for prefix in (path, str(RECORDED / name)))
    shapes = theirs.get_variable_to_shape_map()
    assert ours.get_variable_to_shape_map() == shapes
    for key in shapes:
        if not key.endswith(SUFFIX):
            continue  # the object graph: the order of its nodes is not the same
        if isinstance(here.optimizer, RmsProp) and key.endswith(f"/decay{SUFFIX}"):
            assert ours.get_tensor(key) == 0.0, "going on there must not lower the learning rate"
            continue
        np.testing.assert_allclose(
            ours.get_tensor(key), theirs.get_tensor(key), rtol=1e-6, atol=1e-7, err_msg=key
        )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_of_ours_goes_on_as_if_it_had_never_stopped(name: str, tmp_path: Path) -> None:
    whole = training(name)
    for number in range(3):
        whole.update(number)
    first, second = training(name), blank(name)
    first.update(0)
    first.update(1)
    second.resume(first.layout().write(str(tmp_path / "ckpt")))
    second.update(2)
    assert second.state().keys() == whole.state().keys()
    for key, value in whole.state().items():
        np.testing.assert_array_equal(second.state()[key], value, err_msg=key)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_checkpoints_in_the_layout_before_go_on(name: str, tmp_path: Path) -> None:
    first, second = training(name), blank(name)
    first.update(0)
    old = tf.train.Checkpoint(step=first.step, model=first.tree, optimizer=first.optimizer)
    second.resume(old.write(str(tmp_path / "ckpt")))
    for key, value in first.state().items():
        np.testing.assert_array_equal(second.state()[key], value, err_msg=key)


def test_the_config_decides_on_constants_and_not_the_checkpoint(tmp_path: Path) -> None:
    here = training("momentum")
    here.optimizer._momentum = 0.5
    here.resume(str(RECORDED / "momentum"))
    path = here.layout().write(str(tmp_path / "ckpt"))
    assert tf.train.load_variable(path, f"optimizer/momentum{SUFFIX}") == 0.5


@pytest.mark.parametrize("name", ["momentum", "momentum_averaged"])
def test_the_checkpoint_before_the_first_step_leaves_the_optimizer_as_it_is(
    name: str, tmp_path: Path
) -> None:
    """The OD API saves one: its optimizer has no variables yet but averages, which are zeros."""
    first, second = training(name), training(name)
    start = second.state()
    parts = {"average": first.optimizer.average} if first.optimizer.average else {}
    second.resume(
        tf.train.Checkpoint(step=first.step, model=first.tree, **parts).write(str(tmp_path / "ckpt"))
    )
    assert second.state().keys() == start.keys()
    for key, value in start.items():
        np.testing.assert_array_equal(second.state()[key], value, err_msg=key)


def test_the_state_of_another_optimizer_is_refused() -> None:
    with pytest.raises(UserError, match="not of this network"):
        training("adam").resume(str(RECORDED / "momentum"))
    with pytest.raises(UserError, match="not of this network"):
        training("momentum_averaged").resume(str(RECORDED / "momentum"))


def test_checkpoints_are_counted_on(tmp_path: Path) -> None:
    """Whatever wrote them, the next checkpoint does not take the name of one that is there."""
    first = training("momentum")
    keeper = tf.train.CheckpointManager(
        tf.train.Checkpoint(step=first.step, model=first.tree, optimizer=first.optimizer), str(tmp_path), 7
    )
    for _ in range(3):
        keeper.save()
    second = training("momentum")
    saver = Saver(tmp_path, keep=7, step=second.step, model=second.tree, optimizer=second.optimizer)
    saver.resume(str(tmp_path / "ckpt-3"))
    assert Path(saver.save()).name == "ckpt-4"
