"""Packs of rules: checked when they are loaded, and working beside the bundled rules."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.engine import Settings, lint_document
from cfgtool.lint.packs import compile_checks, docs_of, load_pack, merge
from cfgtool.lint.rules import Rule, category_of, load
from cfgtool.textproto import parse

RULE = """
[[rule]]
code = "TEAM001"
name = "large-batch"
severity = "warning"
since = "1.0"
summary = "Finds batches that do not fit our machines"
message = "'{field}' of {value} does not fit our machines; at most 64"
fields = ["TrainConfig.batch_size"]
when = { above = 64 }
fix = { action = "replace", applicability = "unsafe", title = "write 64", value = "64" }
[rule.doc]
why = "Our GPUs have 8 GiB, and a larger batch runs out of memory."
example = "train_config { batch_size: 512 }"
instead = "train_config { batch_size: 64 }"
"""


def pack(tmp_path: Path, text: str) -> str:
    path = tmp_path / "team.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_pack_of_ones_own(tmp_path: Path) -> None:
    settings = Settings(catalogue=load().extended([load_pack(pack(tmp_path, RULE))]))
    text = "train_config { batch_size: 512 sync_replicas: true }"
    findings = lint_document(parse(text), None, settings)
    assert [f.code for f in findings] == ["TEAM001", "CFG105"]
    assert findings[0].message == "'batch_size' of '512' does not fit our machines; at most 64"
    assert findings[0].category == "custom"
    assert [f.code for f in lint_document(parse(text))] == ["CFG105"]


NEIGHBOURS = {
    "beside a value": ("beside = { num_steps = [5, 6] }", "batch_size: 9 num_steps: 6"),
    "beside another value": ("beside = { num_steps = [5, 6] }", "batch_size: 9 num_steps: 7"),
    "beside a default": ("beside = { num_steps = [0] }", "batch_size: 9"),
    "beside an enum": ('beside = { fine_tune_checkpoint_version = ["V1"] }', "batch_size: 9"),
    "beside no such field": ("beside = { num_stepz = [0] }", "batch_size: 9"),
    "with": ('with = "num_steps"', "batch_size: 9 num_steps: 0"),
    "with nothing": ('with = "num_steps"', "batch_size: 9"),
    "without": ('without = "num_steps"', "batch_size: 9"),
    "without but with": ('without = "num_steps"', "batch_size: 9 num_steps: 1"),
    "without of a table": ('without = { "TrainConfig.batch_size" = "num_steps" }', "batch_size: 9"),
    "without of another": (
        'without = { "TrainConfig.num_steps" = "num_steps" }',
        "batch_size: 9 num_steps: 1",
    ),
    "at most": ("at_most = 9", "batch_size: 9"),
    "above at most": ("at_most = 8", "batch_size: 9"),
    "two of three": (
        'at_most = 9\nwith = "num_steps"\nbeside = { num_steps = [5] }',
        "batch_size: 9 num_steps: 6",
    ),
}
SILENT = {
    "beside another value",
    "beside no such field",
    "with nothing",
    "without but with",
    "above at most",
    "two of three",
}


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_conditions_on_neighbours(tmp_path: Path, name: str) -> None:
    when, fields = NEIGHBOURS[name]
    rule = RULE.replace("when = { above = 64 }", "").replace("[rule.doc]", f"[rule.when]\n{when}\n[rule.doc]")
    settings = Settings(
        codes=frozenset({"TEAM001"}), catalogue=load().extended([load_pack(pack(tmp_path, rule))])
    )
    assert bool(lint_document(parse(f"train_config {{ {fields} }}"), None, settings)) == (name not in SILENT)
    # With a brace missing nobody knows what stands beside the field.
    torn = lint_document(parse(f"train_config {{ {fields}"), None, settings)
    assert bool(torn) == (name == "at most")


CONDITIONS = {
    "no multiple": ("TrainConfig.num_steps", "{ no_multiple_of = 100 }", "num_steps: 150", "num_steps: 200"),
    "part of a text": ("InputReader.name", '{ contains = ["a", "z"] }', 'name: "viz"', 'name: "view"'),
    "elements": (
        "InputReader.keypoint_type_weight",
        "{ counts = [3] }",
        "keypoint_type_weight: [1, 2]",
        "keypoint_type_weight: [1, 2, 3]",
    ),
    "filled": ("InputReader.label_map_path", "{ filled = true }", 'label_map_path: "a"', 'label_map_path: "PATH_TO/a"'),
    "not filled": ("InputReader.label_map_path", "{ filled = false }", 'label_map_path: ""', 'label_map_path: "a"'),
}  # fmt: skip


@pytest.mark.parametrize(("field", "when", "bad", "good"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions(tmp_path: Path, field: str, when: str, bad: str, good: str) -> None:
    assert found(tmp_path, field, when, in_message(field, bad)) == ["TEAM001"]
    assert found(tmp_path, field, when, in_message(field, good)) == []


WITHIN = [
    ("InputReader.shuffle", '{ equals = [true], within = "eval_input_reader" }', "shuffle: true"),
    ("InputReader", '{ absent = "shuffle", within = "eval_input_reader" }', "num_epochs: 1"),
]


@pytest.mark.parametrize(("field", "when", "text"), WITHIN)
def test_a_condition_on_where_the_message_stands(tmp_path: Path, field: str, when: str, text: str) -> None:
    assert found(tmp_path, field, when, f"eval_input_reader {{ {text} }}") == ["TEAM001"]
    assert found(tmp_path, field, when, f"train_input_reader {{ {text} }}") == []


def in_message(field: str, text: str) -> str:
    return f"{'train_config' if field.startswith('TrainConfig') else 'train_input_reader'} {{ {text} }}"


def found(tmp_path: Path, field: str, when: str, text: str) -> list[str]:
    """The findings of a rule of one's own on `field` under the condition `when`."""
    rule = RULE.replace('"TrainConfig.batch_size"', f'"{field}"').replace("{ above = 64 }", when)
    rule = (
        rule.partition("fix =")[0].replace("{value}", "this") + "[rule.doc]" + rule.partition("[rule.doc]")[2]
    )
    settings = Settings(
        catalogue=load().extended([load_pack(pack(tmp_path, rule))]), codes=frozenset({"TEAM001"})
    )
    return [finding.code for finding in lint_document(parse(text), None, settings)]


