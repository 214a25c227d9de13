"""The pre-commit hooks: which files they take, and what they do to a commit, with the real pre-commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pre_commit", reason="needs pre-commit")
import yaml

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOKS: dict[str, dict[str, Any]] = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text())}
CONFIGS = ["pipeline.config", "a/b/pipeline_ssd.config", "pipeline-v2.config"]
LABEL_MAPS = ["label_map.pbtxt", "data/shapes_label_map.pbtxt", "my_labelmap_v2.pbtxt"]
OTHERS = [
    "nginx.config",
    "my_pipeline.config",
    "pipeline.config.bak",
    "pipeline/x.config",
    "graph.pbtxt",
    "pipeline.pbtxt",
]
NETWORK = (
    "Could not fetch",
    "ConnectionError",
    "Temporary failure",
    "Max retries",
    "No matching distribution",
)
CLEAN = "train_config {\n  batch_size: 8\n}\n"
OLD = "train_config {\n  batch_size: 8  # what fits\n  batch_queue_capacity: 3\n}\n"
WRONG = "train_config {\n  batch_sizes: 8\n}\n"


def test_the_manifest_is_valid() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(MANIFEST)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS.keys())
def test_what_all_hooks_have_in_common(hook: dict[str, Any]) -> None:
    assert hook["entry"].startswith("cfgtool ")
    assert hook["language"] == "python"
    assert hook["require_serial"], "one process for all files: starting one costs more than a file"
    assert hook.get("pass_filenames", True)
    for name in CONFIGS:
        assert re.search(hook["files"], name)
    for name in OTHERS:
        assert not re.search(hook["files"], name)


def test_label_maps_are_linted_and_not_rewritten() -> None:
    for name in LABEL_MAPS:
        assert re.search(HOOKS["cfgtool-lint"]["files"], name)
        assert not re.search(HOOKS["cfgtool-migrate"]["files"], name)


# With the real pre-commit


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    done = run(["git", *identity, *arguments], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A new git repository with one commit."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", "--message", "Begin")
    return folder


class Scratch:
    """A repository that uses the hooks of this tree."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home

    def run(self, hook: str, **files: str) -> subprocess.CompletedProcess[str]:
        """Stage these files only (`__` stands for the `.` in their names) and run one hook on what is staged."""
        git(self.folder, "rm", "--quiet", "--cached", "--force", "-r", ".")
        git(self.folder, "add", ".pre-commit-config.yaml")
        for name, text in files.items():
            path = self.folder / name.replace("__", ".")
            path.write_text(text, encoding="utf-8")
            git(self.folder, "add", path.name)
        command = [sys.executable, "-m", "pre_commit", "run", hook, "--color", "never"]
        return run(command, self.folder, PRE_COMMIT_HOME=str(self.home))

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    folder = tmp_path_factory.mktemp("hooks")
    tree, home = folder / "tree", folder / "home"
    tree.mkdir()
    # What is tracked, and what is about to be, as it is now.
    names = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file() and name.split("/")[0] in (
            "cfgtool",
            "pyproject.toml",
            "README.md",
            "LICENSE",
            MANIFEST.name,
        ):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    repository(tree, {})
    hooks = [{"id": name} for name in HOOKS]
    config = {"repos": [{"repo": str(tree), "rev": git(tree, "rev-parse", "HEAD"), "hooks": hooks}]}
    user = folder / "user"
    user.mkdir()
    repository(user, {".pre-commit-config.yaml": yaml.safe_dump(config)})
    done = run([sys.executable, "-m", "pre_commit", "install-hooks"], user, PRE_COMMIT_HOME=str(home))
    if done.returncode and any(word in done.stdout + done.stderr for word in NETWORK):
        pytest.skip("the hooks cannot be installed: no package index can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    return Scratch(user, home)


@pytest.mark.slow
class TestHooks:
    def test_lint_lets_a_clean_config_pass(self, scratch: Scratch) -> None:
        done = scratch.run("cfgtool-lint", pipeline__config=CLEAN)
        assert done.returncode == 0, done.stdout
        assert "Passed" in done.stdout

    def test_lint_stops_a_mistake_and_shows_it(self, scratch: Scratch) -> None:
        done = scratch.run("cfgtool-lint", pipeline__config=WRONG, pipeline_clean__config=CLEAN)
        assert done.returncode == 1
        assert "pipeline.config:2:3: CFG" in done.stdout
        assert "did you mean 'batch_size'" in done.stdout
        assert scratch.text("pipeline.config") == WRONG

    def test_lint_reads_label_maps(self, scratch: Scratch) -> None:
        done = scratch.run("cfgtool-lint", label_map__pbtxt='item { id: 0 name: "a" }\n')
        assert done.returncode == 1
        assert "label_map.pbtxt:1:" in done.stdout

    def test_migrate_rewrites_and_fails_once(self, scratch: Scratch) -> None:
        done = scratch.run("cfgtool-migrate", pipeline__config=OLD, pipeline_clean__config=CLEAN)
        assert done.returncode == 1
        assert "files were modified by this hook" in done.stdout
        text = scratch.text("pipeline.config")
        assert text == "train_config {\n  batch_size: 8  # what fits\n}\n"
        assert scratch.text("pipeline_clean.config") == CLEAN
        assert scratch.run("cfgtool-migrate", pipeline__config=text).returncode == 0

    def test_migrate_leaves_a_broken_config_alone(self, scratch: Scratch) -> None:
        broken = "train_config {\n  batch_queue_capacity: 3\n"
        done = scratch.run("cfgtool-migrate", pipeline__config=broken)
        assert done.returncode == 1
        assert "cfgtool: error: pipeline.config" in done.stdout
        assert scratch.text("pipeline.config") == broken

    @pytest.mark.parametrize("hook", HOOKS)
    def test_other_files_are_none_of_theirs(self, scratch: Scratch, hook: str) -> None:
        done = scratch.run(hook, nginx__config="server { }\n")
        assert done.returncode == 0
        assert "no files to check" in done.stdout
