"""The migrate command: exit statuses, what goes where, and that files are never damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

OLD = (
    b'train_config {\r\n  fine_tune_checkpoint: "a/ckpt-0"  # zoo\r\n'
    b"  from_detection_checkpoint: true\r\n}\r\n"
)
NEW = OLD.replace(b"from_detection_checkpoint: true", b'fine_tune_checkpoint_type: "detection"').replace(
    b'detection"\r\n', b'detection"\r\n  fine_tune_checkpoint_version: V2\r\n'
)
BROKEN = b"train_config {\n  batch_size 8\n}\n"


def run(*args: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "cfgtool", "migrate", *args],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        check=False,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.config"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def test_rewrites_in_place_and_keeps_mode_and_line_ends(config: Path) -> None:
    done = run(str(config))
    assert (done.returncode, done.stdout) == (0, b"")
    assert config.read_bytes() == NEW
    assert config.stat().st_mode & 0o777 == 0o640
    assert f"{config}:3: A2: ".encode() in done.stderr
    assert b"2 changes" in done.stderr
    assert list(config.parent.iterdir()) == [config]


def test_a_file_without_anything_to_do_is_not_touched(config: Path) -> None:
    config.write_bytes(NEW)
    config.chmod(0o440)
    before = config.stat()
    done = run(str(config))
    assert done.returncode == 0
    assert b"nothing to change" in done.stderr
    assert config.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(("content", "status"), [(OLD, 1), (NEW, 0)])
def test_check_writes_nothing(config: Path, content: bytes, status: int) -> None:
    config.write_bytes(content)
    done = run("--check", str(config))
    assert (done.returncode, done.stdout, config.read_bytes()) == (status, b"", content)


def test_diff_applies_with_patch_rules(config: Path) -> None:
    done = run("--diff", str(config))
    assert (done.returncode, config.read_bytes()) == (1, OLD)
    lines = done.stdout.split(b"\n")
    assert lines[0] == f"--- {config}".encode()
    assert b"-  from_detection_checkpoint: true\r" in lines
    assert b'+  fine_tune_checkpoint_type: "detection"\r' in lines


def test_diff_of_a_text_without_final_newline() -> None:
    done = run("--diff", "-", stdin=b"train_config { sync_replicas: true }")
    assert done.stdout.count(b"\n\\ No newline at end of file\n") == 2


def test_standard_input_goes_to_standard_output() -> None:
    done = run("-", stdin=b"\xef\xbb\xbf" + OLD)
    assert (done.returncode, done.stdout) == (0, b"\xef\xbb\xbf" + NEW)
    assert run("-", "--check", stdin=OLD).stdout == b""


def test_stdout_leaves_the_file_alone(config: Path) -> None:
    done = run("--stdout", str(config))
    assert (done.returncode, done.stdout, config.read_bytes()) == (0, NEW, OLD)


def test_bytes_that_are_not_utf8_survive() -> None:
    done = run("-", stdin=b"train_config {\n  sync_replicas: true  # caf\xe9\n}\n")
    assert (done.returncode, done.stdout) == (0, b"train_config {\n  # caf\xe9\n}\n")


def test_asking_for_tf2_is_consent_to_the_new_type(config: Path) -> None:
    config.write_bytes(b'model { ssd { feature_extractor { type: "ssd_mobilenet_v2" } } }\n')
    assert run("--check", str(config)).returncode == 0
    assert run("--to", "tf2", "--check", str(config)).returncode == 1
    done = run("--to", "tf2", str(config))
    assert done.returncode == 0
    assert b": D1: by --to tf2: " in done.stderr
    assert b'"ssd_mobilenet_v2_keras"' in config.read_bytes()


def test_unsafe_fixes(config: Path) -> None:
    config.write_bytes(b"train_config { num_steps: 1 bias_grad_multiplier: 2 }\n")
    assert run("--check", str(config)).returncode == 0
    assert run("--unsafe-fixes", str(config)).returncode == 0
    assert config.read_bytes() == b"train_config { num_steps: 1 }\n"


def test_written(config: Path) -> None:
    config.write_bytes(b"eval_config {\n  num_visualizations: 3\n}\n")
    assert run("--check", "--written", "2018-03", str(config)).returncode == 0
    assert run("--written", "2017-11", str(config)).returncode == 0
    assert b'\n  metrics_set: "pascal_voc_detection_metrics"\n}' in config.read_bytes()


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--select", "B8"], "train_config { sync_replicas: true }"),
        (["--select", "b"], "train_config { sync_replicas: true }"),
        (["--select", "B8, E3"], "train_config {}"),
        (["--ignore", "E"], "train_config { sync_replicas: true }"),
        (["--select", "B,E", "--ignore", "B8"], "train_config { batch_queue_capacity: 1 }"),
    ],
)
def test_chosen_steps(options: list[str], left: str) -> None:
    done = run("-", *options, stdin=b"train_config { batch_queue_capacity: 1 sync_replicas: true }")
    assert (done.returncode, done.stdout.decode()) == (0, left)


def test_report(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    missing = str(tmp_path / "no.config")
    assert run("--report", str(target), str(config), missing).returncode == 2
    good, bad = json.loads(target.read_text())
    assert (good["file"], good["source"], good["target"], good["changed"]) == (
        str(config),
        "tf2",
        "tf2",
        True,
    )
    rows = [
        (row["id"], row["path"], row["line"], row["old"], row["new"], row["exact"]) for row in good["changes"]
    ]
    assert rows == [
        ("A2", "train_config.from_detection_checkpoint", 3, "true", None, True),
        ("A2", "train_config.fine_tune_checkpoint_type", 3, None, '"detection"', True),
        ("A8", "train_config.fine_tune_checkpoint_version", 3, None, "V2", False),
    ]
    assert [row["id"] for row in good["left"]] == ["E10"]
    assert bad == {"file": missing, "error": f"{missing}: no such file"}


def test_a_bad_file_does_not_keep_the_others_from_being_done(config: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.config"
    broken.write_bytes(BROKEN)
    done = run(str(broken), str(config))
    assert done.returncode == 2
    assert f"{broken}:2:".encode() in done.stderr
    assert b"cfgtool lint" in done.stderr
    assert (broken.read_bytes(), config.read_bytes()) == (BROKEN, NEW)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "no config given"),
        (("no.config",), "no such file"),
        (("."), "is a directory"),
        (("binary",), "is a binary file"),
        (("--to", "tf3", "binary"), "no target 'tf3'"),
        (("--stdout", "a", "b"), "--stdout takes one file"),
        (("--nonsense",), "--nonsense"),
        (("--written", "2018-13", "binary"), "'2018-13' is no date; write a month or a day"),
        (("--written", "yesterday", "binary"), "'yesterday' is no date"),
        (("--written", "2016-01", "binary"), "no config was written in '2016-01'"),
        (("--select", "B8,Z", "binary"), "no step 'Z'; tables are A, B, C, D, E, H, R"),
        (("--ignore", "B99", "binary"), "no step 'B99'"),
    ],
)
def test_bad_input(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"a\0b")
    done = run(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_binary_standard_input_is_refused() -> None:
    done = run("-", stdin=b"a\0b")
    assert (done.returncode, done.stdout) == (2, b"")


def test_imports_nothing_heavy(config: Path) -> None:
    script = (
        "import sys; from cfgtool.cli.main import main\n"
        f"try: main(['migrate', {str(config)!r}])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'numpy', 'PIL', 'google.protobuf', 'rich', 'jsonschema', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
