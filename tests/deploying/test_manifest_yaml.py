"""Texts come back from YAML as they were, whoever reads it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cfgtool.deploying.emit import as_yaml, may_be_literal


def read_back(text: str) -> str:
    written = as_yaml([{"outer": {"text": text}}])
    first, second = (yaml.load(written, loader) for loader in (yaml.SafeLoader, yaml.CSafeLoader))
    assert first == second
    found = first["outer"]["text"]
    assert isinstance(found, str)
    return found


LITERAL = [
    "a\n",
    "a\nb",
    "a\n\n\n",
    "\n\na\n",
    "  a\nb\n",
    "a \nb\t\n",
    "a\n\tb\n",
    "# é\n",
    "a\n   \n",
    "a: |\n - #\n",
]
QUOTED = [
    "a\r\nb\r\n",
    "\ufeffa\n",
    "\ta\n",
    "\n\ta\n",
    "a\x85b\n",
    "a\u2028b\n",
    "a\x1bb\n",
    "\n",
    "\n\n",
    " \n",
]


@pytest.mark.parametrize("text", LITERAL)
def test_lines_are_a_literal_block(text: str) -> None:
    assert ": |" in as_yaml([{"text": text}])
    assert read_back(text) == text


@pytest.mark.parametrize("text", QUOTED)
def test_what_a_block_would_change_is_quoted(text: str) -> None:
    assert read_back(text) == text
    assert not may_be_literal(text)


@pytest.mark.parametrize(
    "text", ["y", "No", "on", "null", "~", "1e3", "0o17", "1_000", "12:30", "-1", "500", ".5", "", " a", "a #b", "a: b", "- a", "---", "${A}"]
)  # fmt: skip
def test_words_with_a_meaning_of_their_own_are_quoted(text: str) -> None:
    assert as_yaml([{"text": text}]) == f'text: "{text}"\n'


@pytest.mark.parametrize(
    "text", ["train", "--workers", "/etc/cfgtool", "a-0.a:2222,a-1.a:2222", "x.io/a:1.0"]
)
def test_plain_words_stay_plain(text: str) -> None:
    assert as_yaml([{"text": text}]) == f"text: {text}\n"
    assert read_back(text) == text


_ALPHABET = st.sampled_from(" \t\n\r#:-|>{}[]\"'%@`ab0\x00\x85\u2028\ufeffé𝄞\x7f\xa0")


@given(st.text(_ALPHABET, max_size=30) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_comes_back(text: str) -> None:
    assert read_back(text) == text


def test_documents_are_apart() -> None:
    assert as_yaml([{"a": 1}, {"a": [{"b": True}]}]) == "a: 1\n---\na:\n- b: true\n"
