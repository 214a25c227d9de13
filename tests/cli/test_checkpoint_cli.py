"""`cfgtool checkpoint` as a user runs it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from written_checkpoints import GRAPH, SUFFIX, write_checkpoint

from cfgtool.cli.main import main

Run = Callable[..., tuple[int, str, str]]
SHAPES: dict[str, tuple[int, ...]] = {"model/conv/kernel": (3, 3, 1, 2), "model/conv/bias": (2,), "step": ()}
FLOATS = struct.pack("<5f", 1.5, -2.0, 0.25, float("nan"), float("inf"))
VALUES = {
    "model/floats": ("float32", FLOATS),
    "model/halves": ("float16", struct.pack("<3e", 1.5, -2.0, 0.25)),
    "model/brains": ("bfloat16", bytes.fromhex("c03f" "00c0" "803e")),
    "model/counts": ("int64", struct.pack("<2q", -(1 << 40), 7)),
    "model/empty": ("float32", b""),
}  # fmt: skip


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process; gives exit status, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["checkpoint", *map(str, arguments)])
        output = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, output.out, output.err

    return call


def test_list_as_json(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-3", SHAPES)
    status, out, err = run("ls", prefix, "--format", "json")
    listing = json.loads(out)
    assert (status, err) == (0, "")
    assert (listing["path"], listing["format"], listing["step"]) == (prefix, "tf2-object", 3)
    assert listing["container"] == "bundle"
    assert listing["entries"] == [
        {"name": GRAPH, "dtype": "string", "shape": []},
        {"name": f"model/conv/bias{SUFFIX}", "dtype": "float32", "shape": [2]},
        {"name": f"model/conv/kernel{SUFFIX}", "dtype": "float32", "shape": [3, 3, 1, 2]},
        {"name": f"save_counter{SUFFIX}", "dtype": "int64", "shape": []},
        {"name": f"step{SUFFIX}", "dtype": "float32", "shape": []},
    ]


def test_list_as_text(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-3", SHAPES)
    status, out, _ = run("ls", prefix)
    assert status == 0
    assert out.splitlines()[2:] == [
        "            shape    type     values",
        "model/conv                        20",
        "  bias      2        float32       2",
        "  kernel    3x3x1x2  float32      18",
        "",
        "2 tensors, 20 values",
        "3 bookkeeping entries: optimizer, averages, counters (--all lists them)",
    ]
    assert run("ls", prefix, "--flat")[1].splitlines()[2:] == [
        "model/conv/bias    2        float32",
        "model/conv/kernel  3x3x1x2  float32",
        "",
        "2 tensors, 20 values",
        "3 bookkeeping entries: optimizer, averages, counters (--all lists them)",
    ]
    lines = run("ls", prefix, "--all", "--flat")[1].splitlines()
    assert [line.split()[0] for line in lines[2:7]] == [
        GRAPH, "model/conv/bias", "model/conv/kernel", "save_counter", "step",
    ]  # fmt: skip
    assert lines[2].endswith("  scalar   string")


def test_a_folder_and_a_file_name_will_do(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "model.ckpt-12", {"Conv/weights": (1,)}, object_based=False)
    for spelling in (tmp_path, f"{prefix}.index"):
        _, out, _ = run("ls", spelling)
        assert out.startswith(f"{prefix} (name-based, TF1): 1 entries, step 12; index only")
        assert "note: " in out


def test_names_with_control_characters(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "c", {"a\x1b[2J/b": (1,)})
    assert "\x1b" not in run("ls", prefix)[1]
    assert "a\\x1b[2J/b" in run("ls", prefix)[1]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("floats", {"min": -2.0, "max": 1.5, "mean": -0.25 / 3, "not finite": 2,
                    "first": [1.5, -2.0, 0.25, "nan", "inf"]}),
        ("halves", {"min": -2.0, "max": 1.5, "mean": -0.25 / 3, "first": [1.5, -2.0, 0.25]}),
        ("brains", {"min": -2.0, "max": 1.5, "mean": -0.25 / 3, "first": [1.5, -2.0, 0.25]}),
        ("counts", {"min": -(1 << 40), "max": 7, "mean": (7 - (1 << 40)) / 2, "first": [-(1 << 40), 7]}),
        ("empty", {"first": []}),
    ],
)  # fmt: skip
def test_show_values(run: Run, tmp_path: Path, name: str, facts: dict[str, object]) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", {}, values=VALUES)
    dtype = VALUES[f"model/{name}"][0]
    status, out, _ = run("show", prefix, f"model/{name}", "--format", "json")
    found = json.loads(out)
    assert status == 0
    for key in ("std", "zeros", "histogram"):
        found.pop(key, None)
    assert found.pop("mean", None) == pytest.approx(facts.pop("mean", None))
    count = found.pop("elements")
    named = {"name": f"model/{name}{SUFFIX}", "shape": [count], "dtype": dtype}
    assert found == named | facts


@pytest.mark.parametrize("name", ["model/floats", f"model/floats{SUFFIX}", "floats"])
def test_show_finds_a_tensor_by_its_names(run: Run, tmp_path: Path, name: str) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", {}, values=VALUES)
    status, out, _ = run("show", prefix, name)
    assert status == 0
    assert "first      [1.5, -2, 0.25, nan, inf]\n" in out
    assert "mean       -0.08333333\n" in out


def test_show_says_what_it_cannot_show(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", SHAPES)
    cases = {
        "model/conv/kernle": "no tensor 'model/conv/kernle'; did you mean 'model/conv/kernel'",
        "zzz": "no tensor 'zzz'; see cfgtool checkpoint ls",
        "bias": "data file of the checkpoint is missing",
    }
    for name, message in cases.items():
        status, out, err = run("show", prefix, name)
        assert (status, out) == (2, "")
        assert message in err


def test_show_compares_the_checksum(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", {}, values=VALUES)
    data = Path(f"{prefix}.data-00000-of-00001")
    data.write_bytes(b"\1" + data.read_bytes()[1:])
    status, _, err = run("show", prefix, "floats")
    assert status == 2
    assert "is damaged at byte 0: the checksum of 'model/floats" in err


def test_committed_checkpoints(run: Run, fixtures: Path) -> None:
    """Written by TensorFlow: several element types and a text."""
    folder = fixtures / "checkpoints" / "dtypes"
    listing = json.loads(run("ls", folder, "--format", "json")[1])
    for entry in listing["entries"]:
        status, out, _ = run("show", listing["path"], entry["name"], "--format", "json")
        shown = json.loads(out)
        assert status == 0
        assert (shown["name"], shown["dtype"], shown["shape"]) == (
            entry["name"],
            entry["dtype"],
            entry["shape"],
        )
        assert ("bytes" if entry["dtype"] == "string" else "first") in shown
        if entry["name"].startswith("text"):
            assert shown["first"] == ["one", "three"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ls", "gone/ckpt-1"], "no such checkpoint"),
        (["ls", "{prefix}", "--format", "html"], "no format 'html'; formats are text, json"),
        (["show", "{prefix}"], "NAME"),
        (["show", "{prefix}", ""], "no tensor ''"),
        (["list", "{prefix}"], "list"),
    ],
)
def test_arguments_that_cannot_be(run: Run, tmp_path: Path, arguments: list[str], says: str) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", SHAPES)
    status, out, err = run(*(argument.format(prefix=prefix) for argument in arguments))
    assert (status, out) == (2, "")
    assert says in err


def test_a_damaged_index(run: Run, tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "ckpt-1", SHAPES)
    index = Path(f"{prefix}.index")
    index.write_bytes(index.read_bytes()[:-60])
    status, out, err = run("ls", prefix)
    assert (status, out) == (2, "")
    assert err.startswith(f"cfgtool: error: {index}: checkpoint index is damaged at byte ")
