"""`cfgtool checkpoint convert` as a user runs it."""

from __future__ import annotations

import json
import os
from math import prod
from pathlib import Path
from typing import Literal

import pytest
from cli_runs import Run

from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.encode import bytes_field, number_field, text_field
from cfgtool.checkpoints.values import Values
from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.networks import Variable, describe
from cfgtool.schema import read_config
from cfgtool.textproto import parse

CONFIG = """
model {{ ssd {{
  num_classes: 2
  image_resizer {{ fixed_shape_resizer {{ height: 64 width: 64 }} }}
  feature_extractor {{ type: "{type}" depth_multiplier: {multiplier} min_depth: 4 conv_hyperparams {{ batch_norm {{ }} }} }}
  anchor_generator {{ {anchors} }}
  box_predictor {{ {head} {{ depth: 8 kernel_size: 1 conv_hyperparams {{ batch_norm {{ }} activation: RELU_6 }} }} }}
}} }}
"""
PLAIN = ("ssd_anchor_generator { aspect_ratios: 1.0 }", "convolutional_box_predictor")
PYRAMID = ("multiscale_anchor_generator { aspect_ratios: 1.0 }", "weight_shared_convolutional_box_predictor")


def written_config(folder: Path, type_: str = "ssd_mobilenet_v2", multiplier: float = 0.25) -> Path:
    """A config of a small network."""
    anchors, head = PYRAMID if "fpn" in type_ else PLAIN
    text = CONFIG.format(type=type_, multiplier=multiplier, anchors=anchors, head=head)
    path = folder / "pipeline.config"
    path.write_text(text if "fpn" in type_ else text.replace("depth: 8", ""))
    return path


def described(path: Path, generation: Literal["tf1", "tf2"]) -> tuple[Variable, ...]:
    return describe(read_config(parse(path.read_text())), generation).variables


