"""`cfgtool lint`, `rules` and `explain` as their users start them: exit status, streams, files."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import Run

COMMAND = Path(sys.executable).with_name("cfgtool")
CLEAN = b"eval_config {\n  batch_size: 1\n}\n"
INFO = b"eval_config {\n  batch_size: 1\n  save_graph: true\n}\n"
WARNING = b"model {\n  ssd {\n    mask_head_config {}\n  }\n}\n"
HEAVY = ("google", "rich", "jsonschema", "pydantic", "numpy", "tensorflow", "PIL", "dataclasses", "tomllib")
HEAVY += ("pathspec", "concurrent", "multiprocessing", "xml")


def start(*args: str | Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the installed command."""
    done = subprocess.run(
        [COMMAND, *map(str, args)], capture_output=True, timeout=60, env={**os.environ, **env}, check=False
    )
    assert b"Traceback" not in done.stderr
    return done


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.config"
    path.write_bytes(INFO)
    return path


@pytest.mark.parametrize(("text", "status"), [(CLEAN, 0), (INFO, 0), (WARNING, 1), (b"model {", 1), (b"", 1)])
def test_exit_status(run: Run, config: Path, text: bytes, status: int) -> None:
    config.write_bytes(text)
    done = run("lint", config)
    assert done.returncode == status
    assert bool(done.stdout) == (text != CLEAN)


def test_findings_on_stdout_summary_on_stderr(run: Run, config: Path) -> None:
    done = run("lint", config, "--format", "concise")
    assert done.stdout.startswith(f"{config}:3:3: CFG114 'save_graph'".encode())
    assert done.stderr == b"1 remark in 1 file (fixable: 1 with --fix)\n"


def test_json(run: Run, config: Path) -> None:
    (row,) = json.loads(run("lint", config, "--format", "json").stdout)
    assert (row["file"], row["code"], row["line"], row["offset"]) == (str(config), "CFG114", 3, 32)
    config.write_bytes(CLEAN)
    assert json.loads(run("lint", config, "--format", "json").stdout) == []


def test_standard_input(run: Run) -> None:
    done = run("lint", "-", "--format", "concise", "--select", "CFG1", stdin=WARNING)
    assert done.stdout.startswith(b"<stdin>:3:5: CFG126")
    named = run(
        "lint",
        "-",
        "--stdin-filename",
        "a/b.config",
        "--format",
        "concise",
        "--select",
        "CFG1",
        stdin=WARNING,
    )
    assert named.stdout.startswith(b"a/b.config:3:5: CFG126")


def test_folders_in_a_stable_order(run: Run, tmp_path: Path) -> None:
    for name in ("b/z.config", "b/a.config", "a.config", ".hidden/x.config", "notes.txt", "b/labels.pbtxt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(INFO)
    done = run("lint", tmp_path, tmp_path / "a.config", "--format", "json")
    files = [row["file"] for row in json.loads(done.stdout)]
    assert files == [str(tmp_path / name) for name in ("a.config", "b/a.config", "b/z.config")]


def test_a_label_map_is_known_by_its_content(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "labels.pbtxt"
    path.write_bytes(b'item {\n  id: 0\n  name: "cat"\n}\n')
    done = run("lint", path, "--format", "concise")
    assert (done.returncode, done.stdout.split()[1]) == (1, b"CFG550")


def test_fix_keeps_mode_line_ends_and_the_rest(run: Run, config: Path) -> None:
    config.write_bytes(INFO.replace(b"\n", b"\r\n"))
    config.chmod(0o640)
    done = run("lint", config, "--fix")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"1 fix applied" in done.stderr
    assert config.read_bytes() == CLEAN.replace(b"\n", b"\r\n")
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert sorted(path.name for path in config.parent.iterdir()) == [config.name]


def test_fix_leaves_a_file_without_fixes_untouched(run: Run, config: Path) -> None:
    config.write_bytes(b'train_config { freeze_variables: "x" }')
    before = config.stat().st_mtime_ns
    assert run("lint", config, "--fix", "--unsafe-fixes", "--select", "CFG108").returncode == 1
    assert config.stat().st_mtime_ns == before


def test_fix_of_standard_input_goes_to_standard_output(run: Run) -> None:
    done = run("lint", "-", "--fix", stdin=INFO + b"# caf\xe9\n")
    assert done.stdout == CLEAN + b"# caf\xe9\n"
    assert b"CFG003" in done.stderr


def test_diff_changes_nothing(run: Run, config: Path) -> None:
    done = run("lint", config, "--diff")
    assert done.returncode == 1
    assert done.stdout.splitlines()[2:] == [b"@@ -1,4 +1,3 @@", *_diff_lines()]
    assert config.read_bytes() == INFO
    config.write_bytes(CLEAN)
    assert (run("lint", config, "--diff").returncode, run("lint", config, "--diff").stdout) == (0, b"")


def _diff_lines() -> list[bytes]:
    return [b" eval_config {", b"   batch_size: 1", b"-  save_graph: true", b" }"]


def test_select_ignore_target(run: Run, config: Path) -> None:
    assert run("lint", config, "--ignore", "CFG114").stdout == b""
    assert run("lint", config, "--select", "CFG0,CFG2").stdout == b""
    assert run("lint", config, "--target", "tf1").stdout == b""
    assert b"CFG114" in run("lint", config, "--select", "ignored-evaluator-loop").stdout


def test_judged_as_tf1_is_said(run: Run, config: Path) -> None:
    config.write_bytes(b'model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } }\n')
    done = run("lint", config)
    assert done.returncode == 0
    assert (
        b"judged as a config for TF1: feature extractor 'ssd_mobilenet_v1' is not a TF2 type" in done.stderr
    )


def test_a_pack_of_ones_own(run: Run, config: Path) -> None:
    pack = config.with_name("team.toml")
    pack.write_text("[[rule]]\ncode = 1\n")
    done = run("lint", config, "--rules", pack)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is not a rule pack" in done.stderr


BAD_INPUT: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "no such file"),
    "binary": (b"\x08\x01\x00\xff", "is a binary file"),
    "UTF-16": ("model { }".encode("utf-16"), "is a binary file"),
    "50 MB": (b"# " + b"x" * 50_000_000, "MiB"),
}


