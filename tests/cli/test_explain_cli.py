"""`cfgtool explain`, `rules` and `schema` as their users start them."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from cfgtool.cli.main import main
from cfgtool.lint.rules import load

HEAVY = ("google", "jsonschema", "numpy", "pydantic", "PIL", "rich", "tensorflow")


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as stop:
        main(list(args))
    assert isinstance(stop.value.code, int)
    return (stop.value.code, *capsys.readouterr())


class TestExplain:
    @pytest.mark.parametrize("columns", [80, 110])
    def test_text_is_wrapped_to_the_terminal(
        self, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        status, out, err = run(capsys, "explain", "model.ssd.feature_extractor.type")
        assert (status, err) == (0, "")
        widest = max(map(len, out.splitlines()))
        assert columns - 20 < widest <= columns
        assert "\x1b" not in out

    def test_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, out, _ = run(capsys, "explain", "train_config.batch_size", "--format", "json")
        (row,) = json.loads(out)
        assert status == 0
        assert (row["kind"], row["message"], row["field"]) == ("field", "TrainConfig", "batch_size")
        assert row["places"] == {"shown": ["train_config.batch_size"], "more": 0}

    def test_json_of_a_rule(self, capsys: pytest.CaptureFixture[str]) -> None:
        (row,) = json.loads(run(capsys, "explain", "CFG403", "--format", "json")[1])
        assert (row["kind"], row["code"], row["fix"]) == ("rule", "CFG403", "safe")
        assert {"what", "why", "example", "instead", "safety"} == set(row["documentation"])

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_a_typo_is_one_message(self, form: str, capsys: pytest.CaptureFixture[str]) -> None:
        status, out, err = run(capsys, "explain", "train_config.batch_sise", "--format", form)
        assert (status, out) == (2, "")
        assert err == (
            "cfgtool: error: nothing is called 'train_config.batch_sise'; did you mean 'train_config.batch_size'\n"
        )

    def test_unknown_format(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, _, err = run(capsys, "explain", "CFG403", "--format", "yaml")
        assert (status, err) == (2, "cfgtool: error: no format 'yaml'; formats are text, json\n")


class TestRules:
    def codes(self, capsys: pytest.CaptureFixture[str], *args: str) -> set[str]:
        status, out, _ = run(capsys, "rules", "--format", "json", *args)
        assert status == 0
        return {row["code"] for row in json.loads(out)}

    def test_filters_narrow_down_together(self, capsys: pytest.CaptureFixture[str]) -> None:
        rules = load().rules()
        assert self.codes(capsys) == {rule.code for rule in rules}
        data = {rule.code for rule in rules if rule.category == "data"}
        assert self.codes(capsys, "--category", "data") == data != set()
        tf1 = {rule.code for rule in rules if "tf1" in rule.generations}
        assert self.codes(capsys, "--generation", "tf1") == tf1
        assert "CFG403" not in tf1
        fixable = {rule.code for rule in rules if rule.fix in ("safe", "unsafe")}
        assert self.codes(capsys, "--fixable") == fixable
        assert (
            self.codes(capsys, "--fixable", "--category", "data", "--generation", "tf1")
            == data & tf1 & fixable
        )

    def test_text_and_markdown_have_a_line_for_each(self, capsys: pytest.CaptureFixture[str]) -> None:
        expected = sorted(rule.code for rule in load().rules() if rule.category == "checkpoint")
        text = run(capsys, "rules", "--category", "checkpoint")[1]
        assert [line.split()[0] for line in text.splitlines()] == expected
        table = run(capsys, "rules", "--category", "checkpoint", "--format", "markdown")[1]
        assert re.findall(r"^\| \[(CFG\d+)\]\(docs/rules/\1\.md\) ", table, re.MULTILINE) == expected

    def test_no_rule_of_a_kind(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(load(), "records", {})
        assert run(capsys, "rules", "--fixable") == (0, "", "no rule is of that kind\n")
        assert run(capsys, "rules", "--fixable", "--format", "json") == (0, "[]\n", "")

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (("--category", "dta"), "no category 'dta'; did you mean 'data'"),
            (
                ("--category", "nothing-like-it"),
                "no category 'nothing-like-it'; categories are syntax, dead-field,",
            ),
            (("--generation", "torch"), "no generation 'torch'; generations are tf1, tf2"),
            (("--format", "xml"), "no format 'xml'; formats are text, json, markdown"),
        ],
    )
    def test_mistakes(self, args: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
        status, out, err = run(capsys, "rules", *args)
        assert (status, out) == (2, "")
        assert message in err


@pytest.mark.parametrize(
    "args",
    [
        ("explain", "batch_size"),
        ("explain", "V2", "--format", "json"),
        ("rules",),
        ("schema", "--json-schema"),
    ],
)
def test_nothing_heavy_is_imported(args: tuple[str, ...]) -> None:
    program = f"""if True:
        import sys
        from cfgtool.cli.main import main
        try:
            main({list(args)!r})
        except SystemExit as stop:
            assert stop.code == 0
        print(*sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r})), file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "\n"
