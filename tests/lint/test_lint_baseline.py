"""Baselines: what is known is not reported, wherever its line is; what is new is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.baseline import read_baseline, written_baseline
from cfgtool.lint.engine import Report, Settings, analyse
from cfgtool.lint.fixing import fix_text
from cfgtool.textproto import parse

TEXT = """train_config {
  sync_replicas: true
  summarize_gradients: true
  data_augmentation_options {
    random_horizontal_flip { }
    random_crop_image { }
  }
}
"""


def judged(path: Path, text: str, baseline: Path | None = None) -> Report:
    known = read_baseline(str(baseline)) if baseline else None
    return analyse(parse(text), str(path), Settings(baseline=known))


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """What TEXT has, at `sub/a.config`."""
    path = tmp_path / "known.json"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.config").write_text(TEXT, encoding="utf-8")
    path.write_text(
        written_baseline(str(path), [judged(tmp_path / "sub" / "a.config", TEXT)]), encoding="utf-8"
    )
    return path


KNOWN = {
    "the same": TEXT,
    "moved down": "# new\n\n" + TEXT.replace("  data_aug", "  batch_size: 8\n  data_aug"),
    "indented": TEXT.replace("\n  ", "\n      "),
    "CRLF": TEXT.replace("\n", "\r\n"),
    "another order": TEXT.replace("  sync_replicas: true\n", "").replace(
        "{\n  summ", "{\n  sync_replicas:  true\n  summ"
    ),
}


@pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
def test_known(baseline: Path, text: str) -> None:
    report = judged(baseline.parent / "sub" / "a.config", text, baseline)
    assert report.findings == []
    assert report.notes == []


NEW = {
    "another field": (TEXT.replace("sync", "batch_queue_capacity: 1 sync"), ["CFG101"], None),
    "one more of it": (TEXT + "train_config { summarize_gradients: true }", ["CFG107"], None),
    "another value": (TEXT.replace("sync_replicas: true", "sync_replicas: false"), ["CFG105"], "CFG105"),
    "another place": (
        TEXT.replace("summarize_gradients: true", "") + "eval_config { save_graph: true }",
        ["CFG114"],
        "CFG107",
    ),
    "mended": (TEXT.replace("  summarize_gradients: true\n", ""), [], "CFG107"),
}


@pytest.mark.parametrize(("text", "new", "gone"), NEW.values(), ids=NEW)
def test_new_and_gone(baseline: Path, text: str, new: list[str], gone: str | None) -> None:
    report = judged(baseline.parent / "sub" / "a.config", text, baseline)
    codes = [finding.code for finding in report.findings]
    assert set(new) <= set(codes)
    stale = [note for note in report.notes if "stale in the baseline" in note]
    assert len(stale) == bool(gone)
    assert all(str(gone) in note and "--write-baseline renews it" in note for note in stale)


def test_what_was_not_judged_is_not_called_gone(baseline: Path) -> None:
    known = read_baseline(str(baseline))
    path = str(baseline.parent / "sub" / "a.config")
    some = Settings(codes=frozenset({"CFG105"}), baseline=known)
    assert analyse(parse(TEXT.replace("summarize_gradients: true", "")), path, some).notes == []
    assert analyse(parse("train_config {"), path, Settings(baseline=known)).notes == []


def test_another_file_has_entries_of_its_own(baseline: Path) -> None:
    assert len(judged(baseline.parent / "b.config", TEXT, baseline).findings) == 3


def test_fixes_leave_what_is_known(baseline: Path) -> None:
    path = str(baseline.parent / "sub" / "a.config")
    settings = Settings(baseline=read_baseline(str(baseline)))
    assert fix_text(TEXT, path, settings, unsafe=True).text == TEXT
    more = TEXT + "eval_config {\n  batch_size: 1\n  save_graph: true\n}\n"
    fixed = fix_text(more, path, settings)
    assert fixed.text == TEXT + "eval_config {\n  batch_size: 1\n}\n"
    assert fixed.report.findings == []


def test_writing_keeps_the_entries_of_other_files_that_are_there(baseline: Path) -> None:
    other, gone = baseline.parent / "b.config", baseline.parent / "gone.config"
    other.write_text(TEXT, encoding="utf-8")
    baseline.write_text(
        written_baseline(str(baseline), [judged(other, TEXT), judged(gone, TEXT)]), encoding="utf-8"
    )
    assert list(json.loads(baseline.read_text())["files"]) == ["b.config", "gone.config", "sub/a.config"]
    written = json.loads(written_baseline(str(baseline), [judged(other, "model { }")]))
    assert list(written["files"]) == ["sub/a.config"]
    assert written["files"]["sub/a.config"][0].keys() == {"code", "path", "fingerprint", "count"}


def test_equal_findings_are_counted(tmp_path: Path) -> None:
    text = "eval_config { metrics_set: 'x' metrics_set: 'x' }"
    path = tmp_path / "known.json"
    path.write_text(written_baseline(str(path), [judged(tmp_path / "a.config", text)]), encoding="utf-8")
    assert judged(tmp_path / "a.config", text, path).findings == []
    assert judged(tmp_path / "a.config", text.replace("'x' }", "'x' metrics_set: 'x' }"), path).findings


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{", '{"cfgtool-baseline": 1, "files": {"a": [{}]}}', "null"]
)
def test_something_else_is_refused_and_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(UserError, match="is not a baseline"):
        read_baseline(str(path))
    with pytest.raises(UserError, match="is not a baseline"):
        written_baseline(str(path), [])


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text('{"cfgtool-baseline": 2, "files": {}}')
    with pytest.raises(UserError, match="is a baseline of version 2; this cfgtool reads version 1"):
        read_baseline(str(path))
