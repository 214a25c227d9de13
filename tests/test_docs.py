"""The documentation is whole: links lead somewhere, commands are described, README stays short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cfgtool.cli.main import COMMANDS
from cfgtool.migrate import STEPS
from cfgtool.schema import load
from tools import make_field_reference, make_migration_steps, make_reference, shown_outputs

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]+)")
_FRAGMENT = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]*)#([^)]+)\)")
_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def headings(page: Path) -> list[str]:
    """The fragments that the headings of a page can be linked by."""
    text = _BLOCK.sub("", page.read_text())
    return [
        make_field_reference.anchor(line.lstrip("# ")) for line in text.split("\n") if line.startswith("#")
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_fragments_name_headings(page: Path) -> None:
    wanted = _FRAGMENT.findall(page.read_text())
    known = {link: headings(page.parent / link if link else page) for link, _ in wanted}
    assert [(link, name) for link, name in wanted if known[link].count(name) != 1] == []


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 200


def test_the_command_reference_is_current() -> None:
    assert make_reference.TARGET.read_text() == make_reference.page()


def test_the_table_of_migration_steps_is_current_and_whole() -> None:
    text = make_migration_steps.TARGET.read_text()
    assert text == make_migration_steps.page()
    assert text.count("\n| ") == len(STEPS) + 2 * len(make_migration_steps.TABLES)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_section_and_help(name: str) -> None:
    assert f"\n## cfgtool {name}\n" in make_reference.TARGET.read_text()
    done = subprocess.run(
        [sys.executable, "-m", "cfgtool", name, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_a_table_of_options_holds_defaults_bounds_and_bars() -> None:
    text = make_reference.page()
    assert "| `--keep INTEGER >= 1` | `7` | How many of the newest checkpoints stay. |" in text
    assert "| `CODE\\|FIELD` |  | CFG101, " in text
    assert "| `--select TEXT` |  | Codes, prefixes (CFG1) or names, with commas. May be repeated. |" in text
    assert "\n    cfgtool lint [OPTIONS] [PATH...]\n" in text


class TestFieldReference:
    def test_it_is_current(self) -> None:
        pages = make_field_reference.pages()
        assert set(make_field_reference.PAGES.glob("*.md")) == set(pages)
        assert [path.name for path, text in pages.items() if path.read_text() != text] == []

    def test_every_message_is_on_one_page(self) -> None:
        areas = make_field_reference.messages_of_areas()
        described = [name for names in areas.values() for name in names]
        maps = {
            field.type
            for message in load().messages.values()
            for field in message.fields.values()
            if field.label == "map"
        }
        assert sorted(described) == sorted(set(load().messages) - maps)

    def test_fields_of_the_past_are_named_once(self) -> None:
        text = "".join(make_field_reference.pages().values())
        assert text.count("- `Ssd.minimum_negative_sampling`, until 2018-11-02: write") == 1
        assert text.count("- `CenterNet.OccupancyNetMaskPrediction.dim`, until 2020-08-10:") == 1


class TestShownOutputs:
    def test_a_command_after_a_dollar_is_shown(self) -> None:
        block = "<!-- shows: $ cat fixtures/restore/tf1.config | head 1 -->\n```\nold\n```\n"
        shown = shown_outputs.renew(block).split("\n")
        assert shown[2:5] == [
            "$ cat fixtures/restore/tf1.config",
            "# An SSD as the checkpoints under fixtures/lint hold it, for TF1.",
            "...",
        ]

    def test_the_end_of_an_output_may_be_shown(self) -> None:
        lines = (ROOT / "fixtures/restore/tf1.config").read_text().splitlines()
        block = "<!-- shows: cat fixtures/restore/tf1.config | tail 2 -->\n```\n```\n"
        assert shown_outputs.renew(block).split("\n")[2:5] == ["...", *lines[-2:]]

    def test_without_it_is_not(self) -> None:
        block = "<!-- shows: cat fixtures/restore/tf1.config | head 1 -->\n```\n```\n"
        assert shown_outputs.renew(block).split("\n")[2].startswith("# An SSD")


class TestSite:
    """Pages at the root of the repository are pages of the site, with links that fit."""

    @pytest.mark.parametrize(
        ("source", "link", "turned"),
        [
            ("README.md", "docs/training.md", "training.md"),
            ("README.md", "CONTRIBUTING.md", "contributing.md"),
            ("README.md", "docs/rules/README.md#rules", "rules/README.md#rules"),
            ("docs/training.md", "matching.md", "matching.md"),
            ("docs/training.md", "../README.md#install", "index.md#install"),
            ("docs/rules/CFG101.md", "../reference/train_config.md", "../reference/train_config.md"),
            ("docs/rules/CFG101.md", "../../CHANGELOG.md", "../changes.md"),
            ("docs/training.md", "https://example.org/docs/x.md", "https://example.org/docs/x.md"),
            ("docs/training.md", "#stopping", "#stopping"),
        ],
    )
    def test_links_are_turned(self, source: str, link: str, turned: str) -> None:
        site_pages = pytest.importorskip("tools.site_pages", reason="mkdocs is not installed")
        assert site_pages.turned(f"see [x]({link}).", source) == f"see [x]({turned})."

    def test_the_title_comes_first(self) -> None:
        site_pages = pytest.importorskip("tools.site_pages", reason="mkdocs is not installed")
        page = SimpleNamespace(file=SimpleNamespace(src_uri="reference/ssd.md"))
        text = "<!-- Written by a tool. -->\n\n# SSD\n\n<!-- shows: x -->\n"
        assert site_pages.on_page_markdown(text, page, None, None) == "# SSD\n\n<!-- shows: x -->\n"

    @pytest.mark.slow
    def test_it_builds(self, tmp_path: Path) -> None:
        pytest.importorskip("material", reason="mkdocs-material is not installed")
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        for name in ("index.html", "reference/ssd.html", "rules/CFG101.html"):
            assert "fonts.googleapis" not in (tmp_path / name).read_text()
