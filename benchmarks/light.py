"""Benchmarks of the commands that do not need TensorFlow."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import in_turns, report, run_command, run_function

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "fixtures" / "demo" / "pipeline.config"
BARE = """
import typer
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
@app.command()
def main(name: str) -> None:
    print("one line", name)
app()
"""
LIST = "import sys, tensorflow as tf; print(len(tf.train.list_variables(sys.argv[1])))"


@dataclass(frozen=True)
class Setting:
    """What a benchmark may use: `scratch` is a folder of its own, `reference` may be absent."""

    rounds: int
    reference: Path
    od_api: str | None
    scratch: Path


def cfgtool(*arguments: str) -> list[str]:
    """The installed command of this environment."""
    return [str(Path(sys.executable).with_name("cfgtool")), *arguments]


def cold_lint(setting: Setting) -> None:
    """A whole `cfgtool lint` process against a typer app that prints one line."""
    bare = setting.scratch / "bare.py"
    bare.write_text(BARE, encoding="utf-8")
    config = _one_config(setting)
    ours, theirs = in_turns(
        lambda: run_command(cfgtool("lint", str(config))),
        lambda: run_command([sys.executable, str(bare), "x"]),
        setting.rounds,
    )
    report("cold lint", "bare typer app", ours, theirs, "bar: at most 1.3 x")


def _one_config(setting: Setting) -> Path:
    folder = setting.reference / "corpus" / "configs_tf2"
    return folder / "ssd_efficientdet_d0_512x512_coco17_tpu-8.config" if folder.is_dir() else CONFIG


def corpus_lint(setting: Setting) -> None:
    """Parse, schema and all rules over the sample configs against protobuf's parser alone, in this process."""
    from google.protobuf import text_format

    from cfgtool.lint.engine import Settings, lint_document
    from cfgtool.schema.descriptors import message_class
    from cfgtool.textproto import parse

    paths = sorted((setting.reference / "corpus").glob("configs_tf*/*.config")) or [CONFIG] * 50
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in paths]
    pipeline, settings = message_class("TrainEvalPipelineConfig"), Settings()

    def lint() -> None:
        for path, text in texts:
            lint_document(parse(text), path, settings)

    def protobuf() -> None:
        for _, text in texts:
            text_format.Merge(text, pipeline())

    ours, theirs = in_turns(lambda: run_function(lint), lambda: run_function(protobuf), setting.rounds)
    report(f"lint of {len(texts)} configs, in process", "text_format.Merge", ours, theirs, "bar: below 1 x")


def checkpoint_list(setting: Setting) -> None:
    """Listing checkpoints of 1,000 and 10,000 tensors against `tf.train.list_variables`, whole processes."""
    import tensorflow as tf

    for count in (1_000, 10_000):
        prefix = str(setting.scratch / f"ckpt-{count}")
        names = [f"model/block_{number // 10}/layer_{number % 10}/kernel" for number in range(count)]
        tf.raw_ops.SaveV2(
            prefix=prefix, tensor_names=names, shape_and_slices=[""] * count, tensors=[tf.zeros([2])] * count
        )
        ours, theirs = in_turns(
            lambda prefix=prefix: run_command(cfgtool("checkpoint", "ls", prefix, "--format", "json")),
            lambda prefix=prefix: run_command([sys.executable, "-c", LIST, prefix]),
            min(setting.rounds, 3),
        )
        bar = "bar: at most 1/50" if count == 1_000 else "bar: at most 1/12, below 40 MiB"
        report(f"list {count} tensors", "tf.train.list_variables", ours, theirs, bar)
