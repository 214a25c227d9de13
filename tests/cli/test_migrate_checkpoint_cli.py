"""What `cfgtool migrate --to tf2` offers to do with the start checkpoint."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from cli_runs import Run
from written_checkpoints import write_checkpoint

from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.textproto import parse

CONFIG = """
model {{ ssd {{
  num_classes: 2
  image_resizer {{ fixed_shape_resizer {{ height: 64 width: 64 }} }}
  feature_extractor {{ type: "{type}" }}
  anchor_generator {{ {anchors} }}
  box_predictor {{ {head} {{ }} }}
}} }}
train_config {{
  fine_tune_checkpoint: "{checkpoint}"
  fine_tune_checkpoint_type: "{kind}"
}}
"""
PLAIN = ("ssd_anchor_generator { aspect_ratios: 1.0 }", "convolutional_box_predictor")
PYRAMID = ("multiscale_anchor_generator { aspect_ratios: 1.0 }", "weight_shared_convolutional_box_predictor")


def write_config(
    folder: Path,
    type_: str = "ssd_mobilenet_v2",
    kind: str = "detection",
    checkpoint: str = "old run/model.ckpt-5",
) -> Path:
    anchors, head = PYRAMID if "fpn" in type_ else PLAIN
    path = folder / "pipeline.config"
    text = CONFIG.format(type=type_, anchors=anchors, head=head, kind=kind, checkpoint=checkpoint)
    path.write_text(text.replace("{ }", "{ depth: 8 }" if "fpn" in type_ else "{ }"))
    return path


def advice(run: Run, path: Path, *options: str) -> str | None:
    """The line that says what comes next."""
    done = run("migrate", "--to", "tf2", *options, path)
    assert done.returncode in (0, 1)
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith(f"{path}: next: ")]
    assert len(lines) <= 1
    return lines[0].removeprefix(f"{path}: next: ") if lines else None


def test_the_conversion_is_offered(run: Run, tmp_path: Path) -> None:
    path = write_config(tmp_path)
    told = advice(run, path)
    command = (
        f"cfgtool checkpoint convert 'old run/model.ckpt-5' -o 'old run/tf2/ckpt-1' --config {path} --partial"
    )
    assert (
        told
        == f"`{command}` makes a TF2 checkpoint of it that computes the same; then name 'old run/tf2/ckpt-1'"
    )


def test_the_offered_command_works(run: Run, tmp_path: Path) -> None:
    """On the config as it is after the migration."""
    path = write_config(tmp_path)
    variables = describe(read_config(parse(path.read_text())), "tf1").variables
    shapes = {str(variable.tf1_name): variable.shape for variable in variables}
    write_checkpoint(tmp_path / "old run" / "model.ckpt-5", shapes, object_based=False)
    told = advice(run, path)
    assert told is not None
    words = shlex.split(told.split("`")[1])
    assert words[:3] == ["cfgtool", "checkpoint", "convert"]
    assert words[3] == str(tmp_path / "old run" / "model.ckpt-5")
    done = run(*words[1:], "--dry-run")
    assert done.returncode == 0
    assert f"converted   {len(variables)} of {len(variables)} variables" in done.stdout.decode()


def test_a_pair_that_is_not_equal_is_told(run: Run, tmp_path: Path) -> None:
    told = advice(run, write_config(tmp_path, "ssd_mobilenet_v2_fpn"), "--check")
    assert told is not None
    assert (
        "--partial --accept-differences` makes a TF2 checkpoint of it, a start that does not compute" in told
    )
    assert "(TF1 hands the plain sum down the feature pyramid, TF2 the smoothed map)" in told
    assert told.endswith("leave the type at 'ssd_mobilenet_v2_fpn', which cfgtool trains too")


@pytest.mark.parametrize(
    ("type_", "kind", "checkpoint"),
    [
        ("ssd_mobilenet_v2", "classification", "mobilenet/model.ckpt-5"),
        ("ssd_mobilenet_v2", "detection", ""),
        ("ssd_inception_v2", "detection", "old/model.ckpt-5"),
        ("embedded_ssd_mobilenet_v1", "detection", "old/model.ckpt-5"),
    ],
)
def test_nothing_is_offered_where_there_is_nothing(
    run: Run, tmp_path: Path, type_: str, kind: str, checkpoint: str
) -> None:
    assert advice(run, write_config(tmp_path, type_, kind, checkpoint)) is None


def test_a_checkpoint_that_is_of_tf2_is_not_converted(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "model.ckpt-5", {"model/a": (1,)})
    assert advice(run, write_config(tmp_path, checkpoint=prefix)) is None


def test_without_a_new_generation_nothing_is_offered(run: Run, tmp_path: Path) -> None:
    done = run("migrate", write_config(tmp_path))
    assert b"next:" not in done.stderr
