"""The documentation of rules as Markdown pages, and as text for `cfgtool explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.lint.rules import Catalogue, Rule

FOLDER = "docs/rules"


def page(rule: Rule, docs: dict[str, str]) -> str:
    """The page of one rule, with the fixed headings."""
    trainers = " and ".join(generation.upper() for generation in rule.generations)
    facts = f"**{rule.severity}** · {rule.category} · {trainers} · since {rule.since} · {_fix_words(rule)}"
    parts = [
        "<!-- Written by tools/compile_rules.py. -->",
        f"# {rule.code}: {rule.name}",
        facts,
        "## What it does",
        docs["what"],
        "## Why it is bad",
        docs["why"],
        "## Example",
        _block(docs["example"]),
        "## Use instead",
        _block(docs["instead"]),
        "## Fix safety",
        docs.get("safety") or "There is no automatic fix.",
    ]
    return "\n\n".join(parts) + "\n"


def index(catalogue: Catalogue) -> str:
    """The table of all rules."""
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.severity} | {rule.fix or ''} "
        f"| {rule.summary} |"
        for rule in catalogue.rules()
    ]
    head = [
        "<!-- Written by tools/compile_rules.py. -->",
        "",
        "# Rules",
        "",
        "`CFG0xx` syntax and schema, `CFG1xx` deprecated and dead fields, `CFG2xx` generation mix-ups,",
        "`CFG3xx` model consistency, `CFG4xx` checkpoint and restore, `CFG5xx` input data and label maps,",
        "`CFG6xx` optimisation and schedule, `CFG7xx` evaluation and export.",
        "",
        "| Code | Name | Severity | Fix | Summary |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def url(code: str) -> str:
    """Where the page of a rule is, relative to the root of the project."""
    return f"{FOLDER}/{code}.md"


def text(rule: Rule, docs: dict[str, str]) -> str:
    """What `cfgtool explain` prints of a rule."""
    lines = [f"{rule.code} {rule.name}", f"{rule.severity}, {rule.category}, {_fix_words(rule)}", ""]
    lines += ["What it does", f"  {docs['what']}", "", "Why it is bad", f"  {docs['why']}", ""]
    for heading, key in (("Example", "example"), ("Use instead", "instead")):
        lines += [heading, *(f"    {line}" for line in docs[key].rstrip("\n").split("\n")), ""]
    lines += ["Fix safety", f"  {docs.get('safety') or 'There is no automatic fix.'}"]
    return "\n".join(lines)


def _fix_words(rule: Rule) -> str:
    words = {"safe": "fixed by --fix", "unsafe": "fixed by --fix --unsafe-fixes", "display": "fix shown only"}
    return words.get(rule.fix or "", "no fix")


def _block(code: str) -> str:
    return f"```textproto\n{code.rstrip()}\n```" if code.strip() else "An empty file."
