"""Runs on damaged data: what is left out, what is kept, and that it is the same after a resume."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cfgtool.data.tfrecord import FRAME_BYTES, frames, read_records, record_offsets, write_records
from cfgtool.errors import UserError
from cfgtool.training.input.bad_records import LIST_FILE, BadRecord, CleanFiles

CFGTOOL = str(Path(sys.executable).parent / "cfgtool")
RECORDS = [bytes([number]) * (100 + number) for number in range(12)]


def nothing_wrong(data: bytes) -> str | None:
    return None


def kept(pattern: str) -> list[bytes]:
    folder = Path(pattern).parent
    return [data for path in sorted(folder.iterdir()) for data in read_records(str(path))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "some.record"
    write_records(str(path), RECORDS)
    return path


def spoil(path: Path, at: int, by: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[at : at + len(by)] = by
    path.write_bytes(bytes(data))


def test_whole_files_are_linked(path: Path, tmp_path: Path) -> None:
    clean = CleanFiles(tmp_path / "clean", nothing_wrong)
    pattern = clean.clean("0", [str(path)])
    (link,) = Path(pattern).parent.iterdir()
    assert link.is_symlink()
    assert clean.bad == {}
    assert (kept(pattern), clean.records) == (RECORDS, 12)


def test_a_record_with_a_wrong_checksum(path: Path, tmp_path: Path) -> None:
    at, _ = record_offsets(str(path))[4]
    spoil(path, at + 3, b"??")
    clean = CleanFiles(tmp_path / "clean", nothing_wrong)
    assert kept(clean.clean("0", [str(path)])) == RECORDS[:4] + RECORDS[5:]
    [(found, rows)] = clean.bad.items()
    assert found == str(path)
    assert [(row.record, row.offset) for row in rows] == [(4, at - 12)]
    assert "checksum" in rows[0].reason


def test_a_broken_length_costs_its_record_only(path: Path, tmp_path: Path) -> None:
    at, _ = record_offsets(str(path))[4]
    spoil(path, at - 12, b"\xff\xff")
    clean = CleanFiles(tmp_path / "clean", nothing_wrong)
    assert kept(clean.clean("0", [str(path)])) == RECORDS[:4] + RECORDS[5:]
    [row] = clean.bad[str(path)]
    assert row == BadRecord(
        4, at - 12, f"the length checksum does not fit; {104 + FRAME_BYTES} bytes are left out"
    )


def test_a_file_that_was_cut_off(path: Path, tmp_path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])
    clean = CleanFiles(tmp_path / "clean", nothing_wrong)
    assert kept(clean.clean("0", [str(path)])) == RECORDS[:-1]


def test_what_the_judge_refuses(path: Path, tmp_path: Path) -> None:
    clean = CleanFiles(tmp_path / "clean", lambda data: "odd" if data[0] % 2 else None)
    assert kept(clean.clean("0", [str(path)])) == RECORDS[::2]
    assert [row.record for row in clean.bad[str(path)]] == [1, 3, 5, 7, 9, 11]


def test_files_that_have_not_changed_are_not_read_again(path: Path, tmp_path: Path) -> None:
    def judge(data: bytes) -> str | None:
        seen.append(data[0])
        return "three" if data[0] == 3 else None

    seen: list[int] = []
    for _ in range(2):
        clean = CleanFiles(tmp_path / "clean", judge)
        assert len(kept(clean.clean("0", [str(path)]))) == 11
        clean.note()
    assert len(seen) == 12
    write_records(str(path), RECORDS[:2])
    assert len(kept(CleanFiles(tmp_path / "clean", judge).clean("0", [str(path)]))) == 2


def test_nothing_that_can_be_read(path: Path, tmp_path: Path) -> None:
    clean = CleanFiles(tmp_path / "clean", lambda data: "no")
    with pytest.raises(UserError, match="no record of it can be read"):
        clean.clean("0", [str(path)])
    path.write_bytes(b"this is text, and not a little")
    with pytest.raises(UserError, match="not a TFRecord file"):
        CleanFiles(tmp_path / "other", nothing_wrong).clean("0", [str(path)])


@pytest.fixture
def damaged(fixtures: Path, tmp_path: Path) -> Path:
    """The demo's training records: one with a wrong checksum, one with a picture cut off, one that is no example."""
    source = fixtures / "shapes" / "shapes_train.record"
    records = [record.data for record in frames(str(source))]
    jpeg_or_png = records[2].index(b"\x89PNG") if b"\x89PNG" in records[2] else records[2].index(b"\xff\xd8")
    records[2] = records[2][: jpeg_or_png + 40] + bytes(len(records[2]) - jpeg_or_png - 40)
    records[5] = b"nonsense"
    path = tmp_path / "damaged.record"
    write_records(str(path), records)
    at, _ = record_offsets(str(path))[7]
    spoil(path, at + 9, b"??")
    return path


@pytest.mark.slow
def test_a_run_on_damaged_records(
    fixtures: Path, damaged: Path, tmp_path: Path, words: Callable[..., list[str]]
) -> None:
    """It stops at the first, unless told to leave them out; a resumed run ends with the weights of one in one go."""
    on_damaged = ("--set", f'train_input_reader.tf_record_input_reader.input_path=["{damaged}"]', "--quiet")
    one, two = tmp_path / "one", tmp_path / "two"
    stopped = subprocess.run(
        words(one, *on_damaged, "--num-steps", "4"), capture_output=True, text=True, check=False
    )
    assert stopped.returncode == 2
    assert str(damaged) in stopped.stderr
    assert "Traceback" not in stopped.stderr
    skip = (*on_damaged, "--skip-bad-records", "--log-every", "1")
    done = subprocess.run(words(one, *skip, "--num-steps", "4"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "3 of 320 records are left out" in " ".join(done.stderr.split())
    listed = json.loads((one / "records_read" / "train" / LIST_FILE).read_text())["files"][str(damaged)]
    assert [row["record"] for row in listed["bad"]] == [2, 5, 7]
    for steps in ("2", "4"):
        subprocess.run(words(two, *skip, "--num-steps", steps), capture_output=True, check=True)
    rows = [
        [json.loads(line)["Loss/total_loss"] for line in (run / "metrics.jsonl").read_text().splitlines()]
        for run in (one, two)
    ]
    assert len(rows[0]) == 4
    assert rows[0] == rows[1]
