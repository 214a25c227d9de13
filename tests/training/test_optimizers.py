"""Optimizers: the OD API's updates, state that survives a checkpoint, averages, replicas."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.run.optimizers import (
    Adam,
    Momentum,
    MovingAverage,
    RmsProp,
    build_optimizer,
)
from cfgtool.training.run.schedules import build_schedule


@pytest.mark.reference
def test_recorded_updates(shared):
    data = json.loads((shared / "oracle" / "golden" / "schedules.json").read_text())
    for name, entry in data["optimizers"].items():
        config = read_config(parse(entry["config"]), "Optimizer")
        chosen = config.message(config.which("optimizer"))
        schedule = build_schedule(chosen.message("learning_rate"))
        weight = tf.Variable(data["optimizer_inputs"]["initial"])
        optimizer = build_optimizer(config, {"w": weight})
        if optimizer.average:  # recorded averages start at 0
            optimizer.average.shadow["w"].assign(tf.zeros(6))
        time_decay = 0.0
        if isinstance(optimizer, RmsProp):
            # As recorded: the decay lands on the learning rate, and the mean of squares decays by 0.9.
            time_decay = chosen.number("decay")
            optimizer = RmsProp(
                {"w": weight}, 0.9, *map(chosen.number, ("momentum_optimizer_value", "epsilon"))
            )
        update = tf.function(optimizer.apply)
        for step, gradient in enumerate(data["optimizer_inputs"]["gradients"]):
            rate = schedule.traced(tf.constant(step)) / (1.0 + time_decay * step)
            update([tf.constant(gradient)], [weight], rate)
            want = entry["values_after_each_step"][step]
            np.testing.assert_allclose(weight, want, rtol=1e-6, atol=1e-6, err_msg=name)
            if optimizer.average:
                want = entry["average_after_each_step"][step]
                np.testing.assert_allclose(
                    optimizer.average.shadow["w"], want, rtol=1e-6, atol=1e-6, err_msg=name
                )
        for slot, want in entry.get("slots", {}).items():
            if "/w/" in slot:
                state = getattr(optimizer, slot.split("/")[-1].split(":")[0])["w"]
                np.testing.assert_allclose(state, want, rtol=1e-5, atol=1e-6, err_msg=slot)


MAKERS = {
    "momentum": lambda variables: Momentum(variables, 0.9, MovingAverage(variables, 0.9)),
    "adam": lambda variables: Adam(variables, 1e-8),
    "rms_prop": lambda variables: RmsProp(variables, 0.8, 0.9, 1e-3),
    "rms_prop_without_momentum": lambda variables: RmsProp(variables, 0.8, 0.0, 1e-3),
}


def _variables() -> dict[str, tf.Variable]:
    return {"a/kernel": tf.Variable(tf.ones([2, 3])), "b": tf.Variable(tf.ones([]))}


def _train(optimizer, variables, steps):
    chosen = list(variables.values())
    for step in steps:
        gradients = [tf.cast(variable, tf.float32) * (0.3 + 0.1 * step) for variable in chosen]
        optimizer.apply(gradients, chosen, tf.constant(0.1))


@pytest.mark.parametrize("kind", MAKERS)
def test_a_restored_run_continues_as_if_it_had_never_stopped(kind, tmp_path):
    whole = _variables()
    _train(MAKERS[kind](whole), whole, range(6))

    first = _variables()
    optimizer = MAKERS[kind](first)
    _train(optimizer, first, range(3))
    path = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "ckpt"))

    # Restored into variables in another order.
    second = dict(reversed(_variables().items()))
    again = MAKERS[kind](second)
    tf.train.Checkpoint(optimizer=again).read(path).assert_consumed()
    for name, variable in second.items():
        variable.assign(first[name])
    _train(again, second, range(3, 6))
    for name, variable in whole.items():
        np.testing.assert_array_equal(second[name], variable)


def test_state_is_saved_under_the_names_of_the_variables(tmp_path):
    path = tf.train.Checkpoint(optimizer=MAKERS["momentum"](_variables())).write(str(tmp_path / "ckpt"))
    keys = {name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE") for name, _ in tf.train.list_variables(path)}
    assert keys >= {
        "optimizer/iterations",
        "optimizer/momentum/a.Skernel",
        "optimizer/momentum/b",
        "optimizer/average/shadow/b",
    }


@pytest.mark.parametrize("kind", MAKERS)
def test_updates_lower_a_loss(kind):
    variables = _variables()
    optimizer = MAKERS[kind](variables)
    _train(optimizer, variables, range(5))
    assert float(tf.reduce_max(tf.abs(variables["a/kernel"]))) < 1.0
    assert int(optimizer.iterations) == 5


def test_averages_follow_slowly_swap_and_restart():
    weight = tf.Variable([0.0, 10.0])
    average = MovingAverage({"w": weight}, 0.5)
    weight.assign([11.0, 10.0])
    average.update([weight], ["w"], tf.constant(1.0))
    np.testing.assert_allclose(
        average.shadow["w"], [9.0, 10.0], rtol=1e-6
    )  # (1 + 1) / (10 + 1) of the old value
    average.update([weight], ["w"], tf.constant(1e6))
    np.testing.assert_allclose(average.shadow["w"], [10.0, 10.0], rtol=1e-6)
    average.swap({"w": weight})
    np.testing.assert_allclose(weight, [10.0, 10.0])
    average.swap({"w": weight})
    np.testing.assert_allclose(weight, [11.0, 10.0])
    average.restart({"w": weight})
    np.testing.assert_allclose(average.shadow["w"], [11.0, 10.0])


def test_an_unknown_variable_and_a_missing_choice_are_refused():
    optimizer = Momentum(_variables())
    with pytest.raises(KeyError):
        optimizer.apply([tf.constant(1.0)], [tf.Variable(1.0)], tf.constant(0.1))
    with pytest.raises(UserError, match="chooses no optimizer"):
        build_optimizer(read_config(parse(""), "Optimizer"), _variables())


REPLICAS = """
import tensorflow as tf
devices = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(devices[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from cfgtool.training.run.optimizers import Momentum, MovingAverage
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    weight = tf.Variable(1.0)
    optimizer = Momentum({"w": weight}, 0.9, MovingAverage({"w": weight}, 0.0))
@tf.function
def step():
    def replica():
        context = tf.distribute.get_replica_context()
        own = tf.cast(context.replica_id_in_sync_group, tf.float32) + 1.0
        optimizer.apply(context.all_reduce("SUM", [own]), [weight], tf.constant(0.1))
    strategy.run(replica)
step(); step()
for value in strategy.experimental_local_results(weight):
    assert abs(float(value) - (1.0 - 0.3 - 0.57)) < 1e-6, value
assert int(optimizer.iterations.values[1]) == 2
assert abs(float(optimizer.average.shadow["w"].values[1]) - 0.13) < 1e-6
"""


def test_every_replica_updates_its_own_copy():
    subprocess.run([sys.executable, "-c", REPLICAS], check=True)