def value(name: str, shape: tuple[int, ...]) -> bytes:
    """Bytes that tell the name."""
    size = 4 * prod(shape)
    return (name.encode() * (size // len(name) + 1))[:size]


def write_tf1(prefix: Path, variables: tuple[Variable, ...], *, averages: bool = False) -> str:
    """A TF1 checkpoint whose values tell their names, with what a run leaves beside the weights."""
    shapes = {str(variable.tf1_name): variable.shape for variable in variables}
    shapes |= {f"{name}/RMSProp": shape for name, shape in list(shapes.items())[:5]}
    if averages:
        weights = [(str(v.tf1_name), v.shape) for v in variables if v.trainable]
        shapes |= {f"{name}/ExponentialMovingAverage": shape for name, shape in weights}
    shapes["unrelated/bias"] = (3,)
    tensors = [
        Tensor(name, "float32", shape, lambda name=name, shape=shape: value(name, shape))  # type: ignore[misc]
        for name, shape in shapes.items()
    ]
    tensors.append(Tensor("global_step", "int64", (), lambda: (77).to_bytes(8, "little")))
    write_bundle(str(prefix), tensors)
    return str(prefix)


def test_all_variables_of_a_network_are_converted(run: Run, tmp_path: Path) -> None:
    config = written_config(tmp_path)
    variables = described(config, "tf2")
    source = write_tf1(tmp_path / "model.ckpt-77", described(config, "tf1"))
    target = tmp_path / "tf2" / "ckpt-5"
    done = run("checkpoint", "convert", source, "-o", target, "--config", config)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    count, size = len(variables), sum(variable.size for variable in variables)
    assert f"converted   {count} of {count} variables, {size:,} values" in lines
    assert "step        'global_step' is kept as 'step'" in lines
    assert "left        what the network does not have (1): unrelated/bias" in lines
    assert "left        what the run that wrote it kept (5): optimizer, averages, counters" in lines
    checkpoint = open_checkpoint(str(target))
    assert checkpoint.format == "tf2-object"
    with Values(checkpoint, check=True) as values:
        for variable in variables:
            raw = values.raw(checkpoint.entries[str(variable.tf2_key)])
            assert raw == value(str(variable.tf1_name), variable.shape)
        assert bytes(values.raw(checkpoint.entries["step"])) == (77).to_bytes(8, "little")
        assert bytes(values.raw(checkpoint.entries["save_counter"])) == (5).to_bytes(8, "little")


def test_as_json(run: Run, tmp_path: Path) -> None:
    config = written_config(tmp_path)
    source = write_tf1(tmp_path / "model.ckpt-77", described(config, "tf1"), averages=True)
    target = tmp_path / "tf2" / "ckpt-1"
    done = run("checkpoint", "convert", source, "-o", target, "--config", config, "--ema", "--format", "json")
    report = json.loads(done.stdout)
    variables = described(config, "tf2")
    trainable = sum(variable.trainable for variable in variables)
    assert (report["network"], report["to"]) == ("ssd_mobilenet_v2", "tf2")
    assert (report["averages"], report["averages_taken"], report["step"]) == (trainable, True, True)
    assert (report["missing"], report["shape_mismatch"], report["differences"]) == ([], [], [])
    assert report["unused"] == ["unrelated/bias"]
    assert report["written"]["index_file"] == f"{target}.index"
    for row, variable in zip(report["converted"], variables, strict=True):
        average = "/ExponentialMovingAverage" if variable.trainable else ""
        assert row == {
            "variable": variable.name,
            "key": variable.tf2_key,
            "from": f"{variable.tf1_name}{average}",
        }


def test_a_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    config = written_config(tmp_path)
    source = write_tf1(tmp_path / "model.ckpt-77", described(config, "tf1"), averages=True)
    before = sorted(os.listdir(tmp_path))
    done = run("checkpoint", "convert", source, "-o", tmp_path / "new", "--config", config, "--dry-run")
    assert done.returncode == 0
    assert b"written     nothing: --dry-run" in done.stdout
    assert b"left: --ema takes them in place of the weights" in done.stdout
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "exists already"),
        (("--force",), "is the checkpoint that is read"),
        (("--to", "tf3"), "no dialect 'tf3'"),
        (("--format", "xml"), "no format 'xml'"),
    ],
)
def test_senseless_command_lines_are_refused(
    run: Run, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    config = written_config(tmp_path)
    source = write_tf1(tmp_path / "model.ckpt-77", described(config, "tf1"))
    target = source if message.startswith("is the") else write_tf1(tmp_path / "old", ())
    done = run("checkpoint", "convert", source, "-o", target, "--config", config, *options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


@pytest.mark.parametrize("option", [("--to", "tf1"), ("--ema",), ("--partial",)])
def test_names_cannot_change_without_a_config(run: Run, tmp_path: Path, option: tuple[str, ...]) -> None:
    source = write_tf1(tmp_path / "a", ())
    done = run("checkpoint", "convert", source, "-o", tmp_path / "b", *option)
    assert done.returncode == 2
    assert f"{option[0]} needs --config" in done.stderr.decode()


def test_a_pyramid_needs_consent(run: Run, tmp_path: Path) -> None:
    config = written_config(tmp_path, "ssd_mobilenet_v2_fpn")
    source = write_tf1(tmp_path / "model.ckpt-77", described(config, "tf1"))
    arguments = ("checkpoint", "convert", source, "-o", tmp_path / "new" / "ckpt-1", "--config", config)
    refused = run(*arguments)
    assert refused.returncode == 2
    assert b"'ssd_mobilenet_v2_fpn' computes something else with them in TF2: TF1 hands" in refused.stderr
    assert not (tmp_path / "new").exists()
    done = run(*arguments, "--accept-differences")
    assert done.returncode == 0
    assert b"warning     TF2 computes something else with these values: TF1 hands" in done.stdout


def test_widths_that_differ_are_told(run: Run, tmp_path: Path) -> None:
    config = written_config(tmp_path, "ssd_mobilenet_v1_keras", multiplier=0.5)
    source = write_tf1(tmp_path / "model.ckpt-77", described(config, "tf1"))
    done = run("checkpoint", "convert", source, "-o", tmp_path / "ckpt-1", "--config", config)
    assert done.returncode == 2
    assert b"this network has other widths in TF2 than in TF1" in done.stderr


def test_a_type_without_a_twin_is_refused(run: Run, tmp_path: Path) -> None:
    config = written_config(tmp_path, "ssd_mobilenet_v1")
    config.write_text(config.read_text().replace("ssd_mobilenet_v1", "embedded_ssd_mobilenet_v1"))
    source = write_tf1(tmp_path / "model.ckpt-77", ())
    done = run("checkpoint", "convert", source, "-o", tmp_path / "ckpt-1", "--config", config)
    assert done.returncode == 2
    assert b"'embedded_ssd_mobilenet_v1' has no TF2 form" in done.stderr


def test_values_that_are_damaged_are_not_copied(run: Run, tmp_path: Path) -> None:
    config = written_config(tmp_path)
    source = write_tf1(tmp_path / "model.ckpt-77", described(config, "tf1"))
    data = Path(f"{source}.data-00000-of-00001")
    content = bytearray(data.read_bytes())
    content[-1] ^= 1
    data.write_bytes(content)
    done = run("checkpoint", "convert", source, "-o", tmp_path / "new")
    assert done.returncode == 2
    assert b"checksum" in done.stderr
    assert not list(tmp_path.glob("new*"))


def frozen_graph(shapes: dict[str, tuple[int, ...]]) -> bytes:
    """A `GraphDef` of constants that are read as variables are."""
    graph = b""
    for name, shape in shapes.items():
        dims = b"".join(bytes_field(2, number_field(1, size)) for size in shape)
        tensor = number_field(1, 1) + bytes_field(2, dims) + bytes_field(4, value(name, shape))
        constant = text_field(1, "value") + bytes_field(2, bytes_field(8, tensor))
        graph += bytes_field(1, text_field(1, name) + text_field(2, "Const") + bytes_field(5, constant))
        read = text_field(1, f"{name}/read") + text_field(2, "Identity") + text_field(3, name)
        graph += bytes_field(1, read)
    return graph


@pytest.mark.parametrize("to", ["tf1", "tf2"])
def test_a_frozen_graph_is_converted(run: Run, tmp_path: Path, to: Literal["tf1", "tf2"]) -> None:
    config = written_config(tmp_path)
    path = tmp_path / "frozen_inference_graph.pb"
    path.write_bytes(frozen_graph({str(v.tf1_name): v.shape for v in described(config, "tf1")}))
    target = tmp_path / "new" / "ckpt-1"
    done = run("checkpoint", "convert", path, "-o", target, "--config", config, "--to", to)
    assert (done.returncode, done.stderr) == (0, b"")
    checkpoint = open_checkpoint(str(target))
    with Values(checkpoint, check=True) as values:
        for variable in described(config, to):
            key = str(variable.tf1_name if to == "tf1" else variable.tf2_key)
            assert values.raw(checkpoint.entries[key]) == value(str(variable.tf1_name), variable.shape)


@pytest.mark.parametrize(
    "source",
    [
        *("frozen/frozen_inference_graph.pb", "saved_model_tf1", "saved_model_tf2", "saved_model_frozen"),
        *("v1/mobilenet.ckpt", "parts", "sharded/two", "dtypes/all", "tf1", "tf2"),
    ],
)
def test_every_container_becomes_a_checkpoint(run: Run, tmp_path: Path, fixtures: Path, source: str) -> None:
    """With the same names, types, shapes and values."""
    target = tmp_path / "new" / "ckpt-1"
    done = run("checkpoint", "convert", fixtures / "checkpoints" / source, "-o", target)
    assert (done.returncode, done.stderr) == (0, b"")
    old, new = open_checkpoint(str(fixtures / "checkpoints" / source)), open_checkpoint(str(target))
    assert new.container == "bundle"
    assert new.format == old.format
    assert not any(entry.slices for entry in new.entries.values())
    assert new.entries.keys() == old.entries.keys()
    with Values(old) as before, Values(new, check=True) as after:
        for key, entry in old.entries.items():
            assert (new.entries[key].dtype, new.entries[key].shape) == (entry.dtype, entry.shape)
            assert after.raw(new.entries[key]) == before.raw(entry)
