"""Resources as YAML: long texts as they are, and nothing that one reader of YAML takes for a string and another not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

_PLAIN = re.compile(r"(?:--|/)?[A-Za-z][A-Za-z0-9._/-]*(?::[A-Za-z0-9._,-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Booleans and nulls of YAML 1.1."""
_BREAKS = "\r\x85\u2028\u2029"
"""Ends of lines that a literal block does not keep apart from line feeds."""
_BYTE_ORDER_MARK = "\ufeff"
_WIDTH = 1_000_000
"""No line is folded."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """PyYAML keeps tabs, and spaces before a line's end, out of literal blocks; YAML does not."""

    def analyze_scalar(self, scalar: str) -> Any:
        analysis = super().analyze_scalar(scalar)
        if analysis.multiline and may_be_literal(scalar):
            analysis.allow_block = True
        return analysis

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def may_be_literal(text: str) -> bool:
    """Whether a literal block gives the text back, whoever reads it.

    One that begins with a tab, perhaps below empty lines, does not: readers disagree about the indentation.
    """
    return not (
        text.isspace()
        or text.lstrip(" \n").startswith("\t")
        or any(character in text for character in (*_BREAKS, _BYTE_ORDER_MARK))
        or any(not (character.isprintable() or character in "\t\n") for character in text)
    )


def _string(dumper: Any, text: str) -> Any:
    style = None
    if "\n" in text and may_be_literal(text):
        style = "|"
    elif not _PLAIN.fullmatch(text) or text.lower() in _WORDS:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def as_yaml(resources: Iterable[dict[str, Any]]) -> str:
    """The resources as documents of one YAML stream, keys in their order."""
    texts = (
        yaml.dump(
            resource,
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=False,
            allow_unicode=True,
            width=_WIDTH,
        )
        for resource in resources
    )
    return "---\n".join(texts)
