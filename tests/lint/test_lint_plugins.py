"""Rules of other packages, installed for the test as a folder with its metadata."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.configuration import Lookup
from cfgtool.lint.engine import analyse
from cfgtool.lint.explaining import explain
from cfgtool.textproto import parse

OWN = (Path(__file__).resolve().parents[2] / "docs" / "own-rules.md").read_text(encoding="utf-8")
CHECK = re.findall(r"```python\n(.*?)```", OWN, re.DOTALL)[0]
PACK = re.findall(r"```toml\n(.*?)```", OWN, re.DOTALL)[0]


class Site:
    """A folder that packages are installed in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, files: dict[str, str], *entries: str) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        facts = self.folder / "team_rules-1.0.dist-info"
        facts.mkdir(exist_ok=True)
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: team-rules\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text("[cfgtool.rules]\n" + "\n".join(entries) + "\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("team_")]:
        monkeypatch.delitem(sys.modules, name)
    return Site(tmp_path)


def codes(*plugins: str, text: str = "train_config { batch_size: 512 }") -> list[str]:
    settings = Lookup({"plugins": list(plugins)}, isolated=True).settings(None)
    return [finding.code for finding in analyse(parse(text), "a.config", settings).findings]


def test_a_package_of_checks(site: Site) -> None:
    files = {"team_rules/__init__.py": "", "team_rules/signed.py": CHECK, "team_rules/_shared.py": "1 / 0"}
    site.install(files, "team = team_rules")
    assert codes("team") == ["TEAM100"]
    assert codes("team", text="# owner: vision\ntrain_config { batch_size: 512 }") == []
    assert codes() == []
    catalogue = Lookup({"plugins": ["team"]}, isolated=True).settings(None).catalogue
    assert "Nobody knows whom to ask." in explain("TEAM100", catalogue)


def test_one_module_and_a_pack(site: Site) -> None:
    files = {"team_signed.py": CHECK, "team_pack/pack.toml": PACK}
    files["team_pack/__init__.py"] = (
        "import os\nPACK = os.path.join(os.path.dirname(__file__), 'pack.toml')\n"
    )
    site.install(files, "signed = team_signed", "pack = team_pack:PACK")
    assert codes("signed", "pack") == ["TEAM100", "TEAM001"]
    assert codes("pack") == ["TEAM001"]


WRONG = {
    "not there": ("", "x", "no plugin 'x' is installed; installed are team"),
    "cannot be imported": (
        "import no_such_module",
        "team",
        "plugin 'team' cannot be loaded: ModuleNotFoundError: No module",
    ),
    "not a check": ("RULE = 1", "team", "plugin 'team': 'team_rules' is not a check; it has to hold RULE"),
    "no headings": (
        CHECK.replace("## Why it is bad", "## Why?"),
        "team",
        "plugin 'team': unknown heading 'Why?' in the documentation of TEAM100",
    ),
    "no documentation": (
        CHECK[CHECK.index("from cfgtool") :],
        "team",
        "plugin 'team': the documentation of 'TEAM100' has no heading 'Why it is bad'",
    ),
    "a code of ours": (
        CHECK.replace("TEAM100", "CFG105"),
        "team",
        "rule 'CFG105' (unsigned-config) exists already",
    ),
}


@pytest.mark.parametrize(("text", "name", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_message(site: Site, text: str, name: str, message: str) -> None:
    site.install({"team_rules.py": text}, "team = team_rules")
    with pytest.raises(UserError) as error:
        codes(name)
    assert message in str(error.value)


def test_an_entry_point_to_something_else(site: Site) -> None:
    site.install(
        {"team_rules.py": "N = 1", "team_empty/__init__.py": ""}, "n = team_rules:N", "empty = team_empty"
    )
    with pytest.raises(UserError, match="plugin 'n' is not one: 'team_rules:N' is int"):
        codes("n")
    with pytest.raises(UserError, match="plugin 'empty' holds no rule"):
        codes("empty")


def test_a_check_that_fails_is_named(site: Site) -> None:
    site.install(
        {"team_rules.py": CHECK.replace("    if not any", "    1 / 0\n    if not any")}, "team = team_rules"
    )
    with pytest.raises(UserError) as error:
        codes("team")
    assert (
        str(error.value)
        == "a.config: plugin 'team': rule 'TEAM100' failed: ZeroDivisionError: division by zero"
    )


def test_documented_pack_and_check_agree_with_their_examples(site: Site) -> None:
    import tomllib

    site.install(
        {"team_rules.py": CHECK, "team_pack.py": "P = __file__[:-3] + '.toml'"},
        "team = team_rules",
        "pack = team_pack:P",
    )
    (site.folder / "team_pack.toml").write_text(PACK)
    doc = tomllib.loads(PACK)["rule"][0]["doc"]
    assert codes("pack", text=doc["example"]) == ["TEAM001"]
    assert codes("pack", text=doc["instead"]) == []
