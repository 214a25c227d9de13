"""Checkpoints that are written here, read back; and what is there when writing is cut short."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from math import prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_tables import block

from cfgtool.checkpoints import open_checkpoint, read_checkpoint
from cfgtool.checkpoints.entry import DTYPES
from cfgtool.checkpoints.graph import ObjectGraph
from cfgtool.checkpoints.object_graph_writer import object_based, object_graph
from cfgtool.checkpoints.strings import join_strings
from cfgtool.checkpoints.table import read_table
from cfgtool.checkpoints.table_writer import write_table
from cfgtool.checkpoints.values import Values
from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.errors import UserError

WIDTHS = {name: width for name, width in DTYPES.values() if width}
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
) | st.from_regex(r"(scope_[0-9]/){0,9}kernel", fullmatch=True)


def tensor(name: str, dtype: str = "float32", shape: tuple[int, ...] = (2,), seed: int = 1) -> Tensor:
    """A tensor whose bytes tell which one it is."""
    size = WIDTHS[dtype] * prod(shape)
    data = bytes((seed + position) % 251 for position in range(size))
    return Tensor(name, dtype, shape, lambda: data)


@st.composite
def tensors(draw: st.DrawFn) -> list[Tensor]:
    names = draw(st.lists(NAMES, unique=True, max_size=30))
    made = []
    for name in names:
        if draw(st.integers(0, 9)) == 0:
            texts = draw(st.lists(st.binary(max_size=300), max_size=4))
            value = join_strings(texts)
            made.append(Tensor(name, "string", (len(texts),), lambda value=value: value))  # type: ignore[misc]
        else:
            shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
            made.append(tensor(name, draw(st.sampled_from(sorted(WIDTHS))), shape, draw(st.integers(0, 250))))
    return made


@settings(max_examples=60, deadline=None)
@given(tensors())
def test_what_is_written_is_read_back(written: list[Tensor]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "new", "ckpt")
        files = write_bundle(prefix, written)
        checkpoint = read_checkpoint(prefix)
        assert sorted(entry.name for entry in checkpoint.entries.values()) == sorted(t.name for t in written)
        by_name = {entry.name: entry for entry in checkpoint.entries.values()}
        with Values(checkpoint, check=True) as values:
            for item in written:
                entry = by_name[item.name]
                assert (entry.dtype, entry.shape) == (item.dtype, item.shape)
                assert values.raw(entry) == item.raw()
        assert files.value_bytes == os.path.getsize(files.data_file)
        assert sorted(os.listdir(os.path.dirname(prefix))) == [
            "checkpoint",
            "ckpt.data-00000-of-00001",
            "ckpt.index",
        ]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.binary(max_size=400), st.binary(max_size=400), max_size=200))
def test_tables_have_their_rows_in_blocks(rows: dict[bytes, bytes]) -> None:
    with tempfile.TemporaryFile() as file:
        write_table(file, sorted(rows.items()))
        file.seek(0)
        data = file.read()
    assert list(read_table(data)) == sorted(rows.items())


def test_keys_leave_out_what_they_share(tmp_path: Path) -> None:
    """3,000 names of 100 characters take a fraction of their length, and stay under 5 KiB a block."""
    names = [f"{'scope/' * 15}layer_{number:04d}" for number in range(3000)]
    write_bundle(str(tmp_path / "many"), [tensor(name) for name in names])
    assert (tmp_path / "many.index").stat().st_size < 0.4 * sum(map(len, names))
    assert list(read_checkpoint(str(tmp_path / "many")).entries) == names


def test_one_block_is_as_the_format_has_it(tmp_path: Path) -> None:
    """Below 16 entries there is one restart, so the bytes are those of the plainest writer."""
    with (tmp_path / "table").open("wb") as file:
        write_table(file, [(b"ab", b"1"), (b"abc", b"22"), (b"b", b"")])
    expected = block([(b"ab", b"1"), (b"abc", b"22"), (b"b", b"")])
    assert (tmp_path / "table").read_bytes().startswith(expected)


def test_keys_out_of_order_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "table").open("wb") as file, pytest.raises(ValueError, match="follows"):
        write_table(file, [(b"b", b""), (b"a", b"")])


def test_two_tensors_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="follows"):
        write_bundle(str(tmp_path / "twice"), [tensor("a"), tensor("a")])
    assert os.listdir(tmp_path) == []


def test_a_value_of_another_size_than_its_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'a' has 4 bytes for float32 of shape \[2\]"):
        write_bundle(str(tmp_path / "short"), [Tensor("a", "float32", (2,), lambda: bytes(4))])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("", "is a folder"),
        ("new/", "is a folder"),
        ("there.index", "is the name of a file"),
        ("there.data-00000-of-00001", "is the name of a file"),
        ("there", "exists already"),
        ("file", "exists already"),
        ("half", "exists already"),
        ("file/ckpt", "is a file, not a folder"),
    ],
)
def test_prefixes_that_are_none_are_refused(tmp_path: Path, prefix: str, message: str) -> None:
    write_bundle(str(tmp_path / "there"), [tensor("old")])
    (tmp_path / "file").touch()
    (tmp_path / "half.data-00000-of-00001").touch()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(UserError, match=message):
        write_bundle(str(tmp_path) + "/" + prefix, [tensor("new")])
    assert sorted(os.listdir(tmp_path)) == before


def test_force_replaces_all_shards(tmp_path: Path) -> None:
    prefix = tmp_path / "ckpt"
    write_bundle(str(prefix), [tensor("old")])
    (tmp_path / "ckpt.data-00000-of-00001").rename(tmp_path / "ckpt.data-00000-of-00002")
    (tmp_path / "ckpt.data-00001-of-00002").touch()
    (tmp_path / "ckpt.data-notes").touch()
    (tmp_path / "ckpt-2.data-00000-of-00001").touch()
    write_bundle(str(prefix), [tensor("new")], force=True)
    assert list(open_checkpoint(str(tmp_path)).entries) == ["new"]
    assert sorted(os.listdir(tmp_path)) == [
        "checkpoint",
        "ckpt-2.data-00000-of-00001",
        "ckpt.data-00000-of-00001",
        "ckpt.data-notes",
        "ckpt.index",
    ]


def test_the_state_file_of_another_checkpoint_stays(tmp_path: Path) -> None:
    first = write_bundle(str(tmp_path / "ckpt-1"), [tensor("a")])
    assert first.state_file == str(tmp_path / "checkpoint")
    assert write_bundle(str(tmp_path / "ckpt-2"), [tensor("b")]).state_file is None
    assert open_checkpoint(str(tmp_path)).path == str(tmp_path / "ckpt-1")
    assert write_bundle(str(tmp_path / "ckpt-2"), [tensor("b")], force=True).state_file is not None
    assert open_checkpoint(str(tmp_path)).path == str(tmp_path / "ckpt-2")


_KILLED = """
import os, sys
from cfgtool.checkpoints.writer import Tensor, write_bundle

