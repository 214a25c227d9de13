"""Neovim, without a screen, with the snippet of the documentation: what it shows is what the server finds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lsp_texts import DEMO, ROOT, demo

SNIPPET = ROOT / "editors" / "neovim" / "cfgtool.lua"
SESSION = Path(__file__).with_name("neovim_session.lua")

pytestmark = pytest.mark.skipif(shutil.which("nvim") is None, reason="needs nvim")


def test_a_session(tmp_path: Path) -> None:
    shutil.copytree(DEMO.parent, tmp_path / "demo")
    shutil.copytree(ROOT / "fixtures" / "shapes", tmp_path / "shapes")
    answers = tmp_path / "answers.json"
    commands = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "CFGTOOL_ANSWERS": str(answers),
        **{f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")},
    }
    if not (commands / "cfgtool").exists():
        pytest.skip(f"no cfgtool command in {commands}")
    config = tmp_path / "demo" / DEMO.name
    command = ["nvim", "--headless", "--clean", "-u", str(SNIPPET), "-c", f"luafile {SESSION}", str(config)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert answers.exists(), done.stderr
    said = json.loads(answers.read_text(encoding="utf-8"))
    assert "problem" not in said, said
    assert sorted(said["before"]) == sorted(finding.code for finding in demo().report.findings)
    assert said["titles"][0] == "remove 'batch_queue_capacity'"
    assert said["line_is_gone"]
    assert len(said["after"]) == len(said["before"]) - 1
    assert "Ssd.num_classes" in said["hover"].splitlines()[0]
    assert "load_all_detection_checkpoint_vars" in said["completion"]
    assert "batch_size" not in said["completion"]


def test_the_documentation_shows_the_snippet() -> None:
    assert SNIPPET.read_text(encoding="utf-8") in (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