@pytest.mark.parametrize(("data", "message"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_input_that_cannot_be_read(tmp_path: Path, data: bytes | None, message: str) -> None:
    path, good = tmp_path / "bad.config", tmp_path / "good.config"
    good.write_bytes(INFO)
    if data is not None:
        path.write_bytes(data)
    done = start("lint", path, good, "--format", "concise")
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert done.stderr.decode().count("cfgtool: error:") == 1
    assert b"CFG114" in done.stdout, "the other files are linted all the same"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything may be read")
def test_no_permission(config: Path) -> None:
    config.chmod(0)
    done = start("lint", config)
    assert (done.returncode, b"no permission" in done.stderr) == (2, True)


def test_folder_without_configs(tmp_path: Path) -> None:
    done = start("lint", tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"holds no *.config or *label_map*.pbtxt file" in done.stderr


HARD_INPUT = {
    "10,000 open braces": b"model { " * 10_000,
    "10,000 nested braces": b"model { " * 10_000 + b"} " * 10_000,
    "10,000 closing braces": b"}" * 10_000,
    "not UTF-8": b'train_config { fine_tune_checkpoint_type: "\xe9\xff" }\n',
    "one long line": b"train_config { " + b"batch_size: 8 " * 5_000 + b"}",
    "web page": b"<!DOCTYPE html><html></html>",
    "empty": b"",
}


@pytest.mark.parametrize("data", HARD_INPUT.values(), ids=HARD_INPUT)
def test_hard_input_is_a_finding(config: Path, data: bytes) -> None:
    config.write_bytes(data)
    assert start("lint", config, PYTHONIOENCODING="ascii").returncode == 1


@pytest.mark.parametrize("data", HARD_INPUT.values(), ids=HARD_INPUT)
@pytest.mark.parametrize(
    "options", [("--format", "json"), ("--diff", "--unsafe-fixes")], ids=["json", "diff"]
)
def test_hard_input_in_other_formats(run: Run, config: Path, data: bytes, options: tuple[str, ...]) -> None:
    config.write_bytes(data)
    assert run("lint", config, *options).returncode == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["lint", "--target", "tf3"], "no target 'tf3'; targets are auto, tf1, tf2"),
        (["lint", "--format", "xml"], "no format 'xml'; formats are text, concise, json, sarif"),
        (["lint", "--select", "CFG105x"], "no rule 'CFG105x'; did you mean 'CFG105'"),
        (["rules", "--format", "xml"], "no format 'xml'"),
        (["explain", "train_config.batch_sise"], "did you mean 'train_config.batch_size'"),
    ],
)
def test_wrong_arguments(run: Run, args: list[str], message: str) -> None:
    done = run(*args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


def test_rules_and_explain(run: Run) -> None:
    rows = json.loads(run("rules", "--format", "json").stdout)
    assert {"code", "name", "severity", "summary"} <= set(rows[0])
    assert len(rows) == len(run("rules").stdout.splitlines())
    assert b"ignored-evaluator-loop" in run("explain", "CFG114").stdout


def test_linting_one_file_imports_nothing_heavy(config: Path) -> None:
    program = f"""if True:
        import sys
        sys.argv = ["cfgtool", "lint", {str(config)!r}]
        from cfgtool.cli.main import main
        try:
            main()
        except SystemExit as stop:
            assert stop.code == 0
        print(*sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r})), file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stderr.splitlines()[-1] == b""


@pytest.mark.parametrize(
    ("command", "usual"), [("lint", False), ("rules", False), ("train", True), ("evaluate", True)]
)
def test_garbage_is_collected_as_usual_where_a_run_is_long(command: str, usual: bool) -> None:
    program = f"""if True:
        import gc
        before = gc.get_threshold()
        from cfgtool.cli.main import main
        try:
            main([{command!r}, "--help"])
        except SystemExit:
            pass
        assert (gc.get_threshold() == before) is {usual}
    """
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
