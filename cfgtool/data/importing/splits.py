"""Which pictures are for training and which for validation, and which file each goes to."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.errors import UserError
from cfgtool.files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.data.importing.options import ImportOptions
    from cfgtool.data.importing.source import Entry

NAMES = ("train", "val", "test")
SHARD_BYTES = 100 << 20


class Shard(NamedTuple):
    """One file to be written: its split, its name, and the pictures in their order there."""

    split: str
    name: str
    entries: list[Entry]


def parse_split(text: str | None) -> tuple[tuple[float, ...], str]:
    """(fractions, file of names) that `--split` says: "0.8,0.2", or a list of the pictures for validation.

    Raises UserError for fractions that are not two or three, or do not sum up to 1.
    """
    if not text:
        return (), ""
    parts = text.split(",")
    try:
        fractions = tuple(float(part) for part in parts)
    except ValueError:
        if not os.path.isfile(text):
            raise UserError(
                f"{text!r} is neither fractions nor a file",
                hint="--split 0.8,0.2, or a list of the pictures of val",
            ) from None
        return (), text
    if (
        not 2 <= len(fractions) <= 3
        or any(not 0 <= one <= 1 for one in fractions)
        or abs(sum(fractions) - 1) > 1e-6
    ):
        raise UserError(
            f"'{text}' is no split", hint="two or three fractions that sum up to 1: train, val, test"
        )
    return fractions, ""


def assign(entries: Sequence[Entry], options: ImportOptions) -> dict[str, list[Entry]]:
    """Split -> pictures. The order is drawn by the seed and the source id of each picture, and nothing else: one more
    picture does not mix the others anew. Raises UserError for a held-out name that is not there.
    """
    ordered = sorted(entries, key=lambda entry: _draw(options.seed, entry))
    if options.fractions:
        found: dict[str, list[Entry]] = {}
        start, total = 0, 0.0
        for name, fraction in zip(NAMES, options.fractions, strict=False):
            total += fraction
            end = round(total * len(ordered))
            found[name] = ordered[start:end]
            start = end
    elif options.held_out:
        held = _held_out(ordered, options.held_out)
        found = {
            name: [entry for entry in ordered if (entry.number in held) == (name == "val")]
            for name in NAMES[:2]
        }
    else:
        found = {name: [entry for entry in ordered if (entry.split or "train") == name] for name in NAMES}
    return {name: members for name, members in found.items() if members}


def _draw(seed: int, entry: Entry) -> bytes:
    name = f"{seed}/{entry.source_id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(name, digest_size=16).digest() + entry.number.to_bytes(8, "big")


def _held_out(entries: Sequence[Entry], path: str) -> set[int]:
    """The numbers of the pictures that a list names: by file name, with or without folders and ending, or source id."""
    known: dict[str, int] = {}
    for entry in entries:
        base = os.path.basename(entry.name)
        for name in (
            os.path.splitext(base)[0],
            base,
            os.path.splitext(entry.name)[0],
            entry.name,
            entry.source_id,
        ):
            known[name] = entry.number
    held = set()
    for line, text in enumerate(read_text(path).split("\n"), 1):
        name = text.strip()
        if not name:
            continue
        number = known.get(name, known.get(os.path.basename(name)))
        if number is None:
            import difflib

            near = difflib.get_close_matches(name, list(known)[:10000], 1)
            hint = f"did you mean {near[0]!r}?" if near else "write file names as the annotations do"
            raise UserError(f"{name!r} is no picture of the source", path=path, line=line, hint=hint)
        held.add(number)
    return held


def shards_of(split: str, entries: list[Entry], options: ImportOptions) -> list[Shard]:
    """The files of a split, each with a run of its pictures."""
    count = options.shards
    if not count:
        sample = entries[:: max(1, len(entries) // 1000)]
        size = sum(_size(entry) for entry in sample) * len(entries) // len(sample)
        count = max(1, round(size / SHARD_BYTES))
    count = min(count, len(entries), 99999)
    bounds = [len(entries) * number // count for number in range(count + 1)]
    return [
        Shard(split, file_name(split, number, count), entries[bounds[number] : bounds[number + 1]])
        for number in range(count)
    ]


def file_name(split: str, number: int, count: int) -> str:
    """The name of file `number` of `count`, as globs and `input_path` expect it."""
    return f"{split}-{number:05d}-of-{count:05d}.record"


def _size(entry: Entry) -> int:
    try:
        return os.stat(entry.path).st_size
    except (OSError, ValueError):
        return 0
