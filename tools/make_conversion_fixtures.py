"""Write fixtures/convert/trained: the index of a TF1 checkpoint of the network in fixtures/convert/pyramid.config.

Run `python -m tools.make_conversion_fixtures`. It has the moving averages and slots that training leaves beside the
weights. There is no data file: names and shapes are all that the documentation shows.
"""

from __future__ import annotations

import shutil
import tempfile
from math import prod
from pathlib import Path

from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.textproto import parse

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "convert"
NAME = "model.ckpt-9000"


def main() -> None:
    """Write the index anew."""
    config = read_config(parse((FOLDER / "pyramid.config").read_text(encoding="utf-8")))
    tensors = [Tensor("global_step", "int64", (), lambda: (9000).to_bytes(8, "little"))]
    for variable in describe(config, "tf1").variables:
        slots = ["", "/Momentum", "/ExponentialMovingAverage"] if variable.trainable else [""]
        zeros = bytes(4 * prod(variable.shape))
        tensors += [
            Tensor(f"{variable.tf1_name}{slot}", "float32", variable.shape, lambda zeros=zeros: zeros)  # type: ignore[misc]
            for slot in slots
        ]
    with tempfile.TemporaryDirectory() as folder:
        written = write_bundle(str(Path(folder, NAME)), tensors)
        (FOLDER / "trained").mkdir(exist_ok=True)
        shutil.copyfile(written.index_file, FOLDER / "trained" / f"{NAME}.index")


if __name__ == "__main__":
    main()