MISTAKES = {
    "not TOML": ("[[rule", "is not TOML"),
    "no rule": ("", "at 'the top': 'rule' is a required property"),
    "unknown key": (RULE + "\n[extra]\n", "Additional properties are not allowed"),
    "remedy as a name": (RULE.replace("large-batch", "use-small-batch"), "at 'rule.0.name'"),
    "severity": (RULE.replace('"warning"', '"fatal"'), "'fatal' is not one of"),
    "condition": (RULE.replace("above = 64", "over = 64"), "at 'rule.0.when'"),
    "full stop": (RULE.replace("at most 64", "at most 64."), "at 'rule.0.message'"),
    "no documentation": (RULE.split("[rule.doc]")[0], "'doc' is a required property"),
    "code twice": (RULE + RULE, "code 'TEAM001' is used twice"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_pack_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load_pack(pack(tmp_path, text))
    assert message in str(error.value)
    assert "team.toml" in str(error.value)


@pytest.mark.parametrize(("old", "new"), [("TEAM001", "CFG105"), ("large-batch", "ignored-replica-setting")])
def test_a_code_or_name_that_exists_is_refused(tmp_path: Path, old: str, new: str) -> None:
    mine = load_pack(pack(tmp_path, RULE.replace(old, new)))
    with pytest.raises(UserError, match="exists already"):
        load().extended([mine])


def test_merge_keeps_the_parts_apart(tmp_path: Path) -> None:
    mine = load_pack(pack(tmp_path, RULE))
    merge([load().as_data(), mine])
    assert "TEAM001" not in load().records


def test_category() -> None:
    assert [category_of(code) for code in ("CFG001", "CFG703", "CFG901", "TEAM001")] == [
        "syntax",
        "evaluation",
        "custom",
        "custom",
    ]


def test_documentation_of_a_check_is_read_from_its_docstring() -> None:
    rule = Rule(code="CFG999", name="a-b", severity="info", summary="Finds a thing")
    docs = docs_of(
        "Title.\n\n## Why it is bad\n\nTwo\nlines.\n\n## Example\n\n    a {\n      b: 1\n    }\n", rule
    )
    assert docs == {"what": "Finds a thing.", "why": "Two lines.", "example": "a {\n  b: 1\n}"}
    with pytest.raises(UserError, match="unknown heading"):
        docs_of("Title.\n\n## Why?\n\nBecause.\n", rule)


def test_checks_are_found_by_walking_their_package() -> None:
    import cfgtool.lint.checks

    package: ModuleType = cfgtool.lint.checks
    assert isinstance(package.__file__, str)
    modules = {path.stem for path in Path(package.__file__).parent.glob("[!_]*.py")}
    assert {record["module"] for record in compile_checks(package)["rules"].values()} == modules
