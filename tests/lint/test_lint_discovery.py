"""Which files are found: folders, globs, what git leaves out, what the settings exclude."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.configuration import Lookup
from cfgtool.lint.discovery import Discovery, expand_all, is_foreign
from cfgtool.textproto import parse


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("model { }\n", encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git" / "info").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "a.config", "sub/b.config", "sub/deep/c.config", "build/d.config", "other/e.config")
    return tmp_path


def found(*paths: str, **options: bool) -> list[str]:
    overrides = options.pop("exclude", None)
    lookup = Lookup({"exclude": overrides} if overrides else None)
    errors: list[UserError] = []
    files = expand_all(Discovery(lookup, **options), paths, errors)
    assert not errors, errors
    return [name for name, _ in files]


EVERYTHING = ["a.config", "build/d.config", "other/e.config", "sub/b.config", "sub/deep/c.config"]


def test_folders(tree: Path) -> None:
    make(tree, ".hidden/x.config", "node_modules/x.config", "sub/.x.config")
    make(tree, "notes.txt", "labels.pbtxt", "sub/pet_label_map.pbtxt", "sub/label_map.txt")
    wanted = sorted([*EVERYTHING, "sub/pet_label_map.pbtxt"], key=lambda name: (name.count("/") > 0, name))
    assert found(".") == [
        "a.config",
        "build/d.config",
        "other/e.config",
        "sub/b.config",
        *wanted[-1:],
        "sub/deep/c.config",
    ]


def test_what_is_named_twice_is_there_once(tree: Path) -> None:
    assert found("sub/b.config", ".", "sub")[0] == "sub/b.config"
    assert sorted(found("sub/b.config", ".", "sub")) == EVERYTHING
    files = expand_all(Discovery(Lookup()), [".", "a.config"], [])
    assert dict(files)["a.config"] is False, "it was named, so it is judged whatever it holds"


GIT = {
    "a folder": ({".gitignore": "build/\n"}, {"build/d.config"}),
    "a name at any depth": ({".gitignore": "c.config\n"}, {"sub/deep/c.config"}),
    "an anchored name": ({".gitignore": "/b.config\n/a.config\n"}, {"a.config"}),
    "taken back": ({".gitignore": "*.config\n!b.config\n"}, set(EVERYTHING) - {"sub/b.config"}),
    "a nested file": ({"sub/.gitignore": "*\n"}, {"sub/b.config", "sub/deep/c.config"}),
    "a nested file takes back": (
        {".gitignore": "*.config\n", "sub/.gitignore": "!*.config\n"},
        {"a.config", "build/d.config", "other/e.config"},
    ),
    "not in a folder that is left out": (
        {".gitignore": "sub/\n", "sub/.gitignore": "!*.config\n"},
        {"sub/b.config", "sub/deep/c.config"},
    ),
    "comments and blanks": ({".gitignore": "# a.config\n\n \n"}, set()),
    "a double star": ({".gitignore": "sub/**/c.config\n"}, {"sub/deep/c.config"}),
    "info/exclude": ({".git/info/exclude": "other\n"}, {"other/e.config"}),
    "the nearer file counts more": (
        {".git/info/exclude": "*.config\n", ".gitignore": "!*.config\n"},
        set(),
    ),
}


@pytest.mark.parametrize(("files", "left_out"), GIT.values(), ids=GIT)
def test_what_git_leaves_out(tree: Path, files: dict[str, str], left_out: set[str]) -> None:
    for name, text in files.items():
        (tree / name).write_text(text, encoding="utf-8")
    if left_out != set(EVERYTHING):
        assert set(found(".")) == set(EVERYTHING) - left_out
    assert set(found("*.config", "**/*.config")) == set(EVERYTHING) - left_out
    assert sorted(found(".", gitignore=False)) == EVERYTHING
    assert found(*EVERYTHING) == EVERYTHING, "what is named is taken"


@pytest.mark.parametrize(("files", "left_out"), GIT.values(), ids=GIT)
def test_git_agrees(tmp_path: Path, files: dict[str, str], left_out: set[str]) -> None:
    """The table above is what git itself says."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    make(tmp_path, *EVERYTHING)
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["git", "-C", tmp_path, "ls-files", "--others", "--exclude-standard", "*.config"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"},
    )
    assert set(done.stdout.split()) == set(EVERYTHING) - left_out


