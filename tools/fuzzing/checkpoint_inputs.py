"""Inputs for fuzzing the readers of checkpoints: small files of every container, changed as a seed determines.

Some changes are of bytes as they lie in the file, which checksums must tell; others are made inside the blocks of a
table, whose checksums are then made right again, so that what lies behind them is reached.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.table import Table
from cfgtool.crc32c import masked_crc32c

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "checkpoints"
SEEDS = (
    "tf2/ckpt-1",
    "tf1/model.ckpt-7",
    "dtypes/all",
    "sharded/two",
    "parts/model.ckpt",
    "v1/mobilenet.ckpt",
    "v1/parts.ckpt",
    "saved_model_tf2",
    "saved_model_tf1",
    "saved_model_frozen",
    "frozen/frozen_inference_graph.pb",
)
_EDGES = (
    b"\0",
    b"\1",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff" * 9 + b"\1",
    b"\x80" * 10,
    b"\xff\xff\xff\xff\x0f",
    b"../",
)


class Case(NamedTuple):
    """Files by their names below a folder, of which `path` is to be opened; `seed` names what they were made of.

    `told` is True if checksums must tell every change that matters.
    """

    seed: str
    path: str
    files: dict[str, bytes]
    told: bool

    def __str__(self) -> str:
        before = seed_files(self.seed)
        changed = {name: data.hex() for name, data in self.files.items() if before.get(name) != data}
        return f"{self.seed}: {changed}"


@cache
def seed_files(seed: str) -> dict[str, bytes]:
    """The files of a seed, by their names below the folder of fixtures."""
    place = FOLDER / seed
    paths = place.rglob("*") if place.is_dir() else place.parent.glob(f"{place.name}*")
    return {str(path.relative_to(FOLDER)): path.read_bytes() for path in paths if path.is_file()}


def make(number: int) -> Case:
    """The input of that number."""
    dice = random.Random(number)
    seed = dice.choice(SEEDS)
    files = dict(seed_files(seed))
    told = "frozen" not in seed
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        name = dice.choice(sorted(files))
        if dice.random() < 0.5 and (blocks := _blocks(files[name])):
            files[name] = _in_block(files[name], dice.choice(blocks), dice)
            told = False
        else:
            files[name] = _bytes(files[name], dice)
            # Of the graph beside the variables nothing is compared.
            told = told and not name.endswith(".pb")
    if dice.random() < 0.02:
        del files[dice.choice(sorted(files))]
    return Case(seed, seed, files, told)


def _blocks(data: bytes) -> list[tuple[int, int]]:
    """Where the blocks of a table lie; none in a file that is no table any more."""
    try:
        table = Table(data, check=False)
        found = [table.index, *(handle for _, handle in table.blocks())]
        return [handle for handle in found if sum(handle) + 5 <= len(data)]
    except (DamageError, IndexError):
        return []


def _in_block(data: bytes, handle: tuple[int, int], dice: random.Random) -> bytes:
    """A change that keeps the length of a block, and its checksum right."""
    start, end = handle[0], sum(handle)
    block = bytearray(data[start : end + 1])
    for _ in range(dice.choice((1, 1, 2, 4))):
        place = dice.randrange(len(block))
        edge = dice.choice((*_EDGES, bytes([dice.randrange(256)])))[: len(block) - place]
        block[place : place + len(edge)] = edge
    if dice.random() < 0.9:
        block[-1] = data[end]  # as it was compressed
    crc = masked_crc32c(bytes(block)).to_bytes(4, "little")
    return data[:start] + bytes(block) + crc + data[end + 5 :]


def _bytes(data: bytes, dice: random.Random) -> bytes:
    """Bytes changed, replaced, inserted, left out, moved, or cut off."""
    if not data:
        return dice.choice(_EDGES)
    place, other = dice.randrange(len(data)), dice.randrange(len(data) + 1)
    size = dice.choice((1, 1, 2, 8, 64))
    kind = dice.randrange(6)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]
    if kind == 1:
        edge = dice.choice(_EDGES)
        return data[:place] + edge + data[place + len(edge) :]
    if kind == 2:
        return data[:place] + dice.choice(_EDGES) + data[place:]
    if kind == 3:
        return data[:place] + data[place + size :]
    if kind == 4:
        return data[:other] + data[place : place + size] + data[other:]
    return data[:place]
