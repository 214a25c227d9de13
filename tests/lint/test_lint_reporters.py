"""What is printed: places, carets, offsets in bytes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cfgtool.files import encode_text
from cfgtool.lint.engine import Report, analyse
from cfgtool.lint.findings import Finding
from cfgtool.lint.reporters import FORMATS, Results, render
from cfgtool.lint.reporters.summary import summary
from cfgtool.textproto import parse

KEYS = ["file", "code", "name", "category", "severity", "message", "path", "line", "column"]
KEYS += ["end_line", "end_column", "offset", "end_offset", "fix", "url"]


def report(source: str, path: str = "a.config") -> Report:
    return analyse(parse(source), path)


def printed(form: str, *reports: Report, colour: bool = False) -> str:
    return render(form, Results(list(reports), colour=colour))


def test_concise() -> None:
    assert printed("concise", report("train_config {\n  summarize_gradients: true\n}\n")) == (
        "a.config:2:3: CFG107 'summarize_gradients' is read by the TF1 estimator only; "
        "TF2 writes no gradient summaries\n"
    )


def test_text_shows_the_line_a_caret_and_the_fix() -> None:
    lines = printed("text", report("train_config {\n  summarize_gradients: true\n}\n")).splitlines()
    assert lines[1:] == [
        "  |",
        "2 |   summarize_gradients: true",
        "  |   ^^^^^^^^^^^^^^^^^^^^^^^^^",
        "  = fix (safe): remove 'summarize_gradients'",
        "",
    ]


def test_carets_stand_below_tabs() -> None:
    lines = printed(
        "text", report("train_config {\n\tbatch_size: 8\tsummarize_gradients: true\n}\n")
    ).splitlines()
    assert lines[2:4] == [
        "2 | \tbatch_size: 8\tsummarize_gradients: true",
        "  | \t             \t" + "^" * 25,
    ]


def test_long_lines_are_cut_around_the_caret() -> None:
    source = "train_config { " + "batch_size: 8 " * 100 + "summarize_gradients: true }"
    lines = printed("text", report(source)).splitlines()
    frame = next(index for index, line in enumerate(lines) if "^" * 25 in line)
    start = lines[frame].index("^")
    assert lines[frame - 1][start : start + 25] == "summarize_gradients: true"
    assert max(map(len, lines[frame - 1 : frame + 1])) < 200


@pytest.mark.parametrize("source", ["", "\n", "train_config {", "\ufeff", "}"])
def test_every_format_takes_odd_texts(source: str) -> None:
    starts = {
        "text": "\x1b[1ma.config:",
        "concise": "\x1b[1ma.config:",
        "json": "[",
        "sarif": "{",
        "gitlab": "[",
    }
    starts |= {"github": "::error file=a.config,line=", "junit": "<?xml"}
    for form in FORMATS:
        assert printed(form, report(source), colour=True).startswith(starts[form])


def test_json_has_the_agreed_keys_and_byte_offsets() -> None:
    source = "# é ü 漢\ntrain_config {\n  sync_replicas: true # é\n  summarize_gradients: true\n}\n"
    rows = json.loads(printed("json", report(source)))
    assert [list(row) for row in rows] == [KEYS, KEYS]
    data = encode_text(source)
    assert [data[row["offset"] : row["end_offset"]] for row in rows] == [
        b"sync_replicas: true",
        b"summarize_gradients: true",
    ]
    assert (rows[0]["line"], rows[0]["column"], rows[0]["end_line"], rows[0]["end_column"]) == (3, 3, 3, 22)
    assert rows[0]["fix"]["applicability"] == "unsafe"  # the comment goes with the field
    fix = rows[1]["fix"]
    (edit,) = fix["edits"]
    assert data[: edit["offset"]] + edit["text"].encode() + data[edit["end_offset"] :] == (
        data.replace(b"  summarize_gradients: true\n", b"")
    )
    assert rows[1]["url"] == "docs/rules/CFG107.md"


def test_json_without_fix() -> None:
    (row,) = json.loads(printed("json", report("")))
    assert row["fix"] is None
    assert (row["code"], row["severity"], row["category"]) == ("CFG001", "error", "syntax")


def test_only_the_format_that_is_asked_for_is_imported() -> None:
    program = """if True:
        import sys
        from cfgtool.lint.reporters import Results, render
        render("concise", Results([]))
        mine = {name.rpartition(".")[2] for name in sys.modules if name.startswith("cfgtool.lint.reporters.")}
        assert mine == {"concise"}, mine
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_colour() -> None:
    assert "\x1b[31mCFG001\x1b[0m" in printed("concise", report(""), colour=True)
    assert "\x1b" not in printed("concise", report(""))


def test_summary_counts() -> None:
    source = (
        "train_config { sync_replicas: true summarize_gradients: true freeze_variables: 'a' batch_size: 0 }"
    )
    reports = [report(source), report("model {}")]
    assert summary(reports) == "1 error, 1 warning, 2 remarks in 2 files (fixable: 2 with --fix)"
    assert summary([report("model {}")]) == "nothing to report in 1 file"


def test_findings_are_sorted_by_place() -> None:
    source = "train_config { summarize_gradients: true nonsense: 1 sync_replicas: true }"
    findings: list[Finding] = report(source).findings
    assert [f.code for f in findings] == ["CFG107", "CFG030", "CFG105"]
