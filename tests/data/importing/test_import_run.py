"""The folder that is written: the same bytes from any number of processes, whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cfgtool.data import keys
from cfgtool.data.importing.json_stream import element, elements
from cfgtool.data.processes import results
from cfgtool.data.tfrecord import read_records
from cfgtool.errors import UserError

from . import trees
from .conftest import Done

Run = Callable[..., Done]


@pytest.mark.parametrize(
    "options", [("--split", "0.5,0.3,0.2", "--shards", "2"), ("--repair", "--skip-bad", "--shards", "3")]
)
@pytest.mark.parametrize("name", ["coco", "voc", "yolo", "csv"])
def test_processes_do_not_change_a_byte(
    name: str, options: tuple[str, ...], run_import: Run, tmp_path: Path
) -> None:
    source = getattr(trees, f"write_{name}")(tmp_path / "source")
    next((tmp_path / "source").rglob("p3.png")).write_bytes(b"no picture")
    more = () if "--repair" in options else ("--skip-bad",)
    found = []
    for workers in (1, 2, 5):
        done = run_import(
            name, source, *options, *more, "--workers", workers, folder=tmp_path / f"out{workers}"
        )
        assert done.status == 0, done.out + done.err
        found.append((done.out, trees.contents(done.folder)))
    assert found[0] == found[1] == found[2]


def test_the_report_of_flaws_is_the_same_from_any_number(run_import: Run, tmp_path: Path) -> None:
    said = trees.coco_of()
    for annotation in said["annotations"]:
        annotation["bbox"][0] += 500
    source = trees.write_coco(tmp_path / "source", said)
    reports = {run_import("coco", source, "--shards", 4, "--workers", workers).out for workers in (1, 3)}
    assert len(reports) == 1
    numbers = [line.split("of 'p")[1][0] for line in reports.pop().splitlines() if "[box-outside]" in line]
    assert numbers == sorted(numbers)


def test_seed_and_source_id_alone_make_the_order(run_import: Run, tmp_path: Path) -> None:
    source = trees.write_coco(tmp_path / "source")
    first = list(trees.read_back(run_import("coco", source, "--split", "0.5,0.5").folder, "train"))
    other = run_import("coco", source, "--split", "0.5,0.5", "--seed", 3, folder=tmp_path / "seed")
    assert list(trees.read_back(other.folder, "train")) != first
    said = trees.coco_of()
    said["images"].reverse()
    turned = trees.write_coco(tmp_path / "turned", said)
    again = run_import("coco", turned, "--split", "0.5,0.5", folder=tmp_path / "again")
    assert list(trees.read_back(again.folder, "train")) == first


def test_a_list_of_pictures_for_validation(run_import: Run, tmp_path: Path) -> None:
    names = tmp_path / "val.txt"
    names.write_text("p1\nimages/p4.png\n")
    source = trees.write_coco(tmp_path / "source")
    done = run_import("coco", source, "--split", names)
    assert set(trees.read_back(done.folder, "val")) == {"p1", "p4"}
    assert set(trees.read_back(done.folder, "train")) == {"p0", "p2", "p3", "p5"}
    names.write_text("p1\np44.png\n")
    refused = run_import("coco", source, "--split", names, folder=tmp_path / "other")
    assert "val.txt:2: 'p44.png' is no picture of the source; did you mean 'p4.png'?" in refused.err


def test_classes_from_a_label_map(run_import: Run, tmp_path: Path) -> None:
    labels = tmp_path / "map.pbtxt"
    labels.write_text("item { id: 7 name: 'cat' } item { id: 5 name: 'dog' } item { id: 9 name: 'cow' }")
    source = trees.write_coco(tmp_path / "source")
    refused = run_import("coco", source, "--classes", labels)
    assert "class 30 is not known [class-unknown]" in refused.out
    done = run_import("coco", source, "--classes", labels, "--repair")
    assert sorted(trees.read_back(done.folder)["p0"][keys.LABEL]) == [5, 7]
    assert "num_classes: 9" in done.out


def test_classes_of_yolo_by_number(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_yolo(tmp_path / "source")
    (root / "data.yaml").unlink()
    assert "has no data.yaml, obj.data or classes.txt; --classes FILE" in run_import("yolo", root).err
    names = tmp_path / "names.txt"
    names.write_text("Katze\nHund\nVögel\n")
    done = run_import("yolo", root, "--classes", names)
    assert done.status == 0, done.err
    assert trees.read_back(done.folder)["p1"][keys.TEXT] == ["Vögel".encode()]
    from cfgtool.data.label_map import read_label_map

    assert [item.name for item in read_label_map(str(done.folder / "label_map.pbtxt")).items] == [
        "Katze",
        "Hund",
        "Vögel",
    ]


def test_no_folder_is_replaced_unasked(run_import: Run, tmp_path: Path) -> None:
    source = trees.write_coco(tmp_path / "source")
    assert run_import("coco", source).status == 0
    again = run_import("coco", source)
    assert (again.status, "exists already; --force replaces it" in again.err) == (2, True)
    assert run_import("coco", source, "--force", "--shards", 3).status == 0
    assert sorted(path.name for path in again.folder.glob("*.record"))[-1] == "train-00002-of-00003.record"
    (again.folder / "notes.txt").write_text("mine")
    kept = run_import("coco", source, "--force")
    assert (kept.status, "holds 'notes.txt'" in kept.err) == (2, True)
    assert (again.folder / "notes.txt").exists()
    file = tmp_path / "file"
    file.write_text("")
    assert "is no folder" in run_import("coco", source, "--force", folder=file).err
    assert "no such folder" in run_import("coco", source, folder=tmp_path / "a" / "b").err


def test_a_refused_import_leaves_what_was_there(run_import: Run, tmp_path: Path) -> None:
    source = trees.write_coco(tmp_path / "source")
    done = run_import("coco", source)
    before = trees.contents(done.folder)
    next((tmp_path / "source").rglob("p3.png")).unlink()
    assert run_import("coco", source, "--force").status == 1
    assert trees.contents(done.folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


SLOW = """
import sys, time
from cfgtool.data.importing import shards
treat = shards.ShardWriter._treat
def slowly(self, *arguments):
    time.sleep(0.4)
    treat(self, *arguments)
