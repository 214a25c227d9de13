"""Mistakes in the files of `err/` are reported as `.expected` says; `ok/` is read as protobuf reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from schema_oracle import check

from cfgtool.schema import SEVERITIES, SLUGS, Config, SchemaProblem, read_config
from cfgtool.textproto import Document, parse
from cfgtool.textproto.edits import apply_edits

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "err").iterdir() if path.suffix in (".config", ".pbtxt"))
GOOD = sorted((HERE / "ok").iterdir())


def root_of(path: Path) -> str:
    return "TrainEvalPipelineConfig" if path.suffix == ".config" else path.stem


def read(text: str, root: str) -> tuple[Document, Config]:
    document = parse(text)
    return document, read_config(document, root)


def report(document: Document, problems: list[SchemaProblem]) -> str:
    lines = []
    for problem in problems:
        line, column = document.position(problem.start)
        lines.append(f"{line}:{column} {problem.code} {problem.message}\n")
        if problem.fix:
            lines.append(f"    fix ({'safe' if problem.fix_safe else 'unsafe'}): {problem.fix[0]}\n")
    return "".join(lines)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_the_problems_are_those_expected(path: Path) -> None:
    document, config = read(path.read_text(), root_of(path))
    assert report(document, config.problems) == path.with_suffix(".expected").read_text()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_each_fix_mends_its_problem_and_breaks_nothing(path: Path) -> None:
    text = path.read_text()
    document, config = read(text, root_of(path))
    before = sorted((problem.code, problem.path) for problem in config.problems)
    for problem in config.problems:
        if problem.fix is None:
            continue
        mended, fixed = read(apply_edits(text, problem.fix[1]), root_of(path))
        after = [(other.code, other.path) for other in fixed.problems]
        assert len(after) < len(before), problem
        assert {code for code, _ in after} <= {code for code, _ in before}, problem
        assert len(mended.problems) <= len(document.problems), problem


@pytest.mark.parametrize("path", CASES + GOOD, ids=lambda path: path.name)
def test_protobuf_refuses_and_reads_the_same(path: Path) -> None:
    check(path.read_text(), root_of(path))


def test_every_slug_has_a_case() -> None:
    expected = "".join(path.with_suffix(".expected").read_text() for path in CASES)
    for slug in SLUGS:
        assert f" {slug} " in expected, slug
    assert set(SEVERITIES) <= set(SLUGS)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_messages_keep_to_the_house_style(path: Path) -> None:
    _, config = read(path.read_text(), root_of(path))
    for problem in config.problems:
        assert problem.code in SLUGS
        assert problem.message[0] in "'\"" or problem.message[0].islower(), problem
        assert not problem.message.endswith("."), problem
        assert "'" in problem.message, problem
        assert 0 <= problem.start < problem.end <= len(path.read_text()), problem


def test_a_conflict_of_steps_is_split_at_line_ends() -> None:
    text = (
        "train_config {\r\n  data_augmentation_options {\r\n    rgb_to_gray { }  # grey\r\n"
        "    random_rotation90 { }\r\n  }\r\n}\r\n"
    )
    _, config = read(text, "TrainEvalPipelineConfig")
    (problem,) = config.problems
    assert problem.fix is not None
    assert apply_edits(text, problem.fix[1]) == (
        "train_config {\r\n  data_augmentation_options {\r\n    rgb_to_gray { }  # grey\r\n  }\r\n"
        "  data_augmentation_options {\r\n    random_rotation90 { }\r\n  }\r\n}\r\n"
    )


def test_problems_come_in_source_order_with_paths() -> None:
    _, config = read(
        "train_config { batch_size: x }\neval_input_reader { shufle: 1 }", "TrainEvalPipelineConfig"
    )
    assert [(p.code, p.path) for p in config.problems] == [
        ("wrong-type", "train_config.batch_size"),
        ("unknown-field", "eval_input_reader[0].shufle"),
    ]
