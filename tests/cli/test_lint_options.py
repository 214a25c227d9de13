"""Options of `cfgtool lint` beside the findings themselves: settings, baselines, output, many files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli_runs import Run

from cfgtool.cli.lint_files import PARALLEL_FROM
from cfgtool.lint.reporters import FORMATS

CLEAN = "eval_config {\n  batch_size: 1\n}\n"
INFO = "eval_config {\n  batch_size: 1\n  save_graph: true\n}\n"
WARNING = "model {\n  ssd {\n    mask_head_config {}\n  }\n}\n"
ERROR = "train_config {\n  batch: 1\n}\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


STATUS = {
    "error": {"error": 1, "warning": 1, "info": 1, "never": 0},
    "warning": {"error": 0, "warning": 1, "info": 1, "never": 0},
    "info": {"error": 0, "warning": 0, "info": 1, "never": 0},
    "clean": {"error": 0, "warning": 0, "info": 0, "never": 0},
}
TEXTS = {
    "error": (ERROR, "CFG030"),
    "warning": (WARNING, "CFG126"),
    "info": (INFO, "CFG114"),
    "clean": (CLEAN, "CFG114"),
}


@pytest.mark.parametrize("level", ["error", "warning", "info", "never"])
@pytest.mark.parametrize("kind", STATUS)
def test_fail_on(run: Run, tree: Path, kind: str, level: str) -> None:
    text, code = TEXTS[kind]
    path = write(tree / "a.config", text)
    assert run("lint", path, "--select", code, "--fail-on", level).returncode == STATUS[kind][level]


def test_fail_on_never_still_fails_for_what_cannot_be_read(run: Run, tree: Path) -> None:
    assert run("lint", "gone.config", "--fail-on", "never").returncode == 2


def test_profiles(run: Run, tree: Path) -> None:
    path = write(tree / "a.config", INFO)
    assert run("lint", path, "--profile", "strict").returncode == 1
    assert run("lint", path, "--profile", "strict", "--fail-on", "warning").returncode == 0
    minimal = run("lint", path, "--profile", "minimal")
    assert (minimal.returncode, minimal.stdout) == (0, b"")
    write(tree / "cfgtool.toml", 'profile = "strict"')
    assert run("lint", path).returncode == 1
    assert run("lint", path, "--isolated").returncode == 0


def test_settings_of_a_file_are_in_force(run: Run, tree: Path) -> None:
    write(tree / "sub" / "cfgtool.toml", 'ignore = ["CFG114"]')
    write(tree / "a.config", INFO)
    write(tree / "sub" / "b.config", INFO)
    rows = json.loads(run("lint", "--format", "json").stdout)
    assert [row["file"] for row in rows] == ["a.config"]
    rows = json.loads(run("lint", "--format", "json", "--config", "sub/cfgtool.toml").stdout)
    assert rows == []
    stdin = run("lint", "-", "--stdin-filename", "sub/c.config", stdin=INFO.encode())
    assert (stdin.returncode, stdin.stdout) == (0, b"")
    assert b"CFG114" in run("lint", "-", "--stdin-filename", "c.config", stdin=INFO.encode()).stdout


def test_wrong_settings_are_told_once(run: Run, tree: Path) -> None:
    write(tree / "cfgtool.toml", 'selct = ["CFG1"]')
    for name in ("a", "b", "c"):
        write(tree / f"{name}.config", INFO)
    done = run("lint", "a.config", "b.config", "c.config")
    assert done.returncode == 2
    assert done.stderr.decode().count("unknown key 'selct'; did you mean 'select'") == 1
    assert run("lint", ".").stderr.decode().count("unknown key") == 1


def test_show_settings(run: Run, tree: Path) -> None:
    write(tree / "cfgtool.toml", 'target = "tf2"\nignore = ["CFG114"]\n[path-remaps]\n"/content/" = "data"\n')
    done = run("lint", "--show-settings", "sub/a.config", "--ignore", "CFG115", "--profile", "strict")
    lines = dict(
        line.split(maxsplit=1) for line in done.stdout.decode().replace("fail on", "fail-on").splitlines()
    )
    assert done.returncode == 0
    assert lines["file"] == "sub/a.config"
    assert lines["configuration"] == "cfgtool.toml"
    assert lines["target"] == "tf2  [cfgtool.toml]"
    assert lines["ignore"] == "CFG115  [command line]"
    assert lines["profile"] == "strict  [command line]"
    assert lines["path-remaps"] == f"/content/ = {tree}/data/  [cfgtool.toml]"
    assert lines["fail-on"] == "info"
    assert "rules off        CFG115\n" in done.stdout.decode()
    isolated = run("lint", "--show-settings", "--isolated").stdout.decode()
    assert "configuration    none" in isolated
    assert "target           auto" in isolated


@pytest.mark.parametrize("form", ["text", "concise"])
def test_statistics(run: Run, tree: Path, form: str) -> None:
    write(tree / "a.config", INFO)
    write(tree / "b.config", INFO + WARNING)
    done = run("lint", "--statistics", "--format", form, "--select", "CFG114,CFG126")
    assert done.stdout.decode().splitlines() == [
        "2  CFG114  info     ignored-evaluator-loop  fixable: 2 with --fix",
        "1  CFG126  warning  dead-ssd-mask-head      fixable: 1 with --fix",
    ]
    assert done.returncode == 1
    write(tree / "a.config", CLEAN)
    assert run("lint", "--statistics", "a.config").stdout == b""


def test_statistics_in_json(run: Run, tree: Path) -> None:
    write(tree / "a.config", INFO)
    (row,) = json.loads(run("lint", "--statistics", "--format", "json").stdout)
    assert row == {
        "code": "CFG114",
        "name": "ignored-evaluator-loop",
        "severity": "info",
        "count": 1,
        "safe_fixes": 1,
        "unsafe_fixes": 0,
    }


WRONG = {
    "fail-on": (["--fail-on", "fatal"], "no severity 'fatal'; --fail-on takes error, warning, info, never"),
    "profile": (["--profile", "lax"], "no profile 'lax'; profiles are minimal, default, strict"),
    "statistics": (["--statistics", "--format", "sarif"], "--statistics does not go with --format sarif"),
    "baseline and fix": (["--write-baseline", "b.json", "--fix"], "--write-baseline does not go with --fix"),
    "baseline of standard input": (
        ["-", "--write-baseline", "b.json"],
        "standard input has no name in a baseline",
    ),
    "output": (["-o", "a.config"], "a.config: exists already; --force replaces it"),
    "baseline": (
        ["--baseline", "gone.json"],
        "gone.json: no such file; cfgtool lint --write-baseline gone.json",
    ),
    "config": (["--config", "gone.toml"], "gone.toml: no such file"),
    "rules": (["--rules", "gone.toml"], "gone.toml: no such file"),
    "jobs": (["-j", "-1"], "-1 is not in the range x>=0"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_wrong_options(run: Run, tree: Path, options: list[str], message: str) -> None:
    path = write(tree / "a.config", INFO)
    done = run("lint", path.name, *options)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert path.read_text() == INFO


@pytest.mark.parametrize("form", FORMATS)
def test_output_file(run: Run, tree: Path, form: str) -> None:
    write(tree / "a.config", ERROR)
    printed = run("lint", "a.config", "gone.config", "--format", form)
    written = run("lint", "a.config", "gone.config", "--format", form, "-o", "found.out")
    assert (written.returncode, written.stdout) == (printed.returncode, b"")
    assert (tree / "found.out").read_bytes() == printed.stdout
    again = run("lint", "a.config", "--format", form, "-o", "found.out", "--force")
    assert again.returncode == 1


@pytest.mark.parametrize("form", FORMATS)
def test_standard_input_in_every_format(run: Run, tree: Path, form: str) -> None:
    done = run("lint", "-", "--stdin-filename", "sub/x.config", "--format", form, stdin=ERROR.encode())
    assert done.returncode == 1
    assert b"sub/x.config" in done.stdout
    assert b"CFG030" in done.stdout


def test_what_cannot_be_read_is_in_the_report(run: Run, tree: Path) -> None:
    log = json.loads(run("lint", "gone.config", "--format", "sarif").stdout)
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False
    assert ElementTree.fromstring(run("lint", "gone.config", "--format", "junit").stdout).get("errors") == "1"
    assert json.loads(run("lint", "gone.config", "--format", "gitlab").stdout)[0]["severity"] == "blocker"
    assert run("lint", "gone.config", "--format", "github").stdout.startswith(b"::error file=gone.config,")


def test_a_baseline_from_start_to_end(run: Run, tree: Path) -> None:
    path = write(tree / "a.config", ERROR)
    written = run("lint", "--write-baseline", "known.json")
    assert (written.returncode, written.stdout) == (0, b"")
    assert written.stderr.decode().endswith("known.json: 1 finding written as known\n")
    assert run("lint", "--baseline", "known.json").returncode == 0
    write(tree / "cfgtool.toml", 'baseline = "known.json"')
    assert run("lint").returncode == 0
    path.write_text("# moved\n" + ERROR + WARNING)
    done = run("lint", "--format", "concise")
    assert (done.returncode, [line.split()[1] for line in done.stdout.splitlines()]) == (1, [b"CFG126"])
    path.rename("b.config")
    assert b"a.config: note: stale in the baseline: there is no such file" in run("lint").stderr
    path.write_text(CLEAN)
    (tree / "b.config").unlink()
    assert b"a.config: note: stale in the baseline: CFG030 at 'train_config.batch'" in run("lint").stderr
    assert run("lint", "--write-baseline", "known.json").returncode == 0
    assert json.loads((tree / "known.json").read_text())["files"] == {}


def test_a_baseline_is_not_written_over_something_else_nor_of_half_a_run(run: Run, tree: Path) -> None:
    write(tree / "a.config", ERROR)
    write(tree / "notes.json", "[]")
    assert b"is not a baseline" in run("lint", "--write-baseline", "notes.json").stderr
    assert (tree / "notes.json").read_text() == "[]"
    assert run("lint", "a.config", "gone.config", "--write-baseline", "known.json").returncode == 2
    assert not (tree / "known.json").exists()


def test_files_of_other_programs_are_skipped_with_a_note(run: Run, tree: Path) -> None:
    write(tree / "web.config", '<?xml version="1.0"?>\n<configuration />\n')
    write(tree / "a.config", CLEAN)
    done = run("lint")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"web.config: note: skipped: nothing in it belongs to a pipeline config" in done.stderr
    assert b"nothing to report in 1 file" in done.stderr
    assert run("lint", "web.config").returncode == 1
    assert run("lint", "--fix").returncode == 0
    assert (tree / "web.config").read_text().startswith("<?xml")


def test_discovery_options(run: Run, tree: Path) -> None:
    write(tree / ".gitignore", "build/\n")
    for name in ("a.config", "build/b.config", "old/c.config"):
        write(tree / name, INFO)

    def files(*options: str) -> list[str]:
        return [row["file"] for row in json.loads(run("lint", "--format", "json", *options).stdout)]

    assert files() == ["a.config", "old/c.config"]
    assert files("--no-gitignore") == ["a.config", "build/b.config", "old/c.config"]
    assert files("--exclude", "old/, nothing") == ["a.config"]
    assert files("*/*.config") == ["old/c.config"]
    assert files("old/c.config", "--exclude", "old/") == ["old/c.config"]
    assert files("old/c.config", "a.config", "--exclude", "old/", "--force-exclude") == ["a.config"]


def test_rules_of_ones_own(run: Run, tree: Path) -> None:
    own = (Path(__file__).resolve().parents[2] / "docs" / "own-rules.md").read_text(encoding="utf-8")
    write(tree / "team.toml", own.split("```toml\n")[1].split("```")[0])
    write(tree / "a.config", "train_config {\n  batch_size: 512\n}\n")
    log = json.loads(run("lint", "--rules", "team.toml", "--select", "TEAM001", "--format", "sarif").stdout)
    (rule,) = log["runs"][0]["tool"]["driver"]["rules"]
    assert "Our GPUs have 8 GiB" in rule["help"]["markdown"]
    assert b"TEAM001  warning  large-batch" in run("rules", "--rules", "team.toml").stdout
    rows = json.loads(run("rules", "--rules", "team.toml", "--format", "json").stdout)
    assert [row["url"] for row in rows if row["code"] == "TEAM001"] == [None]
    assert b"Our GPUs have 8 GiB" in run("explain", "--rules", "team.toml", "TEAM001").stdout
    assert run("explain", "TEAM001").returncode == 2
    write(tree / "cfgtool.toml", 'rules = ["team.toml"]')
    assert b"TEAM001 large-batch" in run("explain", "train_config.batch_size").stdout
    assert b"TEAM001" in run("lint").stdout


@pytest.fixture
def many(tree: Path) -> Path:
    """More files than one process takes at once, each with its own findings, and some that cannot be judged."""
    for number in range(PARALLEL_FROM + 10):
        text = [INFO, WARNING, ERROR, CLEAN, "model {"][number % 5]
        write(tree / "many" / f"{number:03}.config", f"# é {number}\n{text}")
    write(tree / "many" / "050.config", "<configuration />\n")
    (tree / "many" / "060.config").write_bytes(b"\0")
    write(tree / "many" / "cfgtool.toml", '[per-file-ignores]\n"07*" = ["CFG0"]\n')
    return tree


@pytest.mark.parametrize(
    "options", [["--format", "json"], ["--format", "sarif"], ["--format", "text"], ["--diff"]]
)
def test_several_processes_say_the_same_as_one(many: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "cfgtool", "lint", "many", *options]
    environment = {**os.environ, "COLUMNS": "110"}
    one, two, all_cores = (
        subprocess.run([*command, "-j", jobs], capture_output=True, env=environment, check=False)
        for jobs in ("1", "2", "0")
    )
    assert one.returncode == 2
    assert b"050.config: note: skipped" in one.stderr
    assert (one.returncode, one.stdout, one.stderr) == (two.returncode, two.stdout, two.stderr)
    assert (one.stdout, one.stderr) == (all_cores.stdout, all_cores.stderr)


def test_several_processes_know_the_rules_of_packs(many: Path) -> None:
    own = (Path(__file__).resolve().parents[2] / "docs" / "own-rules.md").read_text(encoding="utf-8")
    write(many / "many" / "team.toml", own.split("```toml\n")[1].split("```")[0])
    write(many / "many" / "cfgtool.toml", 'rules = ["team.toml"]\n')
    write(many / "many" / "200.config", "train_config { batch_size: 512 }\n")
    command = [sys.executable, "-m", "cfgtool", "lint", "many", "-j", "2", "--format", "sarif"]
    done = subprocess.run(command, capture_output=True, check=False)
    rules = json.loads(done.stdout)["runs"][0]["tool"]["driver"]["rules"]
    assert "TEAM001" in [rule["id"] for rule in rules]


def test_several_processes_fix_as_one_does(many: Path) -> None:
    command = [sys.executable, "-m", "cfgtool", "lint", "many", "--fix", "-j", "2"]
    done = subprocess.run(command, capture_output=True, check=False)
    # Two files in five can be fixed, but for one that is no config and one that is binary.
    assert f"{(PARALLEL_FROM + 10) * 2 // 5 - 2} fixes applied" in done.stderr.decode()
    assert (many / "many" / "000.config").read_text(encoding="utf-8") == f"# é 0\n{CLEAN}"
