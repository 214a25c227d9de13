"""Conversion from every container that TensorFlow writes a network's variables into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.values import Values
from cfgtool.cli.main import main
from cfgtool.matching import restore_plan
from cfgtool.networks import Variable, describe
from cfgtool.training.tensor_weights import object_tree

from . import reference

pytestmark = pytest.mark.slow

v1: Any = tf.compat.v1


def convert(source: Path, target: Path, config: Path) -> bytes:
    """Convert for the config's network; returns the data file."""
    with pytest.raises(SystemExit) as caught:
        main(["checkpoint", "convert", str(source), "-o", str(target), "--config", str(config)])
    assert caught.value.code == 0
    return Path(f"{target}.data-00000-of-00001").read_bytes()


def values(variables: tuple[Variable, ...]) -> dict[str, Any]:
    """A value for each variable, by our names, no two alike."""
    rng = np.random.default_rng(7)
    return {item.name: rng.standard_normal(item.shape, np.float32) for item in variables}


@pytest.fixture(scope="module")
def config() -> Path:
    return Path(__file__).parents[2] / "fixtures" / "restore" / "tf1.config"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, config: Path) -> dict[str, Path]:
    """The variables of the TF1 network as a V2 and a V1 checkpoint, a frozen graph and a SavedModel."""
    folder = tmp_path_factory.mktemp("saved")
    variables = describe(reference.read(config), "tf1").variables
    arrays = values(variables)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        made = []
        for item in variables:
            placed = v1.placeholder(tf.float32, item.shape)
            variable = v1.get_variable(str(item.tf1_name), item.shape, use_resource=False)
            session.run(v1.assign(variable, placed), {placed: arrays[item.name]})
            made.append(variable)
        tf.add_n([tf.reduce_sum(variable) for variable in made], name="result")
        paths = {kind: folder / kind for kind in ("v2", "v1", "saved_model")}
        for kind, version in (("v2", v1.train.SaverDef.V2), ("v1", v1.train.SaverDef.V1)):
            saver = v1.train.Saver(write_version=version)
            saver.save(session, str(paths[kind]), write_meta_graph=False, write_state=False)
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["result"])
        paths["frozen"] = folder / "frozen_inference_graph.pb"
        paths["frozen"].write_bytes(frozen.SerializeToString())
        builder = v1.saved_model.Builder(str(paths["saved_model"]))
        builder.add_meta_graph_and_variables(session, ["serve"])
        builder.save()
    return paths


@pytest.mark.parametrize("kind", ["v1", "frozen", "saved_model"])
def test_any_container_of_tf1_gives_the_same_checkpoint(
    tmp_path: Path, saved: dict[str, Path], config: Path, kind: str
) -> None:
    expected = convert(saved["v2"], tmp_path / "v2" / "ckpt-1", config)
    assert convert(saved[kind], tmp_path / kind / "ckpt-1", config) == expected
    network = describe(reference.read(config), "tf2")
    arrays = values(network.variables)
    checkpoint = open_checkpoint(str(tmp_path / kind / "ckpt-1"))
    with Values(checkpoint, check=True) as read:
        for item in network.variables:
            assert read.raw(checkpoint.entries[str(item.tf2_key)]) == arrays[item.name].tobytes()


class _Exported(tf.Module):  # type: ignore[misc]
    """What is exported holds the model as `_model`; the list puts its variables under numbers."""

    def __init__(self, model: tf.Module, listed: list[tf.Variable]) -> None:
        super().__init__()
        self._model = model
        self.listed = listed


@pytest.mark.parametrize("numbered", [False, True])
def test_an_exported_model_of_tf2_is_found_below_its_root(
    tmp_path: Path, config: Path, numbered: bool
) -> None:
    network = describe(reference.read(config), "tf2")
    arrays = values(network.variables)
    variables = {str(item.tf2_key): tf.Variable(arrays[item.name]) for item in network.variables}
    listed = list(variables.values())[:50] if numbered else []
    tf.saved_model.save(_Exported(object_tree(variables), listed), str(tmp_path / "saved"))
    keys = open_checkpoint(str(tmp_path / "saved")).entries
    assert ("listed/0" in keys) == numbered
    plan = restore_plan(network, open_checkpoint(str(tmp_path / "saved")), "full")
    assert plan.verdict.slug == "complete"
    convert(tmp_path / "saved", tmp_path / "tf1" / "model.ckpt-1", config)
    checkpoint = open_checkpoint(str(tmp_path / "tf1"))
    assert len(checkpoint.entries) == len(network.variables)
    with Values(checkpoint, check=True) as read:
        for item in network.variables:
            assert read.raw(checkpoint.entries[str(item.tf1_name)]) == arrays[item.name].tobytes()
