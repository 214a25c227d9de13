"""A sample of records: all of a small set, a bounded and spread part of a large one."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cfgtool.data import keys, sampling
from cfgtool.data.check import inspect_records
from cfgtool.data.example import encode_example
from cfgtool.data.problems import Problem
from cfgtool.data.reading import WholeReading
from cfgtool.data.sampling import SampleReading, spread
from cfgtool.data.tfrecord import Record, find_frame, frame, frames, write_records


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def example(number: int, size: int = 3000) -> bytes:
    return encode_example({keys.IMAGE: [noise(number, size)], keys.SOURCE_ID: [str(number)]})


@pytest.fixture
def large(tmp_path: Path) -> list[str]:
    """Three shards of 600 records each."""
    paths = []
    for shard in range(3):
        path = str(tmp_path / f"large-{shard:05d}-of-00003")
        write_records(path, (example(600 * shard + number) for number in range(600)))
        paths.append(path)
    return paths


def records(reading: SampleReading) -> list[Record]:
    items = list(reading)
    assert all(isinstance(item, Record) for item in items)
    return [item for item in items if isinstance(item, Record)]


def test_a_small_set_is_read_whole(write: Callable[..., str]) -> None:
    path = write({}, {keys.LABEL: [9, 0]}, {keys.YMIN: [0.9, 0.9]})
    whole, sample = inspect_records(WholeReading([path])), inspect_records(SampleReading([path]))
    assert sample.complete
    assert [str(problem) for problem in sample.listed()] == [str(problem) for problem in whole.listed()]
    assert sample.problems
    assert sample.stats.as_dict() == whole.stats.as_dict()


def test_a_large_set_is_sampled(large: list[str]) -> None:
    reading = SampleReading(large, seconds=60)
    found = records(reading)
    assert not reading.complete
    assert len(found) == pytest.approx(sampling.SAMPLE_RECORDS, abs=len(large))
    assert {record.path for record in found} == set(large)
    truth = {(record.path, record.offset): record.data for path in large for record in frames(path)}
    for record in found:
        assert truth[record.path, record.offset] == record.data
    assert len({(record.path, record.offset) for record in found}) == len(found), "none is read twice"
    size = Path(large[0]).stat().st_size
    eighths = {8 * record.offset // size for record in found if record.path == large[0]}
    assert eighths == set(range(8)), "runs are spread over the file"


def test_numbers_are_those_of_the_file_or_none(large: list[str]) -> None:
    for record in records(SampleReading(large, seconds=60)):
        if record.index is not None:
            first = next(one for one in frames(record.path) if one.index == record.index)
            assert first.offset == record.offset


def test_bytes_are_bounded(large: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SAMPLE_BYTES", 200_000)
    monkeypatch.setattr(sampling, "PIECE", 1024)
    found = records(SampleReading(large, seconds=60))
    assert {record.path for record in found} == set(large)
    assert sum(len(record.data) for record in found) < 200_000 + 3 * 4000


def test_time_is_bounded_and_small_sets_are_not_cut(
    large: list[str], write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PIECE", 1024)
    reading = SampleReading(large, seconds=-1)
    assert len(records(reading)) == sampling.SURE_RECORDS
    assert not reading.complete
    small = SampleReading([write(*[{}] * sampling.SURE_RECORDS)], seconds=-1)
    assert len(records(small)) == sampling.SURE_RECORDS
    assert small.complete
    monkeypatch.setattr(sampling, "SURE_BYTES", 20_000)
    assert len(records(SampleReading(large, seconds=-1))) == 7


def test_many_files_are_sampled_evenly(tmp_path: Path) -> None:
    paths = []
    for shard in range(40):
        paths.append(str(tmp_path / f"s-{shard:02d}"))
        write_records(paths[-1], [example(shard * 50 + number, 9000) for number in range(50)])
    found = records(SampleReading(paths, seconds=60))
    assert len({record.path for record in found}) == sampling.SAMPLE_FILES
    assert found[0].path == paths[0]


def test_spread() -> None:
    names = [str(number) for number in range(10)]
    assert spread(names, 10) == names
    assert spread(names, 3) == ["0", "3", "6"]
    assert spread([], 3) == []


def problems(paths: list[str]) -> list[str]:
    return [item.code for item in SampleReading(paths, seconds=60) if isinstance(item, Problem)]


def test_a_large_file_that_was_cut_off(large: list[str]) -> None:
    path = Path(large[1])
    path.write_bytes(path.read_bytes()[:-10])
    assert problems(large) == ["record-framing"]


def test_large_files_of_another_kind(large: list[str]) -> None:
    path = Path(large[2])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert problems(large) == ["record-framing"]
    inspection = inspect_records(SampleReading(large, seconds=60))
    problem = inspection.first("record-framing")
    assert problem is not None
    assert "gunzip" in problem.message


def test_empty_and_missing_files_among_others(tmp_path: Path, write: Callable[..., str]) -> None:
    (tmp_path / "empty").touch()
    reading = SampleReading([str(tmp_path / "empty"), write({})])
    assert [item.code if isinstance(item, Problem) else "record" for item in reading] == [
        "record-file-empty",
        "record",
    ]
    assert reading.complete


def test_damage_in_a_small_set_is_found(write: Callable[..., str]) -> None:
    path = Path(write({}, {}))
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(bytes(data))
    assert problems([str(path)]) == ["record-checksum"]


def test_records_larger_than_a_sample_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SAMPLE_BYTES", 2000)
    path = str(tmp_path / "huge")
    write_records(path, [example(number, 5000) for number in range(4)])
    assert records(SampleReading([path], seconds=60)) == []


class TestFindFrame:
    DATA = b"".join(frame(noise(number, 50 + 13 * number)) for number in range(20))

    def test_from_anywhere(self) -> None:
        begins, at = [], 0
        for number in range(20):
            begins.append(at)
            at += 16 + 50 + 13 * number
        for start in range(0, begins[-1]):
            expected = next(begin for begin in begins if begin >= start)
            found = find_frame(self.DATA[start:], len(self.DATA) - start)
            assert found == expected - start

    def test_none_in_noise_or_zeros(self) -> None:
        assert find_frame(noise(1, 1 << 16), 1 << 20) is None
        assert find_frame(bytes(1 << 16), 1 << 20) is None

    def test_not_where_the_record_would_not_fit(self) -> None:
        one = frame(b"x" * 100)
        assert find_frame(one, len(one)) == 0
        assert find_frame(one, 50) is None

    @pytest.mark.parametrize("size", [0, 1, 7, 11])
    def test_short_windows(self, size: int) -> None:
        assert find_frame(frame(b"abc")[:size], size) is None


def test_a_boundary_across_two_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the window of the search ends, the next header is found."""
    path = str(tmp_path / "pieces")
    write_records(path, [example(number, 300) for number in range(250)])
    begins = {record.offset for record in frames(path)}
    for piece in (64, 65, 77, 100):
        monkeypatch.setattr(sampling, "PIECE", piece)
        found = {record.offset for record in records(SampleReading([path], seconds=60))}
        assert found <= begins
        assert len(found) == sampling.SAMPLE_RECORDS
