"""Fixed draws, configs and records for the input tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mat_tables
import numpy as np
import pytest

from cfgtool import schema, textproto

tf = pytest.importorskip("tensorflow")

PIPELINE = """
model {{ ssd {{
  num_classes: {classes}
  image_resizer {{ {resizer} }}
  feature_extractor {{ type: "ssd_mobilenet_v2_fpn_keras" }}
  anchor_generator {{ multiscale_anchor_generator {{ aspect_ratios: 1.0 scales_per_octave: 1 }} }}
  box_predictor {{ weight_shared_convolutional_box_predictor {{ depth: 8 }} }}
  {ssd}
}} }}
train_config {{ batch_size: {batch} {train_config} {augment} }}
train_input_reader {{
  {label_map}
  {reader}
  tf_record_input_reader {{ {paths} }}
}}
eval_config {{ batch_size: {batch} {eval_config} }}
eval_input_reader {{
  {label_map}
  {eval_reader}
  tf_record_input_reader {{ {paths} }}
}}
"""


class FixedDraws:
    """Every uniform draw is low + u x (high - low), every window the same, as for the reference values."""

    def __init__(self, u: float, window: tuple[float, ...] = (0.125, 0.25, 0.75, 0.875)) -> None:
        self._u = np.float32(u)
        self._window = np.asarray(window, np.float32)

    def uniform(self, low: Any, high: Any, shape: Any = ()) -> Any:
        value = tf.cast(low + self._u * (high - low), tf.float32)
        return tf.fill(tf.convert_to_tensor(shape, tf.int32), value)

    def integer(self, low: Any, high: Any) -> Any:
        span = tf.cast(tf.convert_to_tensor(high) - low, tf.float32)
        return tf.cast(tf.floor(tf.cast(low, tf.float32) + self._u * span), tf.int32)

    def normal(self, shape: Any) -> Any:
        return tf.fill(shape, self._u)

    def window(self, image_shape: Any, *_: Any) -> Any:
        sides = tf.cast(image_shape[:2], tf.float32)
        begin = tf.cast(sides * self._window[:2], tf.int32)
        end = tf.cast(sides * self._window[2:], tf.int32)
        return tf.concat([begin, [0]], 0), tf.concat([end - begin, image_shape[2:]], 0)


@pytest.fixture(scope="session")
def fixed_draws() -> Callable[..., FixedDraws]:
    return FixedDraws


class Golden:
    """The cases of one kind of the reference data, and their arrays."""

    def __init__(self, folder: Path, kind: str) -> None:
        cases = json.loads((folder / "preprocess.json").read_text())["cases"]
        self.arrays = np.load(folder / "preprocess.npz")
        self.cases = [case for case in cases if case["kind"] == kind]

    def inputs(self, case: dict[str, Any], name: str) -> Any:
        return self.arrays[case["inputs"][name]]

    def outputs(self, case: dict[str, Any], name: str) -> Any:
        return self.arrays[case["outputs"][name]]


@pytest.fixture
def symmetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lets DensePose points be mirrored, by the table of `mat_tables`."""
    path = mat_tables.write(tmp_path / "symmetry.mat")
    monkeypatch.setenv("CFGTOOL_DENSEPOSE_SYMMETRY", str(path))
    return path


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], Golden]:
    return lambda kind: Golden(shared / "oracle/golden", kind)


def read(text: str, root: str) -> schema.Config:
    config = schema.read_config(textproto.parse(text), root=root)
    assert not [problem for problem in config.problems if problem.code != "placeholder-path"]
    return config


@pytest.fixture(scope="session")
def read_message() -> Callable[[str, str], schema.Config]:
    """Parses a text proto as the message of that name."""
    return read


@pytest.fixture(scope="session")
def pipeline() -> Callable[..., schema.Config]:
    """A pipeline config for record files."""

    def make(
        *paths: str | Path,
        label_map: str | Path = "",
        classes: int = 4,
        batch: int = 4,
        resizer: str = "fixed_shape_resizer { height: 64 width: 96 }",
        augment: str = "",
        reader: str = "",
        eval_reader: str = "",
        train_config: str = "",
        eval_config: str = "",
        ssd: str = "",
    ) -> schema.Config:
        text = PIPELINE.format(
            classes=classes,
            batch=batch,
            resizer=resizer,
            augment=" ".join(
                f"data_augmentation_options {{ {step} }}" for step in augment.split(";") if step
            ),
            reader=reader,
            eval_reader=eval_reader,
            train_config=train_config,
            eval_config=eval_config,
            ssd=ssd,
            label_map=f'label_map_path: "{label_map}"' if label_map else "",
            paths=" ".join(f'input_path: "{path}"' for path in paths),
        )
        return read(text, "TrainEvalPipelineConfig")

    return make
