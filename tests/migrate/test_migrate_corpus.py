"""Every sample config, towards both targets, carefully and not: the report is the whole truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrate_facts import assert_balanced, comments, config_leaves, protobuf_leaves

from cfgtool.files import read_text
from cfgtool.migrate import TARGETS, Migration, migrate
from cfgtool.schema import read_config
from cfgtool.textproto import parse

pytestmark = pytest.mark.reference

MODES = [(target, unsafe) for target in TARGETS for unsafe in (False, True)]


@pytest.fixture(scope="module", params=["configs_tf1", "configs_tf2"])
def texts(request: pytest.FixtureRequest, shared: Path) -> list[str]:
    found = [read_text(str(path)) for path in sorted((shared / "corpus" / request.param).glob("*.config"))]
    assert len(found) >= 40
    return found


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: f"{mode[0]}{'-unsafe' * mode[1]}")
def migrations(request: pytest.FixtureRequest, texts: list[str]) -> list[Migration]:
    target, unsafe = request.param
    return [migrate(text, target=target, unsafe=unsafe) for text in texts]


def test_something_changes(migrations: list[Migration]) -> None:
    assert sum(migration.changed for migration in migrations) > len(migrations) * 0.9


def test_the_report_is_complete(migrations: list[Migration]) -> None:
    for migration in migrations:
        assert_balanced(migration, config_leaves)


@pytest.mark.slow
def test_protobuf_agrees_with_the_report(migrations: list[Migration]) -> None:
    for migration in migrations:
        assert_balanced(migration, protobuf_leaves)


def test_the_result_is_valid_and_keeps_every_comment(migrations: list[Migration]) -> None:
    for migration in migrations:
        document = parse(migration.after)
        assert document.problems == []
        before = read_config(parse(migration.before)).problems
        assert len(read_config(document).problems) <= len(before)
        assert comments(migration.before) == comments(migration.after)


def test_untouched_lines_stay_byte_for_byte_and_in_order(migrations: list[Migration]) -> None:
    for migration in migrations:
        old = {effect.old for entry in migration.done for effect in entry.effects}
        lines = iter(migration.after.split("\n"))
        touched = {line for entry in migration.done for line in entry.lines}
        if any(value is not None and "\n" in value for value in old):
            continue  # a block of several lines went; the report names its first line only
        for number, line in enumerate(migration.before.split("\n"), 1):
            assert number in touched or any(other == line for other in lines), line


@pytest.mark.parametrize(("target", "unsafe"), MODES)
def test_a_second_run_changes_nothing(texts: list[str], target: str, unsafe: bool) -> None:
    for text in texts:
        once = migrate(text, target=target, unsafe=unsafe).after
        assert migrate(once, target=target, unsafe=unsafe).done == ()


def test_tf2_after_same_is_tf2(texts: list[str]) -> None:
    """Keeping the generation first does not change where a config ends up, but for what TF1's type says."""
    for text in texts:
        direct = config_leaves(migrate(text, target="tf2").after)
        detour = config_leaves(migrate(migrate(text).after, target="tf2").after)
        assert direct == detour


@pytest.mark.parametrize(("target", "unsafe"), MODES)
def test_line_ends_stay_as_they_are(texts: list[str], target: str, unsafe: bool) -> None:
    for text in texts:
        unix = text.replace("\r\n", "\n").rstrip("\n") + "\n"
        expected = migrate(unix, target=target, unsafe=unsafe)
        windows = migrate(unix.replace("\n", "\r\n"), target=target, unsafe=unsafe)
        unended = migrate(unix.removesuffix("\n"), target=target, unsafe=unsafe)
        assert windows.after == expected.after.replace("\n", "\r\n")
        # Where the last block goes, the line before it keeps its end.
        assert unended.after.removesuffix("\n") == expected.after.removesuffix("\n")
        for other in (windows, unended):
            assert_balanced(other, config_leaves)
            assert [entry.lines for entry in other.done] == [entry.lines for entry in expected.done]


def test_each_row_of_the_report_names_its_line(migrations: list[Migration]) -> None:
    for migration in migrations:
        lines = migration.before.split("\n")
        for entry in migration.done:
            for effect, line in zip(entry.effects, entry.lines, strict=True):
                name = effect.path.rpartition(".")[2].partition("[")[0]
                assert effect.old is None or name in lines[line - 1]
