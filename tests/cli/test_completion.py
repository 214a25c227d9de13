"""Shell completion, driven as the scripts of the shells drive it: by environment variables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import Run

from cfgtool.cli.completion import OFFERS
from cfgtool.cli.main import COMMANDS, SHELLS, load_command
from cfgtool.lint.rules import load


def codes(start: str) -> list[str]:
    return [rule.code for rule in load().rules() if rule.code.startswith(start)]


def complete(line: str, shell: str = "bash") -> list[str]:
    """What cfgtool answers for a line whose last word is being typed."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_CFGTOOL_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "cfgtool"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


OFFERED = {
    "commands": ("cfgtool ", [f"plain,{name}" for name in COMMANDS]),
    "a command": ("cfgtool expl", ["plain,explain"]),
    "options": ("cfgtool lint --fo", ["plain,--format", "plain,--force", "plain,--force-exclude"]),
    "formats": (
        "cfgtool lint --format ",
        [f"plain,{name}" for name in ("text", "concise", "json", "sarif", "github", "gitlab", "junit")],
    ),
    "a format": ("cfgtool lint --format s", ["plain,sarif"]),
    "targets": ("cfgtool lint --target t", ["plain,tf1", "plain,tf2"]),
    "profiles": ("cfgtool lint --profile ", ["plain,minimal", "plain,default", "plain,strict"]),
    "fail-on": ("cfgtool lint --fail-on ", ["plain,error", "plain,warning", "plain,info", "plain,never"]),
    "a code": ("cfgtool lint --select CFG10", [f"plain,{code}" for code in codes("CFG10")]),
    "a code behind a comma": (
        "cfgtool lint --ignore CFG2,CFG11",
        [f"plain,CFG2,{code}" for code in codes("CFG11")],
    ),
    "a name": ("cfgtool lint --extend-select ignored-rep", ["plain,ignored-replica-setting"]),
    "a rule to explain": ("cfgtool explain CFG60", [f"plain,{code}" for code in codes("CFG60")]),
    "files": ("cfgtool lint fix", ["file,fix"]),
    "a value of another command": ("cfgtool migrate --to ", ["plain,same", "plain,tf2"]),
    "nothing": ("cfgtool lint --format x", []),
    "behind an unknown command": (
        "cfgtool lnt --",
        [f"plain,--{name}" for name in ("version", "install-completion", "show-completion", "help")],
    ),
}


@pytest.mark.parametrize(("line", "offered"), OFFERED.values(), ids=OFFERED)
def test_offered(line: str, offered: list[str]) -> None:
    assert [word for word in complete(line) if word] == offered


def test_zsh_and_fish_are_told_what_a_code_is() -> None:
    zsh = complete("cfgtool lint --select CFG105", "zsh")
    assert zsh[:2] == ["plain", "CFG105"]
    assert zsh[2].startswith("ignored-replica-setting")
    (fish,) = complete("cfgtool lint --select CFG105", "fish")
    assert fish.startswith("plain,CFG105\tignored-replica-setting")


def test_what_is_offered_belongs_to_parameters_that_exist() -> None:
    for command, parameter in OFFERS:
        made = load_command(command)
        assert parameter in [each.name for each in made.params], (command, parameter)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_of_the_shell(run: Run, tmp_path: Path, shell: str) -> None:
    done = run("--show-completion", shell)
    assert done.returncode == 0
    assert f"_CFGTOOL_COMPLETE={shell}_complete" in done.stdout.decode()
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here to read the script")
    path = tmp_path / "script"
    path.write_bytes(done.stdout)
    subprocess.run([shell, "-n", path], check=True)


def test_bash_completes_with_the_script(run: Run, tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    script = run("--show-completion", "bash").stdout.decode()
    (tmp_path / "cfgtool").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cfgtool "$@"\n')
    (tmp_path / "cfgtool").chmod(0o755)
    program = f"""{script}
COMP_WORDS=(cfgtool lint --profile m)
COMP_CWORD=3
_cfgtool_completion cfgtool
echo "${{COMPREPLY[@]}}"
"""
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "minimal\n"


PLACES = {
    "bash": "data/bash-completion/completions/cfgtool",
    "zsh": "home/.zfunc/_cfgtool",
    "fish": "config/fish/completions/cfgtool.fish",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_installing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    for name, folder in (("HOME", "home"), ("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    done = run("--install-completion", shell)
    path = tmp_path / PLACES[shell]
    assert done.returncode == 0
    assert str(path) in done.stderr.decode()
    assert path.read_bytes() == run("--show-completion", shell).stdout
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_a_shell_that_is_not_known(run: Run) -> None:
    done = run("--show-completion", "tcsh")
    assert done.returncode == 2
    assert b"'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.stderr


def test_a_place_that_cannot_be_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    done = run("--install-completion", "bash")
    assert done.returncode == 2
    assert b"cannot be made" in done.stderr