def test_a_folder_that_git_leaves_out_is_searched_if_it_is_named(tree: Path) -> None:
    (tree / ".gitignore").write_text("build/\nsub\n", encoding="utf-8")
    make(tree, "build/x/y.config", "build/tmp/z.config")
    (tree / "build" / ".gitignore").write_text("tmp/\n", encoding="utf-8")
    assert found("build") == ["build/d.config", "build/x/y.config"]
    assert found("build/x") == ["build/x/y.config"]
    assert found("sub/deep") == ["sub/deep/c.config"]


def test_no_gitignore_counts_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "a.config")
    (tmp_path / ".gitignore").write_text("*\n")
    assert found(".") == ["a.config"]


def test_a_linked_worktree_has_the_excludes_of_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, linked = tmp_path / "main", tmp_path / "linked"
    (main / ".git" / "info").mkdir(parents=True)
    (main / ".git" / "info" / "exclude").write_text("b.config\n")
    (main / ".git" / "worktrees" / "linked").mkdir(parents=True)
    (main / ".git" / "worktrees" / "linked" / "commondir").write_text("../..\n")
    make(linked, "a.config", "b.config")
    (linked / ".git").write_text(f"gitdir: {main}/.git/worktrees/linked\n")
    monkeypatch.chdir(linked)
    assert found(".") == ["a.config"]


def test_exclude(tree: Path) -> None:
    (tree / "cfgtool.toml").write_text('exclude = ["sub/deep/", "e.config"]\n')
    (tree / "build" / "cfgtool.toml").write_text('exclude = ["/d.config"]\n')
    assert found(".") == ["a.config", "sub/b.config"]
    assert found("sub") == ["sub/b.config"]
    assert found("**/*.config") == ["a.config", "sub/b.config"]
    assert found("sub/deep/c.config", "other/e.config") == ["sub/deep/c.config", "other/e.config"]
    assert found("sub/deep/c.config", "other/e.config", "a.config", force=True) == ["a.config"]
    assert found(".", exclude=["sub"]) == ["a.config"]  # type: ignore[arg-type]


def test_what_leads_nowhere(tree: Path) -> None:
    (tree / "empty").mkdir()
    errors: list[UserError] = []
    assert expand_all(Discovery(Lookup()), ["empty", "**/*.pbtxt", "a.config"], errors) == [
        ("a.config", False)
    ]
    assert [str(error) for error in errors] == [
        "empty: holds no *.config or *label_map*.pbtxt file that is not left out by git or the settings; "
        "name the file if it is called otherwise",
        "**/*.pbtxt: matches no file",
    ]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tree: Path) -> None:
    make(tree, "run[1].config")
    assert found("run[1].config") == ["run[1].config"]


FOREIGN = {
    "XML": ('<?xml version="1.0"?>\n<configuration />\n', True),
    "keys and values": ("[core]\n\tbare = false\n", True),
    "another text proto": ('name: "x"\nlayer { type: "Data" }\n', True),
    "a config": ("train_config { }", False),
    "a broken config": ("model {\n  ssd {\n", False),
    "one known field among others": ("x: 1\neval_config { }\n", False),
    "a label map": ("item { id: 1 }", False),
    "nothing": (" \n", False),
}


@pytest.mark.parametrize(("text", "foreign"), FOREIGN.values(), ids=FOREIGN)
def test_files_of_other_programs(text: str, foreign: bool) -> None:
    assert is_foreign(parse(text), "sub/app.config") is foreign
    assert not is_foreign(parse(text), "sub/my_pipeline.config")
