"""Configs and label maps: endless, deep, and full of what steers a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import STEERING

from cfgtool.cli.main import main
from cfgtool.cli.output import visible
from cfgtool.data.label_map import MAX_ID, parse_label_map, read_label_map
from cfgtool.errors import UserError
from cfgtool.files import MAX_TEXT_BYTES, read_bytes, read_proto


def test_file_without_end_is_refused() -> None:
    with pytest.raises(UserError, match="does not end"):
        read_bytes("/dev/zero")


def test_file_that_is_too_long_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "long.config"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    with pytest.raises(UserError, match=f"{MAX_TEXT_BYTES >> 20} MiB are read"):
        read_proto(str(path))


def test_pipe_that_a_config_names_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody writes into it: whoever opened it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    config = tmp_path / "pipeline.config"
    config.write_text(
        'train_input_reader { label_map_path: "pipe" tf_record_input_reader { input_path: "pipe" } }\n'
        'train_config { fine_tune_checkpoint: "pipe" }\n'
    )
    command = [sys.executable, "-m", "cfgtool", "lint", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "is a pipe or a device" in done.stderr
    with pytest.raises(UserError, match="pipe or a device"):
        read_label_map(str(tmp_path / "pipe"))


@pytest.mark.parametrize("opening", ["a{", "a<", "a:[", "a{b:[", '"', "[", "#", "\\"])
def test_depth_has_no_end_but_reading_has(opening: str, tmp_path: Path) -> None:
    """No stack is used up, and at most some two hundred times the size of the text is claimed."""
    text = opening * (200_000 // len(opening))
    (tmp_path / "deep.config").write_text(text)
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))\n"
        "from cfgtool.cli.main import main\n"
        "main(['lint', '--format', 'concise', 'deep.config'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == (0 if opening == "#" else 1)
    assert b"Traceback" not in done.stderr
    assert b"MemoryError" not in done.stderr


def test_id_beyond_any_network_is_a_mistake(tmp_path: Path) -> None:
    """A network has an output for each number up to the highest."""
    path = tmp_path / "map.pbtxt"
    path.write_text('item { id: 2147483647 name: "a" }')
    with pytest.raises(UserError, match="beyond any number of classes"):
        read_label_map(str(path))
    assert parse_label_map(f'item {{ id: {MAX_ID} name: "a" }}')[1] == []


def test_terminal_is_not_steered() -> None:
    shown = visible(f"a{STEERING}b\x1b[31mred\x1b[0m\tc\r\nd\n")
    assert "\x1b[31mred\x1b[0m" in shown  # our own colours
    assert {character for character in shown if not character.isprintable()} <= {"\x1b", "\n", "\t"}
    assert shown.count("\x1b") == 2
    assert "\u202e" not in shown
    assert len(visible("\x1b[2Jx")) == len("\x1b[2Jx")  # carets below it stay in place


@pytest.mark.parametrize("format_", ["text", "concise"])
def test_findings_quote_a_file_without_its_control_characters(
    format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pipeline.config"
    path.write_text(f'model {{ ssd {{ feature_extractor {{ type: "x{STEERING}" }} }} }}')
    with pytest.raises(SystemExit):
        main(["lint", "--format", format_, str(path)])
    shown = capsys.readouterr()
    assert "unknown feature extractor" in shown.out
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(shown.out + shown.err)


def test_error_quotes_a_name_without_its_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["describe", f"no{STEERING}thing.config"])
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(capsys.readouterr().err)
