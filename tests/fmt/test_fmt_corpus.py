"""Every sample config and label map: same values, same comments, same findings, little to change."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from google.protobuf import text_format

from cfgtool.files import read_text
from cfgtool.lint.engine import lint_document
from cfgtool.schema import Config, read_config
from cfgtool.schema.descriptors import message_class
from cfgtool.schema.formatting import format_text
from cfgtool.schema.model import root_of
from cfgtool.textproto import parse

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def texts(shared: Path) -> dict[str, str]:
    paths = sorted((shared / "corpus").glob("configs_tf*/*.config"))
    paths += sorted((shared / "corpus" / "label_maps").glob("*.pbtxt"))
    assert len(paths) == 119
    return {str(path): read_text(str(path)) for path in paths}


@pytest.fixture(scope="module")
def results(texts: dict[str, str]) -> dict[str, str]:
    return {path: format_text(text) for path, text in texts.items()}


def leaves(text: str) -> list[tuple[str, object]]:
    document = parse(text)
    assert document.problems == []
    found = read_config(document, root_of(document)).walk()
    return [(entry.path, None if isinstance(entry.value, Config) else entry.value) for _, entry in found]


def test_values_and_their_order_stay(texts: dict[str, str], results: dict[str, str]) -> None:
    for path, text in texts.items():
        assert leaves(results[path]) == leaves(text), path


def test_protobuf_reads_the_same_bytes(texts: dict[str, str], results: dict[str, str]) -> None:
    for path, text in texts.items():
        kind = message_class(root_of(parse(text)))
        before, after = (
            text_format.Merge(each, kind()).SerializeToString(deterministic=True)
            for each in (text, results[path])
        )
        assert before == after, path


def test_comments_stay_in_order(texts: dict[str, str], results: dict[str, str]) -> None:
    for path, text in texts.items():
        before, after = ([c.text.rstrip() for c in parse(each).comments] for each in (text, results[path]))
        assert before == after, path


def test_formatting_again_changes_nothing(results: dict[str, str]) -> None:
    for path, result in results.items():
        assert format_text(result) == result, path


def test_lint_finds_the_same(texts: dict[str, str], results: dict[str, str]) -> None:
    for path, text in texts.items():
        before, after = (
            [(f.code, f.path, f.severity) for f in lint_document(parse(each), path)]
            for each in (text, results[path])
        )
        assert sorted(before) == sorted(after), path


def test_little_changes(texts: dict[str, str], results: dict[str, str]) -> None:
    """The samples are written in much the same style: colons before braces and commas are what goes."""
    changed = total = 0
    for path, text in texts.items():
        lines, kept = text.split("\n"), set(results[path].split("\n"))
        total += len(lines)
        changed += sum(line not in kept for line in lines)
    assert 0 < changed / total < 0.04


def test_a_megabyte_takes_ten_times_as_long_as_a_tenth(texts: dict[str, str]) -> None:
    unit = next(text for path, text in texts.items() if "deepmac_512" in path)

    def seconds(characters: int) -> float:
        text = unit * (characters // len(unit))
        start = time.process_time()
        format_text(text)
        return time.process_time() - start

    # Ten times the text: linear is 10, quadratic 100; the constant forgives a busy machine.
    small = min(seconds(100_000) for _ in range(2))
    # A busy machine is slow now and then, a quadratic one always.
    assert any(seconds(1_000_000) < 30 * small + 0.2 for _ in range(4))


def test_suppression_comments_go_on_to_silence_the_same(texts: dict[str, str]) -> None:
    """Blocks pulled together on one line, and comments that silence at random places."""
    dice = random.Random(0)
    for path, original in texts.items():
        if path.endswith(".pbtxt"):
            continue
        lines: list[str] = []
        for line in original.split("\n"):
            joins = lines and "#" not in lines[-1] + line and lines[-1].strip() and dice.random() < 0.3
            if joins:
                lines[-1] += " " + line.strip()
            else:
                lines.append(line)
        for _ in range(20):
            place = dice.randrange(len(lines))
            if dice.random() < 0.5:
                lines.insert(place, "  # cfgtool: ignore")
            elif "#" not in lines[place]:
                lines[place] += "  # cfgtool: ignore"
        text = "\n".join(lines)
        before, after = (
            sorted((f.code, f.path) for f in lint_document(parse(each), path))
            for each in (text, format_text(text))
        )
        assert before == after, path
