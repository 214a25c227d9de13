"""Comments that silence nothing: told only where the rules that they name had their say."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_cases import codes

from cfgtool.lint.engine import Settings, analyse
from cfgtool.lint.fixing import fix_text
from cfgtool.lint.rules import load
from cfgtool.lint.selection import selected_codes
from cfgtool.textproto import parse

UNUSED = {
    "at the end of a line": "train_config {\n  batch_size: 8  # cfgtool: ignore[CFG105]\n}\n",
    "above": "train_config {\n  # cfgtool: ignore[CFG105]\n  batch_size: 8\n}\n",
    "by name": "train_config {\n  # cfgtool: ignore[ignored-replica-setting]\n  batch_size: 8\n}\n",
    "bare": "train_config {\n  batch_size: 8  # cfgtool: ignore\n}\n",
    "on the wrong line": (
        "train_config {\n  batch_size: 8  # cfgtool: ignore[CFG107]\n  batch_queue_capacity: 1  # cfgtool: ignore\n}\n"
    ),
    "one of two": "train_config {\n  sync_replicas: true  # cfgtool: ignore[CFG105, CFG107]\n}\n",
    "the last line": "train_config {\n  batch_size: 8\n}\n# cfgtool: ignore[CFG105]",
}


@pytest.mark.parametrize("text", UNUSED.values(), ids=UNUSED)
def test_unused(text: str) -> None:
    assert codes(text) == ["CFG091"]


FILES = 'train_input_reader {{\n  label_map_path: "{}"  # cfgtool: ignore[CFG510]\n}}\n'
NOT_JUDGED = {
    "it silences": ("train_config {\n  sync_replicas: true  # cfgtool: ignore[CFG105]\n}\n", {}),
    "it silences by name": (
        "train_config {\n  sync_replicas: true  # cfgtool: ignore[ignored-replica-setting]\n}\n",
        {},
    ),
    "it silences all": ("train_config {\n  sync_replicas: true  # cfgtool: ignore\n}\n", {}),
    "two of one finding": (
        "train_config {\n  # cfgtool: ignore[CFG105]\n  sync_replicas: true  # cfgtool: ignore[CFG105]\n}\n",
        {},
    ),
    "the rule is off": (UNUSED["above"], {"ignore": ["CFG105"]}),
    "another rule is selected": (UNUSED["above"], {"select": ["CFG107", "CFG091"]}),
    "the rule about comments is off": (UNUSED["above"], {"ignore": ["CFG091"]}),
    "bare, and a rule is off": (UNUSED["bare"], {"ignore": ["CFG107"]}),
    "another generation": (UNUSED["above"], {"target": "tf1"}),
    "braces are missing": (
        "train_config {\n  # cfgtool: ignore[CFG601]\n  optimizer {\n",
        {"select": ["CFG6", "CFG091"]},
    ),
    "a web page": ("<html>\n# cfgtool: ignore[CFG105]\n", {}),
    "a file is not there": (FILES.format("/no-such-folder/labels.pbtxt"), {}),
    "an unknown rule": (
        "train_config {\n  batch_size: 8  # cfgtool: ignore[CFG999]\n}\n",
        {"ignore": ["CFG090"]},
    ),
}


@pytest.mark.parametrize(("text", "options"), NOT_JUDGED.values(), ids=NOT_JUDGED)
def test_not_judged(text: str, options: dict[str, list[str]]) -> None:
    chosen = selected_codes(load(), options.get("select", []), options.get("ignore", []))
    settings = Settings(str(options.get("target", "auto")), chosen if chosen != set(load().records) else None)
    assert "CFG091" not in [finding.code for finding in analyse(parse(text), None, settings).findings]


def test_a_rule_that_needs_a_file_is_judged_where_the_file_is(fixtures: Path) -> None:
    text = "model { ssd { num_classes: 4 } }\n" + FILES.format(fixtures / "shapes" / "shapes_label_map.pbtxt")
    assert "CFG091" in codes(text)
    assert "CFG091" not in codes(text.replace("shapes_label_map", "no_label_map"))


FIXED = {
    "at the end of a line": "train_config {\n  batch_size: 8\n}\n",
    "above": "train_config {\n  batch_size: 8\n}\n",
    "bare": "train_config {\n  batch_size: 8\n}\n",
    "one of two": "train_config {\n  sync_replicas: true  # cfgtool: ignore[CFG105]\n}\n",
    "the last line": "train_config {\n  batch_size: 8\n}\n",
}


@pytest.mark.parametrize("name", FIXED)
def test_the_fix_is_safe(name: str) -> None:
    settings = Settings(codes=frozenset({"CFG091"}))
    for line_end in ("\n", "\r\n"):
        outcome = fix_text(UNUSED[name].replace("\n", line_end), None, settings)
        assert outcome.text == FIXED[name].replace("\n", line_end)
        assert outcome.report.findings == []


def test_an_explanation_does_not_go_without_asking() -> None:
    text = "train_config {\n  batch_size: 8  # cfgtool: ignore[CFG105] the cluster wants it\n}\n"
    settings = Settings(codes=frozenset({"CFG091"}))
    assert fix_text(text, None, settings).text == text
    assert fix_text(text, None, settings, unsafe=True).text == FIXED["at the end of a line"]


def test_severity_of_the_settings_counts() -> None:
    settings = Settings(severities={"CFG105": "error", "CFG091": "warning"})
    text = "train_config {\n  sync_replicas: true\n  batch_size: 8  # cfgtool: ignore[CFG107]\n}\n"
    found = analyse(parse(text), None, settings).findings
    assert [(finding.code, finding.severity) for finding in found] == [
        ("CFG105", "error"),
        ("CFG091", "warning"),
    ]
