"""Write what the examples of lint's rules start from: `python -m tools.make_lint_checkpoints`.

These checkpoints are indices alone, under `fixtures/lint`: names and shapes of an SSD for two classes in the
format of each generation, of its backbone as a classifier, of a network without its extra layers, of nothing,
and in a folder of a training run.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from cfgtool.crc32c import masked_crc32c
from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.textproto import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[1] / "fixtures" / "lint"
MAGIC = bytes.fromhex("57fb808b247547db")
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
FLOAT, STRING, INT64 = 1, 7, 9
TEXT = """
model { ssd {
  num_classes: 2
  image_resizer { fixed_shape_resizer { height: 128 width: 128 } }
  feature_extractor { type: "ssd_mobilenet_v1_keras" }
  anchor_generator { ssd_anchor_generator { aspect_ratios: [1.0, 2.0] } }
  box_predictor { convolutional_box_predictor { kernel_size: 1 } }
} }
"""

Row = tuple[str, int, tuple[int, ...]]


def varint(number: int) -> bytes:
    """A number of any size as it is on the wire."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes) -> bytes:
    """A field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(rows: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A block of a table with its checksum; keys leave out what they share with the key before."""
    out, last = b"", b""
    for key, value in rows:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    body = out + struct.pack("<II", 0, 1) + b"\0"
    return body + struct.pack("<I", masked_crc32c(body))


def index(rows: Iterable[Row]) -> bytes:
    """An index file: one data block, no meta data, and the block that finds them."""
    entries, offset = [(b"", field(1, 1))], 0
    for key, dtype, sizes in sorted(rows):
        shape = b"".join(field(2, field(1, size)) for size in sizes)
        length = 8 if dtype == INT64 else 4
        for size in sizes:
            length *= size
        entries.append(
            (key.encode(), field(1, dtype) + field(2, shape) + field(4, offset) + field(5, length))
        )
        offset += length
    data, meta = block(entries), block([])
    handle = varint(0) + varint(len(data) - 5)
    finder = block([(b"\xff", handle)])
    footer = (
        varint(len(data)) + varint(len(meta) - 5) + varint(len(data) + len(meta)) + varint(len(finder) - 5)
    )
    return data + meta + finder + footer.ljust(40, b"\0") + MAGIC


def object_based(rows: Iterable[Row]) -> list[Row]:
    """The rows as tf.train.Checkpoint names them, with its bookkeeping."""
    named = [(f"{key}{SUFFIX}", dtype, sizes) for key, dtype, sizes in rows]
    return [*named, ("_CHECKPOINTABLE_OBJECT_GRAPH", STRING, ()), (f"save_counter{SUFFIX}", INT64, ())]


def main() -> None:
    """Write every checkpoint."""
    variables = describe(read_config(parse(TEXT)), "tf2").variables
    objects = [(variable.tf2_key, FLOAT, variable.shape) for variable in variables if variable.tf2_key]
    names = [(variable.tf1_name, FLOAT, variable.shape) for variable in variables if variable.tf1_name]
    backbone = "model/_feature_extractor/classification_backbone/"
    trunk = [
        (variable.tf1_name, FLOAT, variable.shape)
        for variable in variables
        if variable.tf1_name and variable.name.startswith("backbone")
    ]
    classifier = [
        (f"feature_extractor/{key.removeprefix(backbone)}", dtype, shape)
        for key, dtype, shape in objects
        if key.startswith(backbone)
    ]
    for name, rows in (
        ("detector/ckpt-1", object_based(objects)),
        ("run/ckpt-1", object_based(objects)),
        ("classifier/ckpt-1", object_based(classifier)),
        ("empty/ckpt-1", object_based([])),
        ("detector_tf1/model.ckpt-5", names),
        ("trunk_tf1/model.ckpt-5", trunk),
    ):
        path = ROOT / f"{name}.index"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(index(rows))
    events = ROOT / "run" / "train" / "events.out.tfevents.1"
    events.parent.mkdir(exist_ok=True)
    events.touch()


if __name__ == "__main__":
    main()
