"""The VS Code extension: its parts fit together, its grammar reads configs, and it can be packaged."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

import cfgtool

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "editors" / "vscode"
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT")


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_the_manifest_names_files_that_are_there() -> None:
    contributed = read("package.json")["contributes"]
    language, grammar = contributed["languages"][0], contributed["grammars"][0]
    for name in (language["configuration"], grammar["path"]):
        assert (FOLDER / name).is_file()
    assert grammar["language"] == language["id"] == "pipeline-config"
    assert read(grammar["path"])["scopeName"] == grammar["scopeName"]


def test_it_has_the_version_and_the_licence_of_the_tool() -> None:
    assert read("package.json")["version"] == cfgtool.__version__
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_settings_are_those_that_the_server_knows() -> None:
    from cfgtool.lsp.settings import TARGETS, Wishes

    properties = read("package.json")["contributes"]["configuration"]["properties"]
    assert set(properties) == {"cfgtool.path", "cfgtool.target", "cfgtool.rulePages"}
    assert properties["cfgtool.target"]["enum"] == list(TARGETS)
    defaults = {name.removeprefix("cfgtool."): about["default"] for name, about in properties.items()}
    assert Wishes().take({"cfgtool": defaults}) == []


@pytest.mark.parametrize(
    ("name", "recognised"),
    [
        ("pipeline.config", True),
        ("pipeline_ssd.config", True),
        ("shapes_label_map.pbtxt", True),
        ("label_map.pbtxt", True),
        ("graph.pbtxt", False),
        ("nginx.config", False),
    ],
)
def test_files_that_are_recognised(name: str, recognised: bool) -> None:
    patterns = read("package.json")["contributes"]["languages"][0]["filenamePatterns"]
    assert any(fnmatch(name, pattern) for pattern in patterns) is recognised


# The grammar's expressions keep to what Python's `re` has too, so that they can be tried out here.
GRAMMAR = read("syntaxes/pipeline-config.tmLanguage.json")["repository"]


def first_match(text: str) -> tuple[str, str]:
    """(rule, matched text) of the first rule, in the grammar's order, that matches earliest in `text`."""
    best: tuple[int, str, str] | None = None
    for include in read("syntaxes/pipeline-config.tmLanguage.json")["patterns"]:
        name = include["include"].removeprefix("#")
        rule = GRAMMAR[name]
        for each in rule.get("patterns", [rule]):
            match = re.search(each.get("match") or each["begin"], text)
            if match and (best is None or match.start() < best[0]):
                best = (match.start(), name, match[1] if match.re.groups else match[0])
    assert best is not None, text
    return best[1:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# model {", ("comment", "#")),
        ("  model {", ("block", "model")),
        ("optimizer: <", ("block", "optimizer")),
        ("batch_size: 8", ("field", "batch_size")),
        ("activation : RELU", ("field", "activation")),
        (" RELU_6,", ("value", "RELU_6")),
        (" true", ("value", "true")),
        (" -4.6e-3", ("value", "-4.6e-3")),
        (" 0.00004f", ("value", "0.00004f")),
        (" 0xFF", ("value", "0xFF")),
        (" .5", ("value", ".5")),
        ("'ssd'", ("string", "'")),
        ('"# no comment"', ("string", '"')),
        ("[pkg.ext.name] {", ("extension", "pkg.ext.name")),
        ("[1.0, 2.0]", ("value", "1.0")),
        (", x", ("separator", ",")),
    ],
)
def test_the_grammar(text: str, expected: tuple[str, str]) -> None:
    assert first_match(text) == expected


def test_every_line_of_a_config_is_read_by_the_grammar() -> None:
    for line in (ROOT / "fixtures" / "demo" / "pipeline.config").read_text().splitlines():
        if line.strip(" {}[]"):
            first_match(line)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_what_the_extension_does() -> None:
    done = subprocess.run(
        ["node", "--test", "extension.test.js"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_it_can_be_packaged(tmp_path: Path) -> None:
    work = tmp_path / "vscode"
    shutil.copytree(FOLDER, work, ignore=shutil.ignore_patterns("node_modules", "dist"))
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(install, cwd=work, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode and any(code in done.stderr for code in OFFLINE):
        pytest.skip("the npm registry cannot be reached")
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        ["npm", "run", "package"], cwd=work, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    package = work / "dist" / "cfgtool.vsix"
    assert package.stat().st_size < 300_000
    with zipfile.ZipFile(package) as archive:
        names = {
            name.removeprefix("extension/") for name in archive.namelist() if name.startswith("extension/")
        }
    assert {
        "package.json",
        "dist/extension.js",
        "dist/LICENSES.txt",
        "syntaxes/pipeline-config.tmLanguage.json",
    } <= names
    assert not [name for name in names if "node_modules" in name or name.endswith("test.js")]
