"""Benchmark of `cfgtool match`: a whole process, on small and on published networks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple

from benchmarks.light import CONFIG, ROOT, Setting, cfgtool
from benchmarks.timing import in_turns, report, run_command
from cfgtool.errors import UserError

BUILD = """
import sys
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.tensors import build_detector
build_detector(read_config(parse(open(sys.argv[1], encoding="utf-8").read())))
"""
EFFICIENTDET = "ssd_efficientdet_d0_512x512_coco17_tpu-8"
FASTER_RCNN = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"


class _Case(NamedTuple):
    name: str
    config: Path
    checkpoint: str


def cold_match(setting: Setting) -> None:
    """`cfgtool match` against `cfgtool lint`, and against building the model in TensorFlow.

    Without `--od-api` the model is built by this project, which makes variables and nothing else; the OD API's are
    there only after an image went through the model.
    """
    for case in _cases(setting):
        match = cfgtool("match", str(case.config), "--checkpoint", case.checkpoint, "--type", "detection")
        lint = cfgtool("lint", str(case.config))
        _check(match, (0, 1))
        ours, theirs = in_turns(
            lambda match=match: run_command(match), lambda lint=lint: run_command(lint), setting.rounds
        )
        report(f"cold match of {case.name}", "cold lint", ours, theirs, "bar: at most 2 x")
        build, peer = (
            [sys.executable, "-c", BUILD, str(case.config)],
            "importing TensorFlow and making variables",
        )
        if setting.od_api:
            build = [setting.od_api, "-m", "benchmarks.peer_od_api_build", str(case.config)]
            peer = "importing TensorFlow and building the model in the OD API"
        _check(build, (0,))
        ours, theirs = in_turns(
            lambda match=match: run_command(match),
            lambda build=build: run_command(build),
            min(setting.rounds, 3),
        )
        report(f"cold match of {case.name}", peer, ours, theirs, "bar: at most 1/50")


def _check(command: list[str], statuses: tuple[int, ...]) -> None:
    """Raise RuntimeError for a command that fails: its time would say nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in statuses:
        raise RuntimeError(f"{command[:3]} fails: {done.stderr[-500:]}")


def _cases(setting: Setting) -> Iterator[_Case]:
    yield _Case("the demo", CONFIG, str(ROOT / "fixtures" / "demo" / "pretrained" / "ckpt-1"))
    corpus = setting.reference / "corpus"
    if not corpus.is_dir():
        return
    config = corpus / "configs_tf2" / f"{EFFICIENTDET}.config"
    yield _Case("EfficientDet-D0", config, str(corpus / "checkpoints" / "zoo_efficientdet_d0" / "ckpt-0"))
    config = corpus / "configs_tf2" / f"{FASTER_RCNN}.config"
    try:
        yield _Case("Faster R-CNN ResNet-50", config, _trained(config, setting.scratch / "ckpt-1"))
    except UserError as error:
        print(f"cold match of Faster R-CNN ResNet-50: left out, {error}")


def _trained(config: Path, prefix: Path) -> str:
    """A checkpoint of the configured network as a training with momentum leaves it.

    Written without TensorFlow: what this process had loaded would count as memory of the processes that it starts.
    """
    from cfgtool.checkpoints.strings import join_strings
    from cfgtool.checkpoints.writer import Tensor, write_bundle
    from cfgtool.networks import describe
    from cfgtool.schema import read_config
    from cfgtool.textproto import parse

    suffix, slot = (
        "/.ATTRIBUTES/VARIABLE_VALUE",
        "/.OPTIMIZER_SLOT/optimizer/momentum/.ATTRIBUTES/VARIABLE_VALUE",
    )
    shapes: dict[str, tuple[int, ...]] = {f"save_counter{suffix}": (), f"step{suffix}": ()}
    for variable in describe(read_config(parse(config.read_text(encoding="utf-8")))).variables:
        shapes[f"{variable.tf2_key}{suffix}"] = variable.shape
        if variable.trainable:
            shapes[f"{variable.tf2_key}{slot}"] = variable.shape
    zeros = bytes(4 * max(map(prod, shapes.values())))
    tensors = [
        Tensor(name, "float32", shape, lambda shape=shape: memoryview(zeros)[: 4 * prod(shape)])
        for name, shape in shapes.items()
    ]
    # An object-based checkpoint is known by its graph; the shortest one has no objects.
    tensors.append(Tensor("_CHECKPOINTABLE_OBJECT_GRAPH", "string", (), lambda: join_strings([b""])))
    write_bundle(str(prefix), tensors)
    return str(prefix)