folder, moment = sys.argv[1], int(sys.argv[2])
seen = 0

def watch(event, arguments):
    global seen
    if event in ("open", "os.rename", "os.remove", "os.mkdir") and str(arguments[0]).startswith(folder):
        seen += 1
        if seen == moment:
            os._exit(9)

new = [Tensor(name, "int32", (3,), lambda: bytes(range(12))) for name in ("x", "y")]
sys.addaudithook(watch)
write_bundle(os.path.join(folder, "ckpt"), new, force=True)
"""


@pytest.mark.parametrize("replaced", [False, True])
def test_a_kill_leaves_nothing_or_the_whole(tmp_path: Path, replaced: bool) -> None:
    """Killed before each act on a file in turn: no checkpoint, the old or the new one, never a mixture."""
    found = []
    for moment in range(1, 100):
        folder = tmp_path / str(moment)
        prefix = str(folder / "ckpt")
        if replaced:
            write_bundle(prefix, [tensor("old", seed=moment)])
        done = subprocess.run([sys.executable, "-c", _KILLED, str(folder), str(moment)], check=False)
        if not (folder / "ckpt.index").is_file():
            found.append("nothing")
        else:
            checkpoint = read_checkpoint(prefix)
            with Values(checkpoint, check=True) as values:
                raws = {name: bytes(values.raw(entry)) for name, entry in checkpoint.entries.items()}
            new = {"x": bytes(range(12)), "y": bytes(range(12))}
            assert raws in ({"old": tensor("old", seed=moment).raw()}, new)
            found.append("new" if raws == new else "old")
        if done.returncode == 0:
            break
        assert done.returncode == 9
    assert done.returncode == 0
    assert list(dict.fromkeys(found)) == (["old", "nothing", "new"] if replaced else ["nothing", "new"])
    assert len(found) > 8


def test_the_object_graph_leads_to_every_value(tmp_path: Path) -> None:
    paths = ["model/a/kernel", "model/a/bi.Sas", "model/b..d/x", "model/a", "step"]
    graph = ObjectGraph(object_graph([(path, f"full/{path}") for path in paths]))
    for path in paths:
        assert graph.name(path) == f"{path}/.ATTRIBUTES/VARIABLE_VALUE"
    assert graph.name("model/b..d") is None
    assert graph.name("model/absent") is None
    with pytest.raises(ValueError, match="two variables at 'step'"):
        object_graph([("step", ""), ("step", "")])
    named = [(tensor(path), path) for path in paths]
    write_bundle(str(tmp_path / "ckpt-7"), object_based(named, save_counter=7))
    checkpoint = open_checkpoint(str(tmp_path))
    assert checkpoint.format == "tf2-object"
    assert {entry.key for entry in checkpoint.tensors()} == set(paths) - {"step"}
    with Values(checkpoint, check=True) as values:
        assert bytes(values.raw(checkpoint.entries["save_counter"])) == (7).to_bytes(8, "little")
