"""Names from files in the pages and drawings that we write: text, and nothing that runs."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hostile import SCRIPT

from cfgtool.checkpoints import Checkpoint, Entry
from cfgtool.cli.main import main
from cfgtool.matching import restore_plan
from cfgtool.matching.report.fates import Report
from cfgtool.matching.report.page import plan_as_page
from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.textproto import parse

ROOT = Path(__file__).resolve().parents[2]


class Tags(HTMLParser):
    """What a browser would make of a page: elements that run, and attributes that do."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts = 0
        self.acting: list[str] = []
        self.policy = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.scripts += tag == "script"
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found.get("content") or ""
        self.acting += [f"{tag} {name}" for name in found if name.startswith("on")]
        self.acting += [
            f"{tag} {value}" for name, value in attrs
            if name in ("href", "src", "action", "formaction") and (value or "").strip().lower().startswith(("javascript:", "http"))
        ]  # fmt: skip
        if tag in ("iframe", "object", "embed", "base") or (tag == "img" and found.get("src") == "x"):
            self.acting.append(tag)


def test_page_of_a_restore_shows_names_as_text() -> None:
    config = read_config(parse((ROOT / "fixtures" / "restore" / "tf2.config").read_text()))
    network = describe(config)
    entries = {
        name: Entry(name, "float32", (3,), 0, 0, 0, 0)
        for name in (SCRIPT, f"model/{SCRIPT}/kernel", "save_counter")
    }
    checkpoint = Checkpoint(f"{SCRIPT}/ckpt-1", "tf2-object", entries)
    plan = restore_plan(network, checkpoint, "detection", num_classes=5, checkpoint_version="V2")
    page = plan_as_page(Report(plan, [f"note {SCRIPT}"]))
    found = Tags(page)
    assert found.acting == []
    assert found.scripts == 1  # our own, which the policy names by its hash
    assert "sha256-" in found.policy
    assert "unsafe-inline" not in found.policy.partition("script-src")[2].partition(";")[0]
    assert "&lt;script&gt;alert(1)" in page


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A model dir whose every name is hostile."""
    folder = tmp_path / "run"
    folder.mkdir()
    rows = [
        {"step": step, "learning_rate": 0.1, "steps_per_sec": 1.0, "Loss/total_loss": 1.0 / step, f"Loss/{SCRIPT}": 0.5,
         "DetectionBoxes_Precision/mAP": 0.1, f"DetectionBoxes_Precision/mAP ByCategory/{SCRIPT}": 0.2}
        for step in (1, 2, 3)
    ]  # fmt: skip
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    start = {"command": SCRIPT, "host": SCRIPT, "tensorflow": SCRIPT, "time": SCRIPT, "step": 0}
    (folder / "environment.json").write_text(json.dumps({"starts": [start]}))
    (folder / "pipeline.config").write_text(f"# {SCRIPT}\nmodel {{ }}\n")
    return folder


def test_page_of_a_run_shows_names_as_text(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    with pytest.raises(SystemExit) as stop:
        main(["report", str(run), "-o", str(out)])
    assert stop.value.code == 0, capsys.readouterr().err
    page = out.read_text()
    found = Tags(page)
    assert found.acting == []
    assert found.scripts == 1
    assert "&lt;script&gt;alert(1)" in page


def test_drawing_shows_names_as_text(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "curve.svg"
    with pytest.raises(SystemExit) as stop:
        main(["plot", "losses", str(run), "-o", str(out)])
    assert stop.value.code == 0, capsys.readouterr().err
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(out.read_text()).iter()}
    assert "script" not in tags
    assert "img" not in tags
