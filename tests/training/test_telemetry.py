"""What a run tells while it goes: the display, and `metrics.jsonl`."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console

from cfgtool.errors import UserError
from cfgtool.training.run import progress as progress_module
from cfgtool.training.run.hooks import EtaHook
from cfgtool.training.run.progress import Progress
from cfgtool.training.run.telemetry import MetricsFile

MAP = "DetectionBoxes_Precision/mAP"
VALUES = {
    "Loss/total_loss": 2.0,
    "Loss/classification_loss": 1.5,
    "learning_rate": 0.01,
    "steps_per_sec": 4.0,
}


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 80 columns in place of standard error."""
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=80, color_system=None)
    monkeypatch.setattr(progress_module, "Console", lambda stderr: terminal)
    return written


def last_lines(written: io.StringIO) -> list[str]:
    return [line for line in written.getvalue().replace("\r", "\n").splitlines() if line.strip()][-4:]


def test_a_terminal_shows_two_lines(screen: io.StringIO) -> None:
    with Progress(600, 100) as progress:
        progress.report(101, {**VALUES, "images_per_sec": 64.0})
        progress.evaluated(101, {MAP: 0.25, f"{MAP}@.50IOU": 0.5})
        progress.evaluated(200, {MAP: 0.125})
        progress.advance(200)
    text = screen.getvalue()
    assert "200/600" in text
    assert "loss 2.0000  rate 0.01  64 images/s  mAP 0.1250 at 200  best 0.2500 at 101" in text
    shown = [line for line in text.splitlines() if "loss" in line]
    assert max(len(line.rpartition("\x1b[2K")[2]) for line in shown) <= 80


def test_the_shown_loss_is_smoothed(screen: io.StringIO) -> None:
    with Progress(10, 0) as progress:
        progress.report(1, VALUES)
        progress.report(2, {**VALUES, "Loss/total_loss": 1.0})
    assert "loss 1.8000" in screen.getvalue()


def test_elsewhere_there_is_a_line_for_each_logged_step(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(600, 0) as progress:
        progress.advance(1)
        progress.report(100, {**VALUES, "images_per_sec": 64.0})
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "step 100/600  total 2.0000  classification 1.5000  rate 0.01  4.00 steps/s  64.0 images/s\n"
    )


def test_quiet_tells_only_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(600, 0, quiet=True) as progress:
        progress.report(100, VALUES)
        progress.say("step 100")
        progress.say("stopping", important=True)
    assert capsys.readouterr().err == "stopping\n"


def test_another_metric_is_judged_by(screen: io.StringIO) -> None:
    with Progress(10, 0, best="DetectionBoxes_Recall/AR@1") as progress:
        progress.evaluated(5, {MAP: 0.9, "DetectionBoxes_Recall/AR@1": 0.2})
        progress.evaluated(6, {"Loss/total_loss": 0.2})
    assert "AR@1 0.2000 at 5" in screen.getvalue()


def test_the_end_is_foretold_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, *(10.0 + 0.5 * step for step in range(20))])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    with Progress(1011, 0) as progress:
        hook = EtaHook(0, 1011, progress)
        due = [step for step in range(1, 30) if hook.due(step)]
        assert due == [11]
        hook.run(11, {})
    assert capsys.readouterr().err == "about 8 min left for 1,000 steps at 2 a second\n"


def test_a_run_that_is_over_by_then_foretells_nothing() -> None:
    with Progress(11, 0) as progress:
        hook = EtaHook(0, 11, progress)
        assert not [step for step in range(1, 12) if hook.due(step)]


def test_rows_of_an_earlier_run_are_told_again(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path, 0)
    metrics.write(10, {MAP: 0.5})
    metrics.write(20, {MAP: math.nan})
    metrics.write(30, {MAP: 0.75})
    metrics.close()
    seen: list[tuple[int, object]] = []
    MetricsFile(tmp_path, 20, lambda step, values: seen.append((step, values[MAP]))).close()
    assert seen == [(10, 0.5), (20, None)]
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [10, 20], "step 30 will be run again"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path, 0)
    metrics._file.close()
    metrics._file = open("/dev/full", "a")  # noqa: SIM115
    with pytest.raises(UserError, match=r"cannot be written: No space left .*the last checkpoint is intact"):
        metrics.write(1, {"a": 1.0})
    metrics.close()
