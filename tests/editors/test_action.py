"""The GitHub action: its structure as documented, and its scripts, run by bash as the runner does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfgtool.lint.reporters import FORMATS

yaml = pytest.importorskip("yaml", reason="needs PyYAML")

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
DEFAULTS = {name: about["default"] for name, about in ACTION["inputs"].items()}
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
WRONG = "train_config {\n  batch_sizes: 8\n}\n"
CLEAN = "train_config {\n  batch_size: 8\n}\n"

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def test_the_structure_of_a_composite_action() -> None:
    assert set(ACTION) == {"name", "description", "inputs", "runs"}
    assert ACTION["runs"]["using"] == "composite"
    for about in ACTION["inputs"].values():
        assert set(about) == {"description", "default"}
        assert isinstance(about["default"], str)
    for step in STEPS:
        assert ("uses" in step) != ("run" in step)
        assert step["name"]
        assert set(step) <= ({"name", "uses", "with"} if "uses" in step else {"name", "shell", "env", "run"})
        assert step.get("shell", "bash") == "bash"
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


def test_inputs_are_declared_and_used() -> None:
    named = {name.removeprefix("inputs.") for name in EXPRESSION.findall(TEXT) if name.startswith("inputs.")}
    assert named == set(DEFAULTS) == {"paths", "args", "format", "version", "python-version"}


def test_inputs_reach_scripts_through_the_environment_only() -> None:
    # An expression in a script would be pasted into it before bash sees it.
    for step in STEPS:
        assert "${{" not in step.get("run", "")


def execute(name: str, folder: Path, path: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a step with these inputs (`_` for `-`), the others at their defaults."""
    step = next(step for step in STEPS if step["name"] == name)
    values = {f"inputs.{key}": value for key, value in {**DEFAULTS, **inputs}.items()}
    values["github.action_path"] = "/the/action"
    environment = {key: EXPRESSION.sub(lambda m: values[m[1]], value) for key, value in step["env"].items()}
    script = folder / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder,
        env={**os.environ, **environment, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def stand_in(folder: Path, name: str) -> str:
    """A folder with a command that prints its arguments, one per line."""
    place = folder / "commands"
    place.mkdir()
    (place / name).write_text('#!/bin/sh\nprintf "<%s>\\n" "$@"\n', encoding="utf-8")
    (place / name).chmod(0o755)
    return str(place)


@needs_bash
@pytest.mark.parametrize(
    ("version", "what"), [("", "/the/action"), ("1.2.3", "cfgtool==1.2.3"), ("1; rm x", "cfgtool==1; rm x")]
)
def test_what_is_installed(tmp_path: Path, version: str, what: str) -> None:
    done = execute("Install cfgtool", tmp_path, stand_in(tmp_path, "python"), version=version)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == ["<-m>", "<pip>", "<install>"]
    assert done.stdout.splitlines()[-1] == f"<{what}>"


@needs_bash
@pytest.mark.parametrize(
    ("inputs", "arguments"),
    [
        ({}, ["--format", "github", "--", "."]),
        ({"paths": "a b.config\nc.config\n\n"}, ["--format", "github", "--", "a b.config", "c.config"]),
        (
            {"args": " --target  tf2\n--ignore CFG1*", "format": "concise"},
            ["--format", "concise", "--target", "tf2", "--ignore", "CFG1*", "--", "."],
        ),
        ({"paths": "$(touch x)\n--fix"}, ["--format", "github", "--", "$(touch x)", "--fix"]),
        ({"paths": ""}, ["--format", "github", "--"]),
    ],
)
def test_what_the_command_is_given(tmp_path: Path, inputs: dict[str, str], arguments: list[str]) -> None:
    (tmp_path / "CFG1x").touch()
    done = execute("Lint", tmp_path, stand_in(tmp_path, "cfgtool"), **inputs)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"<{each}>" for each in ["lint", *arguments]]
    assert not (tmp_path / "x").exists()


@needs_bash
@pytest.mark.parametrize("format_", [name for name in ("github", "concise") if name in FORMATS])
def test_a_mistake_fails_the_step(tmp_path: Path, format_: str) -> None:
    commands = Path(sys.executable).parent
    if not (commands / "cfgtool").exists():
        pytest.skip(f"no cfgtool command in {commands}")
    (tmp_path / "pipeline.config").write_text(WRONG, encoding="utf-8")
    done = execute("Lint", tmp_path, str(commands), format=format_)
    assert done.returncode == 1
    assert "pipeline.config" in done.stdout
    assert "batch_sizes" in done.stdout
    (tmp_path / "pipeline.config").write_text(CLEAN, encoding="utf-8")
    assert execute("Lint", tmp_path, str(commands), format=format_).returncode == 0
