"""The documentation of rules as Markdown pages, and as text for `cfgtool explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from cfgtool.lint.rules import Catalogue, Rule

FOLDER = "docs/rules"

TITLES = {
    "syntax": "syntax and schema",
    "dead-field": "deprecated and dead fields",
    "generation": "generation mix-ups",
    "model": "model consistency",
    "checkpoint": "checkpoint and restore",
    "data": "input data and label maps",
    "schedule": "optimisation and schedule",
    "evaluation": "evaluation and export",
}
"""Category -> what it is about."""


def page(rule: Rule, docs: dict[str, str]) -> str:
    """The page of one rule as it is kept in the repository."""
    return f"<!-- Written by tools/compile_rules.py. -->\n\n{body(rule, docs)}"


def body(rule: Rule, docs: dict[str, str]) -> str:
    """The page of one rule in Markdown, with the fixed headings."""
    trainers = " and ".join(generation.upper() for generation in rule.generations)
    facts = f"**{rule.severity}** · {rule.category} · {trainers} · since {rule.since} · {_fix_words(rule)}"
    parts = [
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
    """The page that lists all rules, a table for each category."""
    rules = catalogue.rules()
    parts = [
        "<!-- Written by tools/compile_rules.py. -->",
        "# Rules",
        f"{len(rules)} rules. The first digit of a code is its category. `cfgtool explain CODE` prints the page of a"
        " rule,\n`cfgtool rules` this list. A fix is *safe* (`--fix`), *unsafe* (`--fix --unsafe-fixes`), or for"
        " *display* only.",
        "[What no rule finds](not-covered.md), and why.",
    ]
    for digit, category in CATEGORIES.items():
        of_category = [rule for rule in rules if rule.category == category]
        parts.append(f"## CFG{digit}xx: {TITLES[category]}")
        parts.append(table(of_category, lambda code: f"{code}.md"))
    return "\n\n".join(parts) + "\n"


def table(rules: Iterable[Rule], link: Callable[[str], str | None]) -> str:
    """A Markdown table of rules; `link` gives the address of the page of a code, None if it has none."""
    rows = ["| Code | Name | Severity | For | Fix | Summary |", "| --- | --- | --- | --- | --- | --- |"]
    for rule in rules:
        trainer = rule.generations[0].upper() if len(rule.generations) == 1 else ""
        where = link(rule.code)
        code = f"[{rule.code}]({where})" if where else rule.code
        rows.append(
            f"| {code} | {rule.name} | {rule.severity} | {trainer} | {rule.fix or ''} | {rule.summary} |"
        )
    return "\n".join(rows)


def url(code: str) -> str | None:
    """Where the page of a rule is, relative to the root of the project; None for a rule of somebody else's."""
    return f"{FOLDER}/{code}.md" if code.startswith("CFG") else None


def address(code: str) -> str | None:
    """The web address of the page of a rule; None if it is not ours, or the package does not name its documentation."""
    if not code.startswith("CFG"):
        return None
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        links = metadata("cfgtool").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    for link in links:
        label, _, where = link.partition(",")
        if label.strip().lower() == "documentation":
            return f"{where.strip().rstrip('/')}/rules/{code}/"
    return None


def row(rule: Rule) -> dict[str, Any]:
    """What is known of a rule, as JSON has it."""
    return {
        "code": rule.code,
        "name": rule.name,
        "category": rule.category,
        "severity": rule.severity,
        "generations": list(rule.generations),
        "fix": rule.fix,
        "since": rule.since,
        "summary": rule.summary,
        "url": url(rule.code),
    }


def text(rule: Rule, docs: dict[str, str], width: int = 80) -> str:
    """What `cfgtool explain` prints of a rule, in lines of `width` characters; examples stay as they are."""
    only = f" in {rule.generations[0].upper()}" if len(rule.generations) == 1 else ""
    lines = [f"{rule.code} {rule.name}", f"{rule.severity}{only}, {rule.category}, {_fix_words(rule)}", ""]
    lines += [
        "What it does",
        *_wrapped(docs["what"], width),
        "",
        "Why it is bad",
        *_wrapped(docs["why"], width),
        "",
    ]
    for heading, key in (("Example", "example"), ("Use instead", "instead")):
        lines += [heading, *(f"    {line}".rstrip() for line in docs[key].rstrip("\n").split("\n")), ""]
    lines += ["Fix safety", *_wrapped(docs.get("safety") or "There is no automatic fix.", width)]
    return "\n".join(lines)


def _wrapped(paragraph: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(
        paragraph,
        width,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _fix_words(rule: Rule) -> str:
    words = {"safe": "fixed by --fix", "unsafe": "fixed by --fix --unsafe-fixes", "display": "fix shown only"}
    return words.get(rule.fix or "", "no fix")


def _block(code: str) -> str:
    return f"```textproto\n{code.rstrip()}\n```" if code.strip() else "An empty file."
