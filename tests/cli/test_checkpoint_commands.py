"""`cfgtool checkpoint ls | show | verify | diff` on every container."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from written_checkpoints import write_checkpoint

from cfgtool.cli.main import main

Run = Callable[..., tuple[int, str, str]]
EVERY = [
    ("tf2", "bundle"),
    ("tf1", "bundle"),
    ("parts/model.ckpt", "bundle"),
    ("v1/mobilenet.ckpt", "v1"),
    ("v1/parts.ckpt", "v1"),
    ("saved_model_tf2", "saved_model"),
    ("saved_model_tf1", "saved_model"),
    ("saved_model_frozen", "saved_model"),
    ("frozen", "frozen_graph"),
]


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


@pytest.fixture
def folder(fixtures: Path) -> Path:
    return fixtures / "checkpoints"


@pytest.mark.parametrize(("name", "container"), EVERY)
def test_every_container_is_listed_and_whole(run: Run, folder: Path, name: str, container: str) -> None:
    listing = json.loads(run("ls", folder / name, "--format", "json")[1])
    assert listing["container"] == container
    assert listing["has_data"]
    status, out, _ = run("verify", folder / name, "--format", "json")
    found = json.loads(out)
    assert (status, found["damages"], found["whole"]) == (0, [], True)
    assert found["entries"] == len(listing["entries"])
    assert found["checksums"] == ("frozen" not in name)
    assert "whole: " in run("verify", folder / name)[1]


@pytest.mark.parametrize(("name", "container"), EVERY)
def test_every_tensor_is_shown_and_equals_itself(run: Run, folder: Path, name: str, container: str) -> None:
    listing = json.loads(run("ls", folder / name, "--format", "json")[1])
    for entry in listing["entries"]:
        status, out, _ = run("show", folder / name, entry["name"], "--format", "json")
        assert status == 0
        assert json.loads(out)["shape"] == entry["shape"]
    status, out, _ = run("diff", folder / name, folder / name, "--all", "--format", "json")
    assert (status, len(json.loads(out)["equal"])) == (0, len(listing["entries"]))


def test_the_tree_folds_what_is_alike(run: Run, tmp_path: Path) -> None:
    shapes: dict[str, tuple[int, ...]] = {"net/stem/kernel": (3, 3), "net/step_size": ()}
    for unit in (1, 2, 3, 5, 10):
        shapes |= {f"net/unit_{unit}/conv/kernel": (2, 2), f"net/unit_{unit}/norm/gamma": (4,)}
        shapes |= {f"net/unit_{unit}/norm/beta": (4,)}
    prefix = write_checkpoint(tmp_path / "model.ckpt", shapes, object_based=False)
    assert run("ls", prefix)[1].splitlines()[2:-2] == [
        "                       shape   type     values",
        "net                                         70",
        "  stem/kernel          3x3     float32       9",
        "  step_size            scalar  float32       1",
        "  unit_{1..3,5,10}                          60",
        "    conv/kernel        2x2     float32      20",
        "    norm/{beta,gamma}  4       float32      40",
    ]


def test_show_a_part(run: Run, folder: Path) -> None:
    parts = folder / "v1/parts.ckpt"
    status, out, _ = run("show", parts, "cube", "--slice", ":, 1", "--all-values", "--format", "json")
    facts = json.loads(out)
    assert status == 0
    assert facts["slice"] == {"index": ":, 1", "shape": [2, 3]}
    assert facts["values"] == [3, 4, 5, 18, 19, 20]
    assert (facts["min"], facts["max"], facts["mean"], facts["zeros"]) == (3, 20, 11.5, 0)
    assert sum(facts["histogram"]) == 6
    assert run("show", parts, "cube", "--slice", "1, -1", "--all-values")[1].endswith("\n\n27 28 29\n")


@pytest.mark.parametrize("part", ["9", "0,0,0,0", "x", "::0", "1:2:3:4", ""])
def test_parts_that_are_none(run: Run, folder: Path, part: str) -> None:
    status, _, err = run("show", folder / "v1/parts.ckpt", "cube", "--slice", part)
    assert (status, err) == (0, "") if not part else (status == 2 and "slice" in err)


def test_verify_names_every_damaged_tensor(run: Run, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "c"
    shutil.copytree(folder / "tf2", copy)
    data = copy / "ckpt-1.data-00000-of-00001"
    raw = bytearray(data.read_bytes())
    raw[0] ^= 1
    raw[-1] ^= 1
    data.write_bytes(raw)
    status, out, _ = run("verify", copy / "ckpt-1", "--format", "json")
    damages = json.loads(out)["damages"]
    assert (status, len(damages)) == (1, 2)
    assert {damage["file"] for damage in damages} == {str(data)}
    assert damages[0]["offset"] == 0
    assert damages[0]["tensor"] != damages[1]["tensor"]
    assert "damaged: 2 findings, 2 tensors" in run("verify", copy / "ckpt-1")[1]
    data.unlink()
    (only,) = json.loads(run("verify", copy / "ckpt-1", "--format", "json")[1])["damages"]
    assert only == {
        "tensor": None,
        "file": str(data),
        "offset": 0,
        "what": "data file of the checkpoint is missing",
    }


def test_verify_tells_of_a_damaged_index(run: Run, folder: Path, tmp_path: Path) -> None:
    raw = bytearray((folder / "tf2/ckpt-1.index").read_bytes())
    raw[10] ^= 1
    (tmp_path / "c.index").write_bytes(raw)
    status, out, _ = run("verify", tmp_path / "c")
    assert status == 1
    assert f"{tmp_path}/c.index: byte 0: the checksum of the" in out


def test_verify_of_nothing(run: Run, tmp_path: Path) -> None:
    status, out, err = run("verify", tmp_path / "c")
    assert (status, out) == (2, "")
    assert "no such checkpoint" in err


def test_diff_across_containers(run: Run, folder: Path) -> None:
    status, out, _ = run("diff", folder / "saved_model_tf1", folder / "frozen/frozen_inference_graph.pb")
    assert (status, out.splitlines()[-1]) == (0, "tensors: 3 equal")
    status, out, _ = run("diff", folder / "v1/parts.ckpt", folder / "parts/model.ckpt")
    assert status == 1
    assert out.splitlines()[-1] == "tensors: 3 equal, 9 only in A, 1 only in B"
    assert "they share no names" in run("diff", folder / "tf1", folder / "tf2")[1]


def test_diff_of_values(run: Run, tmp_path: Path) -> None:
    def write(name: str, *numbers: float, other: str = "float32") -> str:
        content = struct.pack(f"<{len(numbers)}f", *numbers)
        values = {"a/w": ("float32", content), "a/v": ("float32", content[:4]), "x": (other, bytes(4))}
        return write_checkpoint(tmp_path / name, {}, object_based=False, values=values)

    first, second = write("m1", 1, 2, 4), write("m2", 1, 2.5, 4.125, other="float16")
    status, out, _ = run("diff", first, second, "--format", "json")
    found = json.loads(out)
    assert (status, found["same"], found["equal"]) == (1, False, ["a/v"])
    assert found["other_values"] == [
        {"key": "a/w", "elements": 2, "max_abs": 0.5, "max_rel": 0.2},
    ]
    assert found["other_shape_or_type"] == [
        {
            "key": "x",
            "a": {"dtype": "float32", "shape": [1]},
            "b": {"dtype": "float16", "shape": [2]},
        }
    ]
    lines = run("diff", first, second)[1].splitlines()
    assert "other values: 1" in lines
    assert "  a/w  3             2      0.5      0.2" in lines
    assert "  x  1 float32  2 float16" in lines
    loose = json.loads(run("diff", first, second, "--tolerance", "0.2", "--format", "json")[1])
    assert loose["other_values"][0]["elements"] == 1
    status, out, _ = run("diff", first, write("m3", 1, 2, 4.125), "--tolerance", "0.125")
    assert (status, out.splitlines()[-1]) == (0, "tensors: 3 equal")


def test_diff_of_numbers_that_are_none(run: Run, tmp_path: Path) -> None:
    def write(name: str, number: float) -> str:
        values = {"w": ("float32", struct.pack("<2f", 1, number))}
        return write_checkpoint(tmp_path / name, {}, object_based=False, values=values)

    nan, finite = write("m1", float("nan")), write("m2", 2)
    assert run("diff", nan, write("m3", float("nan")))[0] == 0
    status, out, _ = run("diff", nan, finite, "--format", "json", "--tolerance", "100")
    assert status == 1
    (only,) = json.loads(out)["other_values"]
    assert only == {"key": "w", "elements": 1, "max_abs": None, "max_rel": None}
    assert "not finite" in run("diff", nan, finite)[1]


def test_a_frozen_graph_is_matched(run: Run, fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the names of TF1; the OD API would not take it."""
    graph = fixtures / "checkpoints/frozen/frozen_inference_graph.pb"
    with pytest.raises(SystemExit):
        main(["match", str(fixtures / "restore/tf1.config"), "--checkpoint", str(graph), "--format", "json"])
    plan = json.loads(capsys.readouterr().out)
    assert plan["checkpoint"]["container"] == "frozen_graph"
    assert (plan["od_api"]["outcome"], plan["od_api"]["exception"]) == ("raises", "DataLossError")
    assert any("is a frozen graph" in note for note in plan["notes"])
