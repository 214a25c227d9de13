"""Settings: where they are found, what their keys take, what the command line overrides."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.configuration import Lookup, forget_settings, settings_for
from cfgtool.lint.engine import Settings, analyse
from cfgtool.lint.findings import serious
from cfgtool.lint.profiles import PROFILES, codes_of
from cfgtool.lint.rules import load
from cfgtool.lint.settings_file import KEYS
from cfgtool.textproto import parse

DOCS = Path(__file__).resolve().parents[2] / "docs"
ALL = frozenset(load().records)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository, so that nothing above it counts."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def targets(tree: Path, lookup: Lookup | None = None) -> list[str]:
    """The targets that hold at the root, in `sub` and in `sub/deep`."""
    lookup = lookup or Lookup()
    return [lookup.settings(str(tree / name / "a.config")).target for name in ("", "sub", "sub/deep")]


def test_the_nearest_counts(tree: Path) -> None:
    assert targets(tree) == ["auto"] * 3
    write(tree / "cfgtool.toml", 'target = "tf1"')
    assert targets(tree) == ["tf1"] * 3
    write(tree / "sub" / "pyproject.toml", '[tool.cfgtool]\ntarget = "tf2"')
    assert targets(tree) == ["tf1", "tf2", "tf2"]
    write(tree / "sub" / "cfgtool.toml", "")
    assert targets(tree) == ["tf1", "auto", "auto"]


def test_a_pyproject_without_a_table_of_ours_is_passed_over(tree: Path) -> None:
    write(tree / "cfgtool.toml", 'target = "tf1"')
    write(tree / "sub" / "pyproject.toml", "[project]\nname = 'x'  # no tool.cfgtool here\n")
    assert targets(tree) == ["tf1"] * 3
    write(tree / "sub" / "pyproject.toml", "not TOML, and no concern of ours")
    assert targets(tree) == ["tf1"] * 3


def test_nothing_beyond_the_repository_counts(tree: Path) -> None:
    write(tree / "cfgtool.toml", 'target = "tf1"')
    write(tree / "sub" / ".git", "gitdir: elsewhere\n")
    assert targets(tree) == ["tf1", "auto", "auto"]


def test_one_file_for_all_or_none(tree: Path, tmp_path: Path) -> None:
    write(tree / "cfgtool.toml", 'target = "tf1"')
    other = write(tree / "sub" / "other.toml", 'target = "tf2"')
    assert targets(tree, Lookup(config=str(other))) == ["tf2"] * 3
    assert targets(tree, Lookup(isolated=True)) == ["auto"] * 3
    assert targets(tree, Lookup({"target": "tf2"}, isolated=True)) == ["tf2"] * 3
    empty = write(tree / "sub" / "pyproject.toml", "")
    with pytest.raises(UserError, match=r"holds no \[tool.cfgtool\]"):
        targets(tree, Lookup(config=str(empty)))
    with pytest.raises(UserError, match="no such file"):
        targets(tree, Lookup(config=str(tree / "gone.toml")))


def test_settings_are_read_once_and_shared(tree: Path) -> None:
    write(tree / "cfgtool.toml", 'ignore = ["CFG1"]')
    lookup = Lookup()
    first = lookup.settings(str(tree / "a.config"))
    write(tree / "cfgtool.toml", "")
    assert lookup.settings(str(tree / "sub" / "b.config")) is first
    lookup.forget()
    assert lookup.settings(str(tree / "a.config")).codes is None


def test_settings_for(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings()
    write(tree / "cfgtool.toml", 'target = "tf1"')
    monkeypatch.chdir(tree)
    assert settings_for(str(tree / "sub" / "a.config")).target == "tf1"
    assert settings_for("sub/a.config").target == "tf1"
    assert settings_for(None).target == "tf1"
    assert settings_for(None, isolated=True).target == "auto"
    write(tree / "cfgtool.toml", 'target = "tf2"')
    assert settings_for(None).target == "tf1"
    forget_settings()
    assert settings_for(None).target == "tf2"
    forget_settings()


def test_a_lookup_can_be_sent_to_another_process(tree: Path) -> None:
    lookup = Lookup({"target": "tf2"}, None, True)
    lookup.settings(None)
    assert pickle.loads(pickle.dumps(lookup)).settings(None).target == "tf2"


WRONG = {
    "key": ("selct = []", "unknown key 'selct'; did you mean 'select'"),
    "key like none": ("colour = 1", "unknown key 'colour'; keys are profile, select"),
    "word": ('target = "tf3"', "'target' is 'tf3'; did you mean 'tf1'"),
    "word like none": ('target = "jax"', "'target' is 'jax'; it takes auto, tf1, tf2"),
    "profile": ('profile = "minimum"', "'profile' is 'minimum'; did you mean 'minimal'"),
    "not a list": ('select = "CFG1"', "'select' is 'CFG1'; it takes a list of strings in quotes"),
    "not strings": ("ignore = [1]", "'ignore' is [1]; it takes a list of strings in quotes"),
    "not a path": ("baseline = true", "'baseline' is true; it takes a string in quotes"),
    "not a table": ('severity = "off"', "'severity' is 'off'; it takes a table of codes"),
    "severity": ('severity = {CFG105 = "warnings"}', "'severity' is 'warnings'; did you mean 'warning'"),
    "per file": ('per-file-ignores = {"a" = "CFG1"}', "'per-file-ignores' is 'CFG1'; it takes a list"),
    "remap": ('path-remaps = {"" = "x"}', "'path-remaps' has an empty prefix"),
    "rule": ('ignore = ["CFG1050"]', "no rule 'CFG1050'; did you mean 'CFG105'"),
    "rule of severity": ('severity = {no-rule-at-all = "off"}', "no rule 'no-rule-at-all'"),
    "rule of a file": ('per-file-ignores = {"a" = ["X"]}', "no rule 'X'"),
    "pack": ('rules = ["gone.toml"]', "no such file"),
    "baseline": ('baseline = "gone.json"', "no such file; cfgtool lint --write-baseline"),
    "plugin": ('plugins = ["gone"]', "no plugin 'gone' is installed"),
    "TOML": ("target = ", "is not TOML"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_once_with_its_file(tree: Path, text: str, message: str) -> None:
    file = write(tree / "cfgtool.toml", text)
    lookup = Lookup()
    told = set()
    for name in ("a.config", "sub/b.config"):
        with pytest.raises(UserError) as error:
            lookup.settings(str(tree / name))
        told.add(str(error.value))
    (told_once,) = told
    assert message in told_once
    assert told_once.startswith(str(file.parent)) or text.startswith("plugins")
    if "gone" not in text:
        assert told_once.startswith(str(file))


def test_a_tool_table_that_is_none(tree: Path) -> None:
    write(tree / "pyproject.toml", "[tool]\ncfgtool = 1  # tool.cfgtool\n")
    with pytest.raises(UserError, match="'tool.cfgtool' is not a table"):
        Lookup().settings(str(tree / "a.config"))


SELECTIONS: dict[str, tuple[str, dict[str, object], set[str], set[str]]] = {
    # configuration, command line, some that are on, some that are off
    "nothing": ("", {}, {"CFG105", "CFG349", "CFG030"}, set()),
    "minimal": ('profile = "minimal"', {}, {"CFG030"}, {"CFG105", "CFG349"}),
    "minimal and more": (
        'profile = "minimal"\nextend-select = ["CFG105"]',
        {},
        {"CFG030", "CFG105"},
        {"CFG107"},
    ),
    "selected": ('select = ["CFG1"]', {}, {"CFG105"}, {"CFG030"}),
    "selected and more": (
        'select = ["CFG1"]\nextend-select = ["CFG0"]',
        {},
        {"CFG105", "CFG030"},
        {"CFG349"},
    ),
    "ignored": ('ignore = ["CFG1"]', {}, {"CFG030"}, {"CFG105"}),
    "off": ('severity = {CFG1 = "off"}', {}, {"CFG030"}, {"CFG105"}),
    "selected on the command line": (
        'profile = "minimal"\nextend-select = ["CFG107"]\nignore = ["CFG105"]\nseverity = {CFG105 = "off"}',
        {"select": ["CFG105"]},
        {"CFG105"},
        {"CFG107", "CFG030"},
    ),
    "ignored on the command line": ('ignore = ["CFG105"]', {"ignore": ["CFG107"]}, {"CFG105"}, {"CFG107"}),
    "a profile on the command line": (
        'select = ["CFG349"]\nignore = ["CFG030"]',
        {"profile": "minimal"},
        {"CFG031"},
        {"CFG349", "CFG030"},
    ),
}


@pytest.mark.parametrize(("text", "overrides", "on", "off"), SELECTIONS.values(), ids=SELECTIONS)
def test_which_rules_are_on(
    tree: Path, text: str, overrides: dict[str, object], on: set[str], off: set[str]
) -> None:
    write(tree / "cfgtool.toml", text)
    settings = Lookup(overrides).settings(str(tree / "a.config"))
    assert {code for code in on | off if settings.on(code)} == on


def test_profiles_are_nested() -> None:
    chosen = [codes_of(name, load()) or ALL for name in PROFILES]
    assert list(PROFILES) == ["minimal", "default", "strict"]
    assert chosen[0] < chosen[1] <= chosen[2]
    order = ["error", "warning", "info"]
    assert [profile.fail_on for profile in PROFILES.values()] == order
    assert codes_of("default", load()) is None, "the default costs nothing"
    documented = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in documented for name in PROFILES)


def test_what_fails() -> None:
    (finding,) = analyse(parse("train_config { summarize_gradients: true }")).findings
    assert finding.severity == "info"
    assert [serious(finding, level) for level in ("error", "warning", "info", "never")] == [
        False,
        False,
        True,
        False,
    ]
    finding.severity = "error"
    assert [serious(finding, level) for level in ("error", "warning", "info", "never")] == [
        True,
        True,
        True,
        False,
    ]


def test_rules_of_single_files(tree: Path) -> None:
    write(
        tree / "cfgtool.toml",
        '[per-file-ignores]\n"*_draft.config" = ["CFG1"]\n"sub/**" = ["CFG2", "CFG105"]',
    )
    lookup = Lookup()

    def off(name: str) -> list[str]:
        settings = lookup.settings(str(tree / name))
        return [code for code in ("CFG105", "CFG107", "CFG201") if not settings.on(code)]

    assert off("a.config") == []
    assert off("a_draft.config") == ["CFG105", "CFG107"]
    assert off("sub/deep/a.config") == ["CFG105", "CFG201"]
    assert off("sub/a_draft.config") == ["CFG105", "CFG107", "CFG201"]
    assert lookup.settings(str(tree / "a.config")) is lookup.settings(str(tree / "b.config"))


REMAPPED = """model {{ ssd {{ num_classes: 3 }} }}
train_config {{ fine_tune_checkpoint: "{0}lint/detector/ckpt-1" fine_tune_checkpoint_version: V2 }}
train_input_reader {{
  label_map_path: "{0}shapes/shapes_label_map.pbtxt"
  tf_record_input_reader {{ input_path: "{0}shapes/shapes_train.record" }}
}}
"""


@pytest.mark.parametrize("prefix", ["/content/data/", "gs://bucket/", "C:/data/"])
def test_remapped_paths_are_found(tree: Path, fixtures: Path, prefix: str) -> None:
    text = REMAPPED.format(prefix)
    before = analyse(parse(text), str(tree / "a.config"), Lookup().settings(str(tree / "a.config")))
    assert "CFG510" not in [finding.code for finding in before.findings]
    write(
        tree / "cfgtool.toml", f'[path-remaps]\n"{prefix}" = "{fixtures.as_posix()}"\n"/content/" = "nowhere"'
    )
    settings = Lookup().settings(str(tree / "a.config"))
    after = analyse(parse(text), str(tree / "a.config"), settings)
    assert "CFG510" in [finding.code for finding in after.findings], "the label map has 4 classes"
    assert not {"CFG411", "CFG511", "CFG513"} & {finding.code for finding in after.findings}
    missing = analyse(parse(text.replace("shapes_label", "shape_label")), str(tree / "a.config"), settings)
    (finding,) = [finding for finding in missing.findings if finding.code == "CFG511"]
    assert f"there is no label map '{prefix}shapes/shape_label_map.pbtxt'" in finding.message
    assert f"did you mean '{prefix}shapes/shapes_label_map.pbtxt'" in finding.message


def test_remaps_end_at_a_slash_and_the_longest_counts(tree: Path) -> None:
    from cfgtool.lint.context import Context
    from cfgtool.schema import read_config

    write(tree / "cfgtool.toml", '[path-remaps]\n"/content" = "a"\n"/content/drive/" = "b"')
    remaps = Lookup().settings(str(tree / "x.config")).remaps
    document = parse("")
    context = Context(read_config(document), document, None, "tf2", remaps)
    assert context.remapped("/content/x") == f"{tree}/a/x"
    assert context.remapped("/content") == f"{tree}/a"
    assert context.remapped("/content/drive/x") == f"{tree}/b/x"
    assert context.remapped("/contents/x") == "/contents/x"
    assert context.remapped("x/content/y") == "x/content/y"


def test_the_documented_example_holds(tree: Path) -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    write(tree / "cfgtool.toml", example)
    (tree / "lint").mkdir()
    own = (DOCS / "own-rules.md").read_text(encoding="utf-8")
    write(tree / "lint" / "team.toml", re.findall(r"```toml\n(.*?)```", own, re.DOTALL)[0])
    write(tree / "cfgtool-baseline.json", '{"cfgtool-baseline": 1, "files": {}}')
    settings = Lookup().settings(str(tree / "legacy" / "a.config"))
    assert settings.target == "tf2"
    assert settings.severities["CFG105"] == "error"
    assert settings.on("TEAM001")
    assert [settings.on(code) for code in ("CFG030", "CFG105", "CFG107", "CFG349")] == [
        True,
        False,
        False,
        False,
    ]
    assert Lookup().settings(str(tree / "a.config")).on("CFG105")
    assert settings.remaps[-1] == ("/content/data/", f"{tree}/data/")


def test_every_key_is_documented() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\S+)$", page, re.MULTILINE) == list(KEYS)


def test_no_toml_is_read_without_a_table_of_ours(tree: Path) -> None:
    write(tree / "pyproject.toml", "[project]\nname = 'x'\n")
    program = f"""if True:
        import sys
        from cfgtool.lint.configuration import settings_for
        settings_for({os.fspath(tree / "a.config")!r})
        assert not {{"tomllib", "pathspec", "cfgtool.lint.settings_file"}} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_plain_settings_are_the_same_as_ever() -> None:
    plain = Settings()
    assert (plain.target, plain.codes, plain.fail_on, plain.remaps, plain.baseline) == (
        "auto",
        None,
        "warning",
        (),
        None,
    )
