"""Which processes train together, as the command line or TF_CONFIG says."""

from __future__ import annotations

import json

import pytest

from cfgtool.errors import UserError
from cfgtool.training.run.cluster import ALONE, Cluster, find_cluster

TWO = ("one:2222", "two:2222")


def tf_config(cluster: object, kind: str = "worker", index: int = 0) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_named_workers() -> None:
    assert find_cluster("auto", TWO, 1, {}) == Cluster(TWO, 1)
    assert not find_cluster("multi_worker", TWO, 1, {}).is_chief
    assert find_cluster("auto", TWO, 0, tf_config({"worker": ["x:1", "y:1"]})) == Cluster(TWO, 0)


def test_what_tensorflow_is_told() -> None:
    assert json.loads(Cluster(TWO, 1).tf_config()) == {
        "cluster": {"worker": ["one:2222", "two:2222"]},
        "task": {"type": "worker", "index": 1},
    }


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, ALONE),
        ({"TF_CONFIG": ""}, ALONE),
        (tf_config({"worker": ["one:2222"]}), ALONE),
        (tf_config({"worker": list(TWO)}, index=1), Cluster(TWO, 1)),
        (tf_config({"chief": ["c:1"], "worker": list(TWO)}, index=1), Cluster(("c:1", *TWO), 2)),
        (tf_config({"chief": ["c:1"], "worker": list(TWO)}, "chief"), Cluster(("c:1", *TWO), 0)),
        (tf_config({}), ALONE),
    ],
)
def test_tf_config(environment: dict[str, str], found: Cluster) -> None:
    assert find_cluster("auto", (), None, environment) == found


@pytest.mark.parametrize("strategy", ["none", "mirrored"])
def test_a_strategy_of_one_process_leaves_tf_config_alone(strategy: str) -> None:
    assert find_cluster(strategy, (), None, tf_config({"worker": list(TWO)})) == ALONE


@pytest.mark.parametrize(
    ("strategy", "workers", "index", "environment", "message"),
    [
        ("fastest", (), None, {}, "'fastest' is not known"),
        ("tpu", (), None, {}, "'tpu' is not known"),
        ("none", TWO, 0, {}, "needs --strategy multi_worker"),
        ("auto", ("one",), 0, {}, "not of the form host:port"),
        ("auto", ("one:99999",), 0, {}, "not of the form host:port"),
        ("auto", ("one:1", "one:1"), 0, {}, "the same address"),
        ("auto", TWO, None, {}, "not clear which"),
        ("auto", TWO, 2, {}, "not one of 2 workers"),
        ("auto", (), 1, {}, "without --workers"),
        ("multi_worker", (), None, {}, "knows no workers"),
        ("auto", (), None, {"TF_CONFIG": "{"}, "cannot be read"),
        ("auto", (), None, {"TF_CONFIG": "[1]"}, "cannot be read"),
        ("auto", (), None, tf_config({"ps": ["a:1"], "worker": ["b:1"]}), "type 'ps'"),
        ("auto", (), None, tf_config({"worker": list(TWO)}, "evaluator"), "a 'evaluator'"),
        ("auto", (), None, tf_config({"worker": list(TWO)}, index=7), "index 7 of 2"),
    ],
)
def test_mistakes(
    strategy: str, workers: tuple[str, ...], index: int | None, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        find_cluster(strategy, workers, index, environment)
