"""The demo's network with its pretrained weights (two classes), exported once a module and format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.cli.main import main
from cfgtool.data import keys
from cfgtool.training.assemblies import Assembly, build_assembly
from cfgtool.training.export.options import ExportOptions
from cfgtool.training.export.plan import plan_export, trained_network
from cfgtool.training.export.weights import read_values
from cfgtool.training.export.write import export
from cfgtool.training.run.job import Job, load_job

TWO_CLASSES = "model.ssd.num_classes=2"
ROWS = 96

Exporter = Callable[..., Path]


def example(image: np.ndarray) -> bytes:
    """A serialised tf.Example with the image as PNG."""
    encoded = tf.io.encode_png(image).numpy()
    feature = {keys.IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def fed(input_type: str, image: np.ndarray) -> tf.Tensor:
    """The image as an exported model takes it."""
    if input_type == "encoded_image_string_tensor":
        return tf.io.encode_png(image)[tf.newaxis]
    if input_type == "tf_example":
        return tf.constant([example(image)])
    return tf.cast(image[np.newaxis], tf.float32 if input_type == "float_image_tensor" else tf.uint8)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Starts a command in this process: status, standard output, standard error."""

    def call(*args: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        said = capsys.readouterr()
        return int(str(stop.value.code or 0)), said.out, said.err

    return call


@pytest.fixture(scope="session")
def demo(fixtures: Path) -> Path:
    return fixtures / "demo" / "pipeline.config"


@pytest.fixture(scope="session")
def pretrained(fixtures: Path) -> str:
    return str(fixtures / "demo" / "pretrained" / "ckpt-1")


@pytest.fixture(scope="session")
def job(demo: Path) -> Job:
    return load_job(
        str(demo),
        [TWO_CLASSES, 'train_input_reader.label_map_path=""', 'eval_input_reader[0].label_map_path=""'],
    )


@pytest.fixture(scope="session")
def assembly(job: Job, pretrained: str) -> Assembly:
    assembly = build_assembly(job.config)
    assembly.weights.assign(read_values(trained_network(job, open_checkpoint(pretrained))[1]))
    return assembly


@pytest.fixture(scope="session")
def image(fixtures: Path) -> np.ndarray:
    """The first validation image without its last rows, uint8 [96, 128, 3]."""
    record = next(iter(tf.data.TFRecordDataset(str(fixtures / "shapes" / "shapes_val.record"))))
    features = tf.train.Example.FromString(record.numpy()).features.feature
    return tf.io.decode_image(features[keys.IMAGE].bytes_list.value[0]).numpy()[:ROWS]


@pytest.fixture(scope="session")
def exported(job: Job, pretrained: str, tmp_path_factory: pytest.TempPathFactory) -> Exporter:
    """`exported(format="tflite", ...)`: the folder of such an export, made when first asked for."""
    made: dict[tuple[tuple[str, Any], ...], Path] = {}

    def call(**options: Any) -> Path:
        key = tuple(sorted(options.items()))
        if key not in made:
            made[key] = tmp_path_factory.mktemp("export") / "model"
            export(plan_export(job, open_checkpoint(pretrained), ExportOptions(made[key], **options)))
        return made[key]

    return call
