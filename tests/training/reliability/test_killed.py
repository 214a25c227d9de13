"""Kills at any moment of a save: the newest checkpoint is always whole."""

from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

from .saver_loop import Saved, save_forever

KILLS = 100


@pytest.mark.slow
def test_a_kill_during_a_save_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """A hundred kills, spread over the time of a few saves."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.reliability.saver_loop"])
    draw = random.Random(7)
    checking = Saved(tmp_path / "elsewhere")
    numbers, halves = [0], 0
    for _ in range(KILLS):
        started = context.Event()
        process = context.Process(target=save_forever, args=(str(tmp_path / "run"), started), daemon=True)
        process.start()
        assert started.wait(60)
        process.join(draw.uniform(0.0, 0.12))
        process.kill()
        process.join()
        halves += any("temp" in path.name for path in (tmp_path / "run").iterdir())
        latest = Saved(tmp_path / "run").saver.latest
        if latest is None:
            assert max(numbers) == 0
            continue
        found = checking.numbers(latest)
        assert len(found) == 1, "one number in every place"
        assert found.pop() >= max(numbers), "nothing that was saved is lost"
        numbers.append(max(checking.numbers(latest)))
    assert max(numbers) > KILLS, "most of them had saved before"
    assert halves > KILLS // 10, "some of them were in the middle of a save"
