"""A restore plan as one page of HTML that needs nothing else: no network, no script but its own.

Names come from files that anybody may have written: everything is escaped, and the policy of the page lets
only its own style and script run. Without scripts it shows everything but the search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cfgtool.folding import leaves
from cfgtool.matching.recommend import type_name
from cfgtool.matching.report.differences import (
    both_shapes,
    each,
    mismatch_tree,
    missing_branches,
    unused_tree,
)
from cfgtool.matching.report.document import asset, document
from cfgtool.matching.report.fates import FATES, WORDS, Part, Report, parts
from cfgtool.matching.report.markup import code, escape
from cfgtool.matching.report.picture import PATTERNS, meter, picture, sample
from cfgtool.matching.report.tables import module_of, module_tables
from cfgtool.matching.report.wording import checkpoint_line, od_api_in_words
from cfgtool.networks.description import UNVERIFIED

if TYPE_CHECKING:
    from cfgtool.matching.plan import RestorePlan

_FEW = 12
"""More lines of what does not fit are folded away."""
_MOST_LINES = 200
"""Longer lists are cut; the tables have everything."""
_MOST_UNUSED = 400


def plan_as_page(report: Report) -> str:
    """The whole document."""
    network = report.plan.network
    return document(
        f"{report.severity}: {report.plan.verdict.text}",
        f"<b>cfgtool match</b> {escape(network.feature_extractor)}",
        "".join(_body(report)),
        "What a start from this checkpoint would restore, as cfgtool match found it.",
        style=asset("page.css"),
        script=asset("page.js"),
    )


def _body(report: Report) -> Iterator[str]:
    modules = parts(report.rows, module_of)
    targets = {module.name: f"m{number}" for number, module in enumerate(modules)}
    yield PATTERNS
    yield from _verdict(report)
    yield _facts(report)
    yield from _drawing(report, modules, targets)
    yield from _differences(report)
    yield '<section class="card long"><h2>Variables</h2>'
    yield '<form class="find" id="find" hidden><label for="q">Search</label><input id="q" type="search"'
    yield ' placeholder="names, shapes, keys: all words must occur" autocomplete="off">'
    yield '<output id="count" for="q" aria-live="polite"></output></form>'
    yield from module_tables(report, modules, targets)
    yield "</section>"
    yield from _unused(report.plan)


def _verdict(report: Report) -> Iterator[str]:
    verdict = report.plan.verdict
    yield f'<section class="verdict {report.severity}"><h1><span>{report.severity}</span>{escape(verdict.text)}</h1>'
    if verdict.hint:
        yield f"<p>{escape(verdict.hint)}</p>"
    yield "</section>"


def _facts(report: Report) -> str:
    """What was compared, what the OD API does with it, warnings and notes."""
    plan = report.plan
    network = plan.network
    facts = [
        ("Network", f"{code(network.feature_extractor)} ({network.generation.upper()})", ""),
        ("Checkpoint", escape(checkpoint_line(plan.checkpoint)), ""),
        ("Restore type", code(type_name(plan)), ""),
        ("The OD API", f"{plan.generation.upper()} trainer {escape(od_api_in_words(plan))}", ""),
    ]
    if not network.verified:
        facts.append(("Unverified", escape(UNVERIFIED), "flag"))
    facts += (("Warning", escape(warning), "flag") for warning in report.warnings)
    facts += (("Note", escape(note), "") for note in report.notes)
    if plan.bookkeeping:
        left = f"{plan.bookkeeping:,} entries of optimizer and counters, left alone"
        facts.append(("Bookkeeping", left, ""))
    rows = "".join(
        f"<dt>{term}</dt><dd{' class=flag' if flag else ''}>{text}</dd>" for term, text, flag in facts
    )
    return f'<section class="card"><h2>What was compared</h2><dl>{rows}</dl></section>'


def _drawing(report: Report, modules: Sequence[Part], targets: dict[str, str]) -> Iterator[str]:
    """The share that is restored, the picture of the network, and what its fills mean."""
    plan = report.plan
    sizes = {fate: sum(part.sizes.get(fate, 0) for part in report.parts) for fate in FATES}
    groups = [
        (part, [module for module in modules if module.name.partition("/")[0] == part.name])
        for part in report.parts
    ]
    yield '<section class="card"><h2>'
    yield f"{plan.restored_parameters:,} of {plan.network.parameters:,} parameters come from the checkpoint</h2>"
    yield meter(sizes)
    yield picture(groups, targets)
    yield '<ul class="legend">'
    for fate in FATES:
        count = sum(part.counts.get(fate, 0) for part in report.parts)
        if count:
            show = f'<button type="button" data-q="{WORDS[fate]}" hidden>show</button>'
            yield f"<li>{sample(fate)}{WORDS[fate]}: {count:,} variables {show}</li>"
    frozen = sum(part.frozen for part in report.parts)
    if frozen:
        mark = '<svg viewBox="0 0 22 14" aria-hidden="true"><rect y="5" width="22" height="4" class="ice"/></svg>'
        show = '<button type="button" data-q="frozen" hidden>show</button>'
        yield f"<li>{mark}frozen in training: {frozen:,} variables {show}</li>"
    yield "</ul></section>"


def _differences(report: Report) -> Iterator[str]:
    """Both shapes of what has another one, and what is missing."""
    mismatches = [
        "<tr><td>{}<td>{}<td>{}".format(*map(escape, (name, *both_shapes(node.values[0]))))
        for name, node in leaves(mismatch_tree(report))
    ]
    if mismatches:
        yield f'<section class="card long"><h2>Other shapes ({len(report.plan.shape_mismatch):,})</h2>'
        head = (
            '<div class="scroll"><table><thead><tr><th>variable<th>here<th>in the checkpoint</thead><tbody>'
        )
        yield from _folded(mismatches, head, "</tbody></table></div>")
        yield "</section>"
    missing = [f"<li>{code(name)} {escape(text)}</li>" for name, text in missing_branches(report)]
    if missing:
        yield f'<section class="card long"><h2>Missing ({len(report.plan.missing):,})</h2>'
        yield from _folded(missing, '<ul class="plain">', "</ul>")
        yield "</section>"


def _folded(lines: Sequence[str], start: str, end: str) -> Iterator[str]:
    """The first lines of a list, and the others behind a fold."""
    yield start + "".join(lines[:_FEW]) + end
    rest = lines[_FEW:_MOST_LINES]
    if rest:
        yield f'<details class="rest"><summary>{len(lines) - _FEW:,} more</summary>{start}{"".join(rest)}{end}'
        if len(lines) > _MOST_LINES:
            yield f"<p>and {len(lines) - _MOST_LINES:,} more, in the tables below</p>"
        yield "</details>"


def _unused(plan: RestorePlan) -> Iterator[str]:
    """Entries that nothing is restored from: their folders, and behind them the names."""
    if not plan.unused:
        return
    yield f'<section class="card long"><h2>Unused entries ({len(plan.unused):,})</h2>'
    folders = [f"<li>{code(name)} {each(node)}</li>" for name, node in leaves(unused_tree(plan))]
    yield from _folded(folders, '<ul class="plain">', "</ul>")
    yield '<details class="rest"><summary>all names</summary>'
    yield "".join(f"<div>{code(entry.key)}</div>" for entry in plan.unused[:_MOST_UNUSED])
    if len(plan.unused) > _MOST_UNUSED:
        yield f"<p>and {len(plan.unused) - _MOST_UNUSED:,} more: cfgtool match --format json has all</p>"
    yield "</details></section>"
