"""The fmt command: exit statuses, what goes where, and that files are never damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

UGLY = b"train_config: {\r\n\tbatch_size: 8;  # small\r\n}\r\n"
NEAT = b"train_config {\r\n  batch_size: 8  # small\r\n}\r\n"
BROKEN = b"train_config {\n  batch_size 8\n}\n"
CFGTOOL = Path(sys.executable).with_name("cfgtool")


def run(*args: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """The installed command."""
    return subprocess.run([CFGTOOL, "fmt", *args], input=stdin, capture_output=True, cwd=cwd, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.config"
    path.write_bytes(UGLY)
    path.chmod(0o640)
    return path


def test_formats_in_place_and_keeps_mode_and_line_ends(config: Path) -> None:
    done = run(str(config))
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode() == f"{config}: formatted\n"
    assert config.read_bytes() == NEAT
    assert config.stat().st_mode & 0o777 == 0o640
    assert list(config.parent.iterdir()) == [config]


def test_a_formatted_file_is_not_touched(config: Path) -> None:
    config.write_bytes(NEAT)
    config.chmod(0o440)
    before = config.stat()
    done = run(str(config))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert config.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(("content", "status"), [(UGLY, 1), (NEAT, 0)])
def test_check_writes_nothing(config: Path, content: bytes, status: int) -> None:
    config.write_bytes(content)
    done = run("--check", str(config))
    assert (done.returncode, done.stdout, config.read_bytes()) == (status, b"", content)
    assert (b"would be formatted" in done.stderr) == bool(status)


def test_diff_shows_and_writes_nothing(config: Path) -> None:
    done = run("--diff", str(config))
    assert (done.returncode, config.read_bytes()) == (1, UGLY)
    lines = done.stdout.split(b"\n")
    assert lines[0] == f"--- {config}".encode()
    assert b"-train_config: {\r" in lines
    assert b"+train_config {\r" in lines


def test_standard_input_goes_to_standard_output() -> None:
    done = run("-", stdin=b"\xef\xbb\xbf" + UGLY)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\xef\xbb\xbf" + NEAT, b"")
    done = run("-", "--check", stdin=UGLY)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"<stdin>: would be formatted\n")


def test_folders_are_searched_and_every_file_is_done_once(config: Path) -> None:
    below = config.parent / "below"
    below.mkdir()
    (below / "other.config").write_bytes(NEAT)
    (below / "map.pbtxt").write_bytes(b"item { id: 1, }")
    done = run(".", str(below / "map.pbtxt"), "pipeline.config", cwd=config.parent)
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == b"2 of 3 files formatted"
    assert (below / "map.pbtxt").read_bytes() == b"item { id: 1 }\n"
    assert config.read_bytes() == NEAT


def test_a_broken_file_is_refused_at_its_place_and_the_others_are_done(config: Path) -> None:
    broken = config.with_name("broken.config")
    broken.write_bytes(BROKEN)
    done = run(str(broken), str(config))
    assert done.returncode == 2
    assert f"cfgtool: error: {broken}:2:3: no ':' between 'batch_size' and its value;".encode() in done.stderr
    assert (broken.read_bytes(), config.read_bytes()) == (BROKEN, NEAT)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "no config given"),
        (("no.config",), "no.config: no such file"),
        (("empty",), "empty: holds no *.config"),
        (("binary",), "is a binary file"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_bad_input(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"a\0b")
    (tmp_path / "empty").mkdir()
    done = run(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("args", [["fmt", "--check"], ["get"], ["set", "--check"]])
def test_imports_nothing_heavy(config: Path, args: list[str]) -> None:
    command, *options = args
    rest = {"get": ["train_config.batch_size"], "set": ["train_config.batch_size=4"]}.get(command, [])
    script = (
        "import sys; from cfgtool.cli.main import main\n"
        f"try: main({[command, str(config), *rest, *options]!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'numpy', 'PIL', 'google.protobuf', 'rich', 'jsonschema', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
