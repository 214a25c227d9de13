"""Files of every container, cut anywhere, changed anywhere, or made to cost more than they are."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from written_tables import (
    HEADER,
    bytes_field,
    entry,
    graph,
    index,
    number_field,
    shape,
    single_file,
    stored,
    table,
    varint,
)

from cfgtool.checkpoints import Checkpoint, open_checkpoint, resolve_checkpoint
from cfgtool.checkpoints.folding import fold
from cfgtool.checkpoints.ordered_code import slice_key
from cfgtool.checkpoints.values import Values
from cfgtool.checkpoints.verify import verify
from cfgtool.errors import UserError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "checkpoints"
DATA = ".data-00000-of-00001"
CHECKED = ["tf2/ckpt-1.index", "tf1/model.ckpt-7.index", "v1/mobilenet.ckpt"]
UNCHECKED = ["frozen/frozen_inference_graph.pb", "saved_model_frozen/saved_model.pb"]
GUARDED = [f"tf1/model.ckpt-7{DATA}", f"saved_model_tf2/variables/variables{DATA}"]


def _everything(checkpoint: Checkpoint) -> dict[str, tuple[object, ...]]:
    with Values(checkpoint, check=True) as values:
        return {
            item.name: (item.dtype, item.shape, bytes(values.raw(item)))
            for item in checkpoint.entries.values()
        }


def _copy(name: str, folder: Path) -> tuple[Path, Path]:
    """The files of a fixture in `folder`: the one called `name`, and what to open."""
    source = (FIXTURES / name).parent
    for path in source.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    copy = folder / Path(name).name
    stem = copy.name.removesuffix(".index").removesuffix(DATA)
    return copy, folder / stem


def _check_message(error: UserError) -> None:
    assert error.path
    assert "\n" not in error.message


def _flips(data: bytes, step: int, *masks: int) -> Iterator[tuple[int, bytes]]:
    for offset in range(0, len(data), step):
        for mask in masks:
            yield offset, data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1 :]


@pytest.mark.parametrize("name", CHECKED)
def test_a_byte_changed_anywhere_is_told_or_changes_nothing(name: str, tmp_path: Path) -> None:
    copy, prefix = _copy(name, tmp_path)
    whole = _everything(open_checkpoint(str(prefix)))
    told = 0
    data = copy.read_bytes()
    for offset, changed in _flips(data, 1, 0x01, 0x80):
        copy.write_bytes(changed)
        try:
            found = _everything(open_checkpoint(str(prefix)))
        except UserError as error:
            told += 1
            _check_message(error)
        else:
            assert found == whole, f"byte {offset}"
    assert told > 2 * 0.9 * len(data) - 200  # the rest is the padding of the footer, and the meta-index


@pytest.mark.parametrize("name", [*CHECKED, *UNCHECKED])
def test_a_file_cut_anywhere_is_refused(name: str, tmp_path: Path) -> None:
    copy, prefix = _copy(name, tmp_path)
    data = copy.read_bytes()
    whole = _everything(open_checkpoint(str(prefix)))
    for size in range(len(data)):
        copy.write_bytes(data[:size])
        try:
            found = _everything(open_checkpoint(str(prefix)))
        except UserError as error:
            _check_message(error)
        else:  # a graph that ends between two nodes is a graph, with fewer of them
            assert name in UNCHECKED, f"{size} bytes"
            assert found.items() <= whole.items() or len(found) < len(whole), f"{size} bytes"


@pytest.mark.parametrize("name", UNCHECKED)
def test_a_graph_changed_anywhere_is_read_or_refused(name: str, tmp_path: Path) -> None:
    """Nothing guards its values: that is what `verify` says."""
    copy, prefix = _copy(name, tmp_path)
    refused = 0
    for _, changed in _flips(copy.read_bytes(), 1, 0x81):
        copy.write_bytes(changed)
        try:
            verify(resolve_checkpoint(str(prefix)))
            _everything(open_checkpoint(str(prefix)))
        except UserError as error:
            refused += 1
            _check_message(error)
    assert refused > 100


@pytest.mark.parametrize("name", GUARDED)
def test_verify_tells_every_byte_of_the_data(name: str, tmp_path: Path) -> None:
    copy, prefix = _copy(name, tmp_path)
    data = copy.read_bytes()
    for offset, changed in _flips(data, 1, 0x10):
        copy.write_bytes(changed)
        first, *_ = verify(resolve_checkpoint(str(prefix))).damages
        assert first.file == str(copy)
        assert first.tensor, offset
        assert first.offset <= offset
    for size in range(0, len(data), 7):
        copy.write_bytes(data[:size])
        damages = verify(resolve_checkpoint(str(prefix))).damages
        assert any("ends before byte" in damage.what for damage in damages), size


@pytest.mark.parametrize("name", ["v1/mobilenet.ckpt", "v1/parts.ckpt"])
def test_verify_tells_every_byte_of_a_file(name: str, tmp_path: Path) -> None:
    copy, prefix = _copy(name, tmp_path)
    data = copy.read_bytes()
    step = max(1, len(data) // 500)
    silent, unknown = [], []
    for offset, changed in _flips(data, step, 0x04):
        copy.write_bytes(changed)
        try:
            if not verify(resolve_checkpoint(str(prefix))).damages:
                silent.append(offset)
        except UserError:
            unknown.append(offset)
    assert all(offset >= len(data) - 8 for offset in unknown), "only its last bytes say what it is"
    assert all(offset >= len(data) - 48 for offset in silent), "only the padding of the footer may change"


def _peak(path: Path) -> int:
    """The most bytes that Python held while a checkpoint was verified, opened and read, which fails."""
    tracemalloc.start()
    try:
        found = verify(resolve_checkpoint(str(path)))
        assert found.damages or path.suffix == ".pb", "one number may stand for as many as a graph wants"
        with pytest.raises(UserError):
            _everything(open_checkpoint(str(path)))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


FAR = 1 << 40
HUGE_TENSOR = number_field(1, 1) + bytes_field(2, shape(FAR)) + bytes_field(5, struct.pack("<f", 1))
PARTS = b"".join(
    bytes_field(7, bytes_field(1, number_field(1, at) + number_field(2, FAR))) for at in (0, FAR)
)
WHOLE = bytes_field(1, b"")
LISTED = bytes_field(
    1, bytes_field(1, b"a") + bytes_field(2, shape(FAR)) + number_field(3, 1) + bytes_field(4, WHOLE)
)
SLICE_KEY = slice_key(b"a", ((0, -1),)).decode("latin-1")
SAVED = bytes_field(2, bytes_field(1, b"a") + bytes_field(2, WHOLE) + bytes_field(3, HUGE_TENSOR))
GREEDY = {
    "value beyond its file": index({b"a": entry((FAR,))}),
    "parts beyond their file": index(
        {
            b"a": number_field(1, 1) + bytes_field(2, shape(2 * FAR)) + PARTS,
            slice_key(b"a", ((0, FAR),)): entry((FAR,)),
            slice_key(b"a", ((FAR, FAR),)): entry((FAR,)),
        }
    ),
    "one number for a constant": graph({"a": HUGE_TENSOR}),
    "one number in a file": single_file({SLICE_KEY: SAVED}, LISTED),
    "snappy bomb": table(stored(varint(1 << 50) + b"\0a" + b"\xfe\1\0" * 20, 1)),
    "snappy bomb within its ratio": table(stored(varint(21 * 99_999) + b"\0a" + b"\xfe\1\0" * 33_000, 1)),
    "strings without end": index({b"a": entry((FAR,), dtype=7, size=4)}),
}  # fmt: skip


@pytest.mark.parametrize("name", GREEDY)
def test_what_a_file_declares_takes_no_memory(name: str, tmp_path: Path) -> None:
    data = GREEDY[name]
    path = tmp_path / ("graph.pb" if data[:1] == b"\x0a" else "c")
    if name == "one number in a file" or data[:1] == b"\x0a":
        path.write_bytes(data)
    else:
        Path(f"{path}.index").write_bytes(data)
        Path(f"{path}{DATA}").write_bytes(b"\0" * 64)
    assert _peak(path) < 4_000_000 + 30 * len(data)


@pytest.mark.slow
def test_an_index_of_a_million_entries_is_refused_within_bounds(tmp_path: Path) -> None:
    """Or read: the process may have as much memory as a small machine, and not more."""
    value = entry()
    rows = [
        b"\0\7" + bytes([len(value)]) + f"{number:07}".encode() + value for number in range((1 << 20) + 10)
    ]
    rows.insert(0, b"\0\0" + bytes([len(HEADER)]) + HEADER)
    blocks = [
        stored(b"".join(rows[at : at + 9000]) + struct.pack("<II", 0, 1)) for at in range(0, len(rows), 9000)
    ]
    # The separators of the index must rise, and `table` numbers them with one byte.
    assert len(blocks) < 256
    (tmp_path / "c.index").write_bytes(table(*blocks))
    script = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from cfgtool.cli.start import main\nmain(['checkpoint', 'ls', sys.argv[1], '--format', 'json'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "c")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "more than 1048576 entries" in done.stderr


def test_names_of_many_parts_are_folded() -> None:
    deep = "/".join("abc"[place % 3] for place in range(100_000))
    lines = fold([(deep, "2 float32", 2), (f"{deep}x", "2 float32", 2)], sum)
    assert sum(line.amount for line in lines if line.kind) == 4
    assert len(lines) < 70


def test_an_object_graph_in_a_circle_is_walked_to_its_end(tmp_path: Path) -> None:
    """Objects may well refer to those that refer to them."""
    name = "a/.ATTRIBUTES/VARIABLE_VALUE"
    back = bytes_field(1, number_field(1, 0) + bytes_field(2, b"back"))
    root = bytes_field(1, bytes_field(1, number_field(1, 1) + bytes_field(2, b"a")))
    leaf = bytes_field(
        1, back + bytes_field(2, bytes_field(1, b"VARIABLE_VALUE") + bytes_field(3, name.encode()))
    )
    message = root + leaf
    raw = varint(len(message)) + bytes(4) + message
    rows = {
        b"_CHECKPOINTABLE_OBJECT_GRAPH": entry((), dtype=7, size=len(raw)),
        name.encode(): entry((1,), offset=len(raw)),
    }
    (tmp_path / "c.index").write_bytes(index(rows))
    (tmp_path / f"c{DATA}").write_bytes(raw + bytes(4))
    checkpoint = open_checkpoint(str(tmp_path / "c"))
    found = checkpoint.find("a/back/a/back/a")
    assert found is not None
    assert found.key == "a"
    assert checkpoint.find("a/" + "back/a/" * 10_000 + "b") is None


def _bundle(tmp_path: Path, rows: dict[bytes, bytes], size: int) -> list[tuple[str | None, str]]:
    (tmp_path / "c.index").write_bytes(index(rows))
    (tmp_path / f"c{DATA}").write_bytes(bytes(size))
    return [
        (damage.tensor, damage.what) for damage in verify(resolve_checkpoint(str(tmp_path / "c"))).damages
    ]


def test_verify_tells_of_values_that_overlap(tmp_path: Path) -> None:
    found = _bundle(tmp_path, {b"a": entry((2,)), b"b": entry((2,), offset=4)}, 12)
    assert ("b", "it overlaps the value before it") in found


def test_verify_tells_of_parts_that_do_not_fit(tmp_path: Path) -> None:
    def parts(*cuts: tuple[int, int]) -> dict[bytes, bytes]:
        slices = b"".join(
            bytes_field(7, bytes_field(1, number_field(1, start) + number_field(2, length)))
            for start, length in cuts
        )
        rows = {b"a": number_field(1, 1) + bytes_field(2, shape(4)) + slices}
        for number, cut in enumerate(cuts):
            rows[slice_key(b"a", (cut,))] = entry((cut[1],), offset=16 * number)
        return rows

    cases = {
        "the parts of 'a' have 3 of its 4 elements": parts((0, 2), (2, 1)),
        "two parts of 'a' overlap": parts((0, 2), (1, 2)),
        "a part from 3 of length 2 of an axis of 4": parts((0, 2), (3, 2)),
        "'a' has no part [(2, 2)]": {
            k: v for k, v in parts((0, 2), (2, 2)).items() if k != slice_key(b"a", ((2, 2),))
        },
    }
    for what, rows in cases.items():
        assert ("a", what) in _bundle(tmp_path, rows, 64), what
        with pytest.raises(UserError):
            _everything(open_checkpoint(str(tmp_path / "c")))


def test_verify_tells_of_parts_of_nothing(tmp_path: Path) -> None:
    rows = {slice_key(b"a", ((0, 2),)): entry((2,))}
    assert (None, "1 parts belong to no tensor") in _bundle(tmp_path, rows, 8)