shards.ShardWriter._treat = slowly
from cfgtool.cli.main import main
main(sys.argv[1:])
"""


def _start(source: Path, target: Path, workers: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SLOW, "data", "import", "coco", str(source), "-o", str(target)]
    command += ["--shards", "6", "--workers", str(workers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_import_leaves_nothing(
    number: signal.Signals, workers: int, run_import: Run, tmp_path: Path
) -> None:
    source = trees.write_coco(tmp_path / "source")
    process = _start(source, tmp_path / "out", workers)
    # Of two processes, one is in the middle of a file; of one, the first file is done.
    _wait_for(lambda: any(tmp_path.glob(".out.importing-*/train-00001*")))
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == (130 if number != signal.SIGKILL else -9)
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in errors
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")]
    if number != signal.SIGKILL:
        assert left == []
        return
    # What SIGKILL leaves beside goes with the next import; processes without a parent stop by themselves.
    assert len(left) == 1
    assert run_import("coco", source).status == 0
    time.sleep(0.6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_a_killed_process_is_told(tmp_path: Path) -> None:
    def work(task: int, advance: Callable[[int], None]) -> int:
        if task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    with pytest.raises(UserError, match="a process was killed"):
        list(results(work, list(range(8)), 2))


def test_what_a_task_raises_is_raised() -> None:
    def work(task: int, advance: Callable[[int], None]) -> int:
        if task == 5:
            raise UserError("no")
        return task

    for workers in (1, 3):
        with pytest.raises(UserError, match="no"):
            list(results(work, list(range(8)), workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_ends_where_all_is_done(workers: int) -> None:
    told: list[tuple[int, int]] = []

    def work(task: int, advance: Callable[[int], None]) -> int:
        advance(task)
        return task

    assert list(results(work, [1, 2, 3], workers, 6, lambda *said: told.append(said))) == [1, 2, 3]
    assert told[-1] == (6, 6)
    assert told == sorted(told)


def test_json_across_the_ends_of_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [{"id": number, "name": "ä" * (number % 50), "x": 1.5e10 + number} for number in range(300)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"a": 12345, "list": values, "b": [], "c": "ü"}, ensure_ascii=False, indent=1))
    for chunk in (1, 7, 100, 1 << 20):
        monkeypatch.setattr("cfgtool.data.importing.json_stream._CHUNK", chunk)
        with path.open("rb") as file, path.open("rb") as again:
            found = list(elements(str(path), file))
            assert [one.key for one in found] == ["a", *["list"] * 300, "b", "c"]
            assert [element(again, one.start, one.end) for one in found[1:301]] == values
            assert found[0].value == 12345


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    source = trees.write_coco(tmp_path / "source")
    program = (
        "import sys; from cfgtool.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'numpy', 'PIL', 'google.protobuf', 'pycocotools', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    command = [
        sys.executable,
        "-c",
        program,
        "data",
        "import",
        "coco",
        str(source),
        "-o",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(read_records(str(tmp_path / "out/train-00000-of-00001.record")))) == 6
