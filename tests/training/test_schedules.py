"""Learning-rate schedules: the OD API's rates, as numbers and as tensors; values that give no rate."""

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
from cfgtool.training.run.schedules import Schedule, build_schedule


def _schedule(text: str) -> Schedule:
    return build_schedule(read_config(parse(text), "LearningRate"))


@pytest.mark.reference
def test_recorded_rates(shared):
    recorded = json.loads((shared / "oracle" / "golden" / "schedules.json").read_text())["schedules"]
    assert len(recorded) == 15
    for name, entry in recorded.items():
        schedule = _schedule(entry["config"])
        steps = range(len(entry["values"]))
        np.testing.assert_allclose(
            [schedule(step) for step in steps], entry["values"], rtol=1e-6, atol=1e-7, err_msg=name
        )
        traced = tf.function(schedule.traced)
        rates = [float(traced(tf.constant(step, tf.int64))) for step in steps]
        np.testing.assert_allclose(rates, entry["values"], rtol=1e-6, atol=1e-7, err_msg=name)


CASES = [
    ("constant_learning_rate { learning_rate: 0.5 }", {0: 0.5, 1_000_000: 0.5}),
    (
        "exponential_decay_learning_rate { initial_learning_rate: 1 decay_steps: 10 decay_factor: 0.5"
        " burnin_steps: 5 burnin_learning_rate: 0.1 min_learning_rate: 0.25 }",
        {0: 0.25, 4: 0.25, 5: 1.0, 14: 1.0, 15: 0.5, 25: 0.25, 1000: 0.25},
    ),
    (
        "manual_step_learning_rate { initial_learning_rate: 0 schedule { step: 4 learning_rate: 1 }"
        " schedule { step: 8 learning_rate: 0.1 } warmup: true }",
        {0: 0.0, 1: 0.25, 3: 0.75, 4: 1.0, 7: 1.0, 8: 0.1, 100: 0.1},
    ),
    (
        "cosine_decay_learning_rate { learning_rate_base: 1 total_steps: 20 warmup_learning_rate: 0.5"
        " warmup_steps: 4 hold_base_rate_steps: 6 }",
        {0: 0.5, 2: 0.75, 4: 1.0, 10: 1.0, 15: 0.5, 20: 0.0, 21: 0.0},
    ),
    # No step is left for the cosine: the base rate up to the end, never a NaN.
    (
        "cosine_decay_learning_rate { learning_rate_base: 1 total_steps: 4 warmup_learning_rate: 0"
        " warmup_steps: 4 }",
        {0: 0.0, 2: 0.5, 4: 1.0, 5: 0.0},
    ),
]


@pytest.mark.parametrize(("text", "rates"), CASES, ids=lambda value: str(value).split("_")[0])
def test_rates_at_the_joints(text, rates):
    schedule = _schedule(text)
    for step, rate in rates.items():
        assert schedule(step) == pytest.approx(rate, abs=1e-7), step
        assert float(schedule.traced(tf.constant(step))) == pytest.approx(rate, abs=1e-6), step


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "chooses no schedule"),
        ("exponential_decay_learning_rate { decay_steps: 0 }", "decay_steps' is 0"),
        ("manual_step_learning_rate {}", "schedule' is empty"),
        ("manual_step_learning_rate { schedule { step: 0 } }", "starts at step '0'"),
        ("manual_step_learning_rate { schedule { step: 5 } schedule { step: 5 } }", "'5' follows '5'"),
        (
            "cosine_decay_learning_rate { total_steps: 100 }",
            "total_steps' is '100', less than warmup_steps '10000'",
        ),
        (
            "cosine_decay_learning_rate { warmup_learning_rate: 1 }",
            "is '1', above learning_rate_base '0.002'",
        ),
    ],
)
def test_values_that_give_no_rate_are_refused(text, said):
    with pytest.raises(UserError, match=said):
        _schedule(text)


def test_rates_need_no_tensorflow():
    program = (
        "import sys; from cfgtool.training.run.schedules import Schedule, cosine;"
        "assert Schedule('cosine', cosine(1.0, 10))(5) == 0.5;"
        "assert not {'tensorflow', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
