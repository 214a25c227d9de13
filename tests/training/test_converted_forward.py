"""What networks compute with converted checkpoints, against what the OD API computed before the conversion."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.cli.main import main
from cfgtool.matching import restore_plan
from cfgtool.networks import describe
from cfgtool.training.tensors import Detector, build_detector

from . import reference
from .test_forward_goldens import TOLERANCE, V1_FPN, error, predict

pytestmark = [pytest.mark.reference, pytest.mark.slow]

EQUAL = ["ssd_mobilenet_v1_coco", "ssd_mobilenet_v2_coco"]
STEP = 1234


@pytest.fixture(scope="module")
def inputs(shared: Path) -> ModuleType:
    return reference.inputs(shared)


def convert(*arguments: object) -> int:
    """`cfgtool checkpoint convert`; returns its exit status."""
    with pytest.raises(SystemExit) as caught:
        main(["checkpoint", "convert", *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def write_tf1(config: Path, inputs: ModuleType, prefix: Path) -> str:
    """A TF1 checkpoint with the reference weights of a golden, as a Saver would write it."""

    def value(name: str, shape: tuple[int, ...]) -> bytes:
        return np.asarray(inputs.weight(name, shape), np.float32).tobytes()

    tensors = [Tensor("global_step", "int64", (), lambda: STEP.to_bytes(8, "little"))]
    for variable in describe(reference.read(config), "tf1").variables:
        name = variable.tf1_name or ""
        tensors.append(
            Tensor(name, "float32", variable.shape, lambda v=variable, n=name: value(n, v.shape))  # type: ignore[misc]
        )
    write_bundle(str(prefix), tensors)
    return str(prefix)


def restored(config: Path, prefix: str, generation: Literal["tf1", "tf2"]) -> Detector:
    """The network of that generation with the weights of an object-based checkpoint, every one of them."""
    detector = build_detector(reference.read(config), generation=generation)
    step = tf.Variable(0, dtype=tf.int64)
    status = tf.train.Checkpoint(model=detector.weights.tree, step=step).restore(prefix)
    status.assert_existing_objects_matched()
    status.assert_consumed()
    assert int(step) == STEP
    return detector


def same_as_golden(path: Path, detector: Detector, inputs: ModuleType) -> None:
    golden = np.load(path.with_name(f"{path.name}.npz"))
    for key, value in predict(detector, inputs).items():
        assert error(golden, key, value) < TOLERANCE, key


@pytest.mark.parametrize("name", EQUAL)
def test_predictions_are_those_of_tf1_after_conversion(
    shared: Path, inputs: ModuleType, tmp_path: Path, name: str
) -> None:
    path = shared / "oracle/golden_tf1" / name
    config = path.with_name(f"{name}.config")
    before = write_tf1(config, inputs, tmp_path / "tf1" / "model.ckpt-1234")
    after = str(tmp_path / "tf2" / "ckpt-1")
    assert convert(before, "-o", after, "--config", config) == 0
    same_as_golden(path, restored(config, after, "tf2"), inputs)


@pytest.mark.parametrize("name", [*EQUAL, V1_FPN])
def test_there_and_back_every_byte_is_the_same(
    shared: Path, inputs: ModuleType, tmp_path: Path, name: str
) -> None:
    config = shared / "oracle/golden_tf1" / f"{name}.config"
    accept = [] if name in EQUAL else ["--accept-differences"]
    first = write_tf1(config, inputs, tmp_path / "tf1" / "model.ckpt-1234")
    between, last = str(tmp_path / "tf2" / "ckpt-1"), str(tmp_path / "back" / "model.ckpt-1234")
    assert convert(first, "-o", between, "--config", config, *accept) == 0
    assert convert(between, "-o", last, "--config", config, *accept) == 0
    for ending in (".index", ".data-00000-of-00001"):
        assert Path(f"{last}{ending}").read_bytes() == Path(f"{first}{ending}").read_bytes()


def test_a_pyramid_is_converted_only_when_its_difference_is_accepted(
    shared: Path, inputs: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The network of TF1 still computes what it did, that of TF2 with the same weights does not."""
    path = shared / "oracle/golden_tf1" / V1_FPN
    config = path.with_name(f"{V1_FPN}.config")
    before = write_tf1(config, inputs, tmp_path / "tf1" / "model.ckpt-1234")
    after = str(tmp_path / "tf2" / "ckpt-1")
    assert convert(before, "-o", after, "--config", config) == 2
    assert "TF1 hands the plain sum down the feature pyramid" in capsys.readouterr().err
    assert not (tmp_path / "tf2").exists()
    assert convert(before, "-o", after, "--config", config, "--accept-differences") == 0
    same_as_golden(path, restored(config, after, "tf1"), inputs)
    golden = np.load(path.with_name(f"{path.name}.npz"))
    other = predict(restored(config, after, "tf2"), inputs)
    assert error(golden, "predict/feature_maps/0", other["predict/feature_maps/0"]) > 1.0


@pytest.mark.parametrize("name", EQUAL)
def test_a_start_from_either_dialect_is_the_same(
    shared: Path, inputs: ModuleType, tmp_path: Path, name: str
) -> None:
    """`match` and training read a TF1 checkpoint through names: the same values as after the conversion."""
    config = shared / "oracle/golden_tf1" / f"{name}.config"
    before = write_tf1(config, inputs, tmp_path / "tf1" / "model.ckpt-1234")
    after = str(tmp_path / "tf2" / "ckpt-1")
    assert convert(before, "-o", after, "--config", config) == 0
    network = describe(reference.read(config), "tf2")
    crcs = [
        {v.name: entry.crc for v, entry in restore_plan(network, open_checkpoint(prefix), "full").restored}
        for prefix in (before, after)
    ]
    assert crcs[0] == crcs[1]
    assert len(crcs[0]) == len(network.variables)
