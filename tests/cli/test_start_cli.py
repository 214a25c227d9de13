"""What is answered before a parser of command lines is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cfgtool.cli import main, start

HEAVY = ("click", "typer", "rich", "numpy", "tensorflow", "google.protobuf")


@pytest.mark.parametrize("name", ["tf2", "v1/mobilenet.ckpt", "frozen/frozen_inference_graph.pb"])
@pytest.mark.parametrize("order", [("{}", "--format", "json"), ("--format", "json", "{}")])
def test_a_listing_is_the_same_either_way(
    fixtures: Path, capsys: pytest.CaptureFixture[str], name: str, order: tuple[str, ...]
) -> None:
    words = ["checkpoint", "ls", *(word.format(fixtures / "checkpoints" / name) for word in order)]
    answers = []
    for run in (main.main, start.main):
        with pytest.raises(SystemExit) as caught:
            run(words)
        answers.append((caught.value.code, *capsys.readouterr()))
    assert answers[0] == answers[1]
    assert '"container"' in answers[0][1]


@pytest.mark.parametrize(
    "words", [["gone", "--format", "json"], ["--format", "json"], ["--format", "json", "-x"], ["a"], []]
)
def test_everything_else_is_left_to_the_whole_command(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    answers = []
    for run in (main.main, start.main):
        with pytest.raises(SystemExit) as caught:
            run(["checkpoint", "ls", *words])
        answers.append((caught.value.code, *capsys.readouterr()))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "name", ["tf2", "v1/mobilenet.ckpt", "frozen", "saved_model_frozen", "parts/model.ckpt"]
)
def test_a_listing_imports_no_more_than_it_needs(fixtures: Path, name: str) -> None:
    script = (
        "import sys\nfrom cfgtool.cli.start import main\n"
        "try:\n main(sys.argv[1:])\nexcept SystemExit:\n"
        f" print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    words = ["checkpoint", "ls", str(fixtures / "checkpoints" / name), "--format", "json"]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert '"entries": [\n' in done.stdout
