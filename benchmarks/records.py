"""Benchmarks of lint where the data is there: 100 GB of records in a thousand shards."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.light import Setting, cfgtool
from benchmarks.timing import in_turns, report, run_command
from cfgtool.data import keys
from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import frame

CONFIG = """
model {{ ssd {{
  num_classes: 2
  image_resizer {{ fixed_shape_resizer {{ height: 320 width: 320 }} }}
  anchor_generator {{ multiscale_anchor_generator {{ aspect_ratios: [1.0, 2.0, 0.5] }} }}
}} }}
train_input_reader {{ tf_record_input_reader {{ input_path: "{0}/shard-?????-of-01000" }} }}
"""
JPEG_HEADER = bytes.fromhex("ffd8ffc00011080258032003012200021101031101")
SHARDS, RECORDS, DISTINCT, IMAGE_BYTES = 1000, 1000, 50, 100_000


def record_sample(setting: Setting) -> None:
    """Lint with a sample of the records against lint that leaves the records alone, whole processes."""
    config = setting.scratch / "pipeline.config"
    config.write_text(CONFIG.format(_shards(setting.scratch)), encoding="utf-8")
    ours, theirs = in_turns(
        lambda: run_command(cfgtool("lint", str(config))),
        lambda: run_command(cfgtool("lint", str(config), "--ignore", "CFG55,CFG58,CFG59")),
        setting.rounds,
    )
    report("lint beside 100 GB of records", "without reading them", ours, theirs, "bar: at most 3 x")


def _shards(folder: Path) -> Path:
    """A thousand names of one file of 100 MB: what is read of it is the same as of a thousand files."""
    draw = random.Random(1)
    frames = [frame(_example(number, draw)) for number in range(DISTINCT)]
    with open(folder / "shard", "wb") as file:
        for number in range(RECORDS):
            file.write(frames[number % DISTINCT])
    for number in range(SHARDS):
        (folder / f"shard-{number:05d}-of-{SHARDS:05d}").symlink_to(folder / "shard")
    return folder


def _example(number: int, draw: random.Random) -> bytes:
    """An example of 600 x 800 pixels with three boxes."""
    return encode_example(
        {
            keys.IMAGE: [JPEG_HEADER + draw.randbytes(IMAGE_BYTES)],
            keys.FORMAT: ["jpeg"],
            keys.HEIGHT: [600],
            keys.WIDTH: [800],
            keys.SOURCE_ID: [str(number)],
            keys.YMIN: [0.1, 0.2, 0.3],
            keys.XMIN: [0.1, 0.2, 0.3],
            keys.YMAX: [0.5, 0.6, 0.7],
            keys.XMAX: [0.4, 0.6, 0.8],
            keys.LABEL: [1, 2, 1],
        }
    )
