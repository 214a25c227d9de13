"""Quick fixes, "fix all", and the comment that silences a rule: each is carried out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsp_texts import DEMO, ROOT, demo, opened

from cfgtool.files import decode_text
from cfgtool.lsp.actions import fix_all_edits, has_safe_fix, quick_fixes, silencing_edit
from cfgtool.lsp.changes import line_edits
from cfgtool.textproto.edits import apply_edits

QUEUE = "train_config {\n  batch_queue_capacity: 3\n}\n"


def codes(text: str) -> list[str]:
    return [finding.code for finding in opened(text).report.findings]


def test_every_fix_of_the_demo_is_offered_and_mends_its_finding() -> None:
    text = demo()
    fixable = [finding for finding in text.report.findings if finding.fix]
    fixes = [
        action for action in quick_fixes(text, 0, len(text.text)) if not action.title.startswith("ignore")
    ]
    assert len(fixes) == len(fixable) > 3
    for action in fixes:
        mended = apply_edits(text.text, action.edits)
        assert len(opened(mended).report.findings) < len(text.report.findings)


def test_safe_fixes_are_preferred_and_others_say_what_they_are() -> None:
    actions = quick_fixes(demo(), 0, len(demo().text))
    for action in actions:
        fix = action.finding.fix
        if action.title.startswith("ignore"):
            assert not action.preferred
        elif fix is not None:
            assert action.preferred is (fix.applicability == "safe")
            assert action.title.endswith("(unsafe)") is (fix.applicability == "unsafe")


def test_actions_are_about_the_findings_at_the_cursor() -> None:
    text = demo()
    finding = text.report.findings[0]
    actions = quick_fixes(text, finding.start, finding.start)
    assert {action.finding for action in actions} == {finding}
    assert quick_fixes(text, 0, 1) == []


def test_fix_all_does_what_the_command_does() -> None:
    from cfgtool.lint.fixing import fix_text

    text = demo()
    assert has_safe_fix(text)
    mended = apply_edits(text.text, fix_all_edits(text))
    assert mended == fix_text(text.text, text.path, text.settings).text != text.text
    assert fix_all_edits(opened(mended)) == []


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (QUEUE, "train_config {\n  batch_queue_capacity: 3  # cfgtool: ignore[CFG101]\n}\n"),
        (
            "train_config {\n  batch_queue_capacity: 3 # why\n}\n",
            "train_config {\n  # cfgtool: ignore[CFG101]\n  batch_queue_capacity: 3 # why\n}\n",
        ),
        (
            "train_config {\n  batch_queue_capacity: 3  # cfgtool: ignore[CFG999]\n}\n",
            "train_config {\n  batch_queue_capacity: 3  # cfgtool: ignore[CFG999, CFG101]\n}\n",
        ),
        (
            "train_config {\n  # cfgtool: ignore[CFG104]\n  batch_queue_capacity: 3 # why\n}\n",
            "train_config {\n  # cfgtool: ignore[CFG104, CFG101]\n  batch_queue_capacity: 3 # why\n}\n",
        ),
        (
            "train_config {\r\n\tbatch_queue_capacity: 3 # why\r\n}\r\n",
            "train_config {\r\n\t# cfgtool: ignore[CFG101]\r\n\tbatch_queue_capacity: 3 # why\r\n}\r\n",
        ),
        (
            "\ufefftrain_config { batch_queue_capacity: 3 }\n",
            "\ufefftrain_config { batch_queue_capacity: 3 }  # cfgtool: ignore[CFG101]\n",
        ),
        (
            "train_config { batch_queue_capacity: 3 }  ",
            "train_config { batch_queue_capacity: 3 }  # cfgtool: ignore[CFG101]  ",
        ),
    ],
)
def test_silencing(text: str, after: str) -> None:
    before = opened(text)
    finding = next(each for each in before.report.findings if each.code == "CFG101")
    edit = silencing_edit(before, finding)
    assert edit is not None
    assert apply_edits(text, [edit]) == after
    assert "CFG101" not in codes(after)


@pytest.mark.parametrize(
    "path",
    [DEMO, *sorted((ROOT / "tests" / "lint" / "cases" / "err").glob("*.config"))],
    ids=lambda path: path.stem,
)
def test_whatever_is_offered_silences_its_rule(path: Path) -> None:
    text = decode_text(path.read_bytes())
    before = opened(text, path)
    for action in quick_fixes(before, 0, len(text)):
        if action.title.startswith("ignore"):
            code = action.finding.code
            after = opened(apply_edits(text, action.edits), path)
            count = [
                sum(finding.code == code for finding in each.report.findings) for each in (before, after)
            ]
            assert count[1] < count[0], action


@pytest.mark.parametrize("text", ["# a header\nmodel { }\n", "", "\n", "\ufeff", "\ufeffmodel { } # x\n"])
def test_where_no_comment_can_silence_none_is_offered(text: str) -> None:
    before = opened(text)
    whole = before.settings.catalogue.rule("CFG330").at(0, 0, "something is missing")
    assert silencing_edit(before, whole) is None


LINES = st.lists(st.sampled_from(["a", "b", "c", "", " a"]), max_size=12)
ENDS = st.sampled_from(["\n", "\r\n"])


@given(LINES, LINES, ENDS, st.sampled_from(["", "last"]))
def test_line_edits_lead_from_one_text_to_the_other(
    before: list[str], after: list[str], end: str, last: str
) -> None:
    old, new = end.join([*before, last]), end.join(after)
    edits = line_edits(old, new)
    assert apply_edits(old, edits) == new
    assert (not edits) is (old == new)
    assert all(left.end <= right.start for left, right in pairwise(edits))
