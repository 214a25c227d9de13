"""`cfgtool lint --all-records`: every record counts, and a terminal sees how far it is."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from cfgtool.cli.main import main
from cfgtool.cli.progress import record_progress
from cfgtool.data import keys, sampling
from cfgtool.data.tfrecord import frame
from cfgtool.lint import filecache
from tools.make_record_fixtures import encode_example, features


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Forty records, of which a sample of eight does not show the one with the flaw."""
    monkeypatch.setattr(sampling, "SAMPLE_RECORDS", 8)
    filecache.clear()
    examples = [features(number) for number in range(40)]
    examples[3][keys.LABEL] = [7, 2]
    examples[3].pop(keys.TEXT)
    (tmp_path / "a.record").write_bytes(b"".join(frame(encode_example(one)) for one in examples))
    path = tmp_path / "pipeline.config"
    path.write_text(
        'model { ssd { num_classes: 2 } }\ntrain_input_reader { tf_record_input_reader { input_path: "a.record" } }\n'
    )
    return str(path)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["lint", "--select", "CFG58", "--format", "concise", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_a_flaw_that_a_sample_does_not_show(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config) == 0
    assert run(config, "--all-records") == 1
    output = capsys.readouterr()
    assert "CFG588 'a.record', record 3" in output.out
    assert "reading records" not in output.err, "nobody looks"


def test_fixing_reads_all_records_as_well(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "--all-records", "--fix") == 1
    assert "CFG588" in capsys.readouterr().out


def test_a_terminal_sees_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    assert record_progress() is None
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    told = record_progress()
    assert told is not None
    for done in (10, 60, 100):
        told(done, 100)
    assert "reading records" in sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert told._display is None, "the display ends with the last byte"  # type: ignore[attr-defined]
