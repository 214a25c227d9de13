"""A restore plan for a terminal: the verdict first, then what was compared, then the parts of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cfgtool.folding import Node, leaves, walk
from cfgtool.matching.recommend import type_name
from cfgtool.matching.report.differences import (
    both_shapes,
    each,
    mismatch_tree,
    missing_branches,
    unused_folders,
    unused_tree,
)
from cfgtool.matching.report.fates import FATES, WORDS
from cfgtool.matching.report.wording import checkpoint_line, od_api_in_words, printable, shown_shape
from cfgtool.networks.description import UNVERIFIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cfgtool.matching.plan import RestorePlan
    from cfgtool.matching.recommend import Recommendation
    from cfgtool.matching.report.fates import Part, Report, Row

    Paint = Callable[[str, str], str]

T = TypeVar("T")

_FEW = 8
"""More lines than these are easier to read as a tree."""
_MOST_LINES = 24
"""Longer lists are cut, but with --verbose."""
_LABEL = 12
_WIDE = 96
"""Columns from which on bars are long."""
_STYLES = {"restored": "ok", "shape_mismatch": "warning", "missing": "error", "not_requested": "faint"}
_BLOCKS = {"restored": "█", "shape_mismatch": "▓", "missing": "░", "not_requested": "·"}
_LETTERS = {"restored": "#", "shape_mismatch": "x", "missing": "-", "not_requested": "."}


class Screen:
    """What the text is for: `width` in columns (None: lines are as long as they are), colours through
    `paint`, and whether it has block characters.
    """

    __slots__ = ("bar_width", "blocks", "paint", "width")

    def __init__(self, width: int | None, paint: Paint, blocks: bool) -> None:
        self.width = width
        self.paint = paint
        self.blocks = blocks
        self.bar_width = 16 if width is None or width >= _WIDE else 8

    def labelled(self, label: str, text: str, style: str = "faint") -> Iterator[str]:
        """A line with a label in front, and lines below it for what does not fit."""
        for number, line in enumerate(wrapped(text, self.width and self.width - _LABEL)):
            head = f"{'' if number else label:<{_LABEL}}"
            yield (self.paint(head, style) if head.strip() else head) + line

    def bar(self, part: Part) -> str:
        """The variables of a part by fate, each that occurs in one cell at least."""
        cells = _shares([part.counts.get(fate, 0) for fate in FATES], self.bar_width)
        signs = _BLOCKS if self.blocks else _LETTERS
        drawn = zip(FATES, cells, strict=True)
        return "".join(self.paint(signs[fate] * count, _STYLES[fate]) for fate, count in drawn if count)


def plan_as_text(report: Report, screen: Screen, *, verbose: bool = False) -> Iterator[str]:
    """The plan line by line; short where all is well. `verbose` adds every variable and entry."""
    yield from _verdict(report, screen)
    yield ""
    yield from _facts(report, screen)
    yield ""
    yield from parts_as_text(report, screen)
    most = None if verbose else _MOST_LINES
    yield from _mismatches(report, most)
    yield from _missing(report, most)
    yield from _unused(report, most)
    if verbose:
        yield ""
        yield from _everything(report, screen)


def types_as_text(plans: list[RestorePlan], chosen: Recommendation, screen: Screen) -> Iterator[str]:
    """The counts and the verdict of each restore type, and which of them to take."""
    width = max(len(type_name(plan)) for plan in plans)
    yield screen.paint(f"{'type':<{width}}  restored  other shape  missing  verdict", "faint")
    for plan in plans:
        counts = f"{len(plan.restored):>8}  {len(plan.shape_mismatch):>11}  {len(plan.missing):>7}"
        severity = screen.paint(plan.verdict.severity, plan.verdict.severity)
        yield f"{type_name(plan):<{width}}  {counts}  {severity}"
        trainer = f"the OD API ({plan.generation.upper()}) {od_api_in_words(plan)}"
        for text in (plan.verdict.text, trainer):
            yield from (f"  {line}" for line in wrapped(printable(text), screen.width and screen.width - 2))
    yield ""
    best = chosen.plan
    if best is None:
        yield "recommended: none of them; take another checkpoint"
    else:
        switch = "\n             load_all_detection_checkpoint_vars: true" if best.load_all else ""
        yield f'recommended: fine_tune_checkpoint_type: "{best.restore_type}"{switch}'
    for more in (chosen.reason, chosen.change or ""):
        if more:
            yield from (f"  {line}" for line in wrapped(printable(more), screen.width and screen.width - 2))


def wrapped(text: str, width: int | None) -> list[str]:
    """The text in lines of `width`, broken at spaces; what has none stays long."""
    if width is None or len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _verdict(report: Report, screen: Screen) -> Iterator[str]:
    verdict, severity = report.plan.verdict, report.severity
    lines = wrapped(f"{severity}: {printable(verdict.text)}", screen.width)
    yield screen.paint(f"{severity}:", severity) + screen.paint(lines[0][len(severity) + 1 :], "bold")
    yield from (screen.paint(f"  {line}", "bold") for line in lines[1:])
    if verdict.hint:
        yield from (
            f"  {line}" for line in wrapped(printable(verdict.hint), screen.width and screen.width - 2)
        )


def _facts(report: Report, screen: Screen) -> Iterator[str]:
    """What was compared, and what is worth knowing about it."""
    plan = report.plan
    network = plan.network
    yield from screen.labelled("network", f"{network.feature_extractor} ({network.generation.upper()})")
    yield from screen.labelled("checkpoint", checkpoint_line(plan.checkpoint))
    load_all = " with load_all_detection_checkpoint_vars" if plan.load_all else ""
    asks = f", asks for {plan.requested:,} of {len(report.rows):,} variables" if plan.supported else ""
    yield from screen.labelled("type", printable(plan.restore_type) + load_all + asks)
    yield from screen.labelled("OD API", f"{plan.generation.upper()} trainer {od_api_in_words(plan)}")
    if not network.verified:
        yield from screen.labelled("warning", UNVERIFIED, "warning")
    for warning in report.warnings:
        yield from screen.labelled("warning", printable(warning), "warning")
    for note in report.notes:
        yield from screen.labelled("note", printable(note), "info")


def parts_as_text(report: Report, screen: Screen) -> Iterator[str]:
    """A line per part of the network: its variables, parameters and fate; then their sum."""
    plan = report.plan
    width = max([_LABEL, *(len(part.name) + 1 for part in report.parts)])
    margin = " " * (screen.bar_width + 1)
    yield screen.paint(f"{'':<{width}}{margin}variables    parameters", "faint")
    for part in report.parts:
        numbers = f"{part.variables:>9,}  {part.parameters:>12,}"
        yield f"{part.name:<{width}}{screen.bar(part)} {numbers}  {_fate(part, screen)}"
    share = f"{_percent(plan.restored_parameters, plan.network.parameters)} of the parameters restored"
    yield f"{'all':<{width}}{margin}{len(report.rows):>9,}  {plan.network.parameters:>12,}  {share}"
    if plan.bookkeeping:
        text = "entries of optimizer and counters"
        yield f"{'bookkeeping':<{width}}{margin}{plan.bookkeeping:>9,}  {text}"


def _fate(part: Part, screen: Screen) -> str:
    """The fates of a part in words, with their numbers where there are several."""
    words = []
    for fate in FATES:
        count = part.counts.get(fate, 0)
        if count:
            text = WORDS[fate] if len(part.counts) == 1 else f"{count:,} {WORDS[fate]}"
            words.append(screen.paint(text, _STYLES[fate]))
    if set(part.counts) == {"not_requested"}:
        words.append("starts fresh")
    if part.frozen:
        words.append(f"{part.frozen:,} frozen" if part.frozen < part.variables else "frozen")
    return ", ".join(words)


def _percent(count: int, of: int) -> str:
    """A share as a whole number, never rounded up to all or down to nothing."""
    if not count or not of:
        return "0 %"
    return f"{min(max(round(100 * count / of), 1), 100 if count == of else 99)} %"


def _mismatches(report: Report, most: int | None) -> Iterator[str]:
    """Both shapes of every variable that has another one in the checkpoint."""
    shapes = [both_shapes(row) for row in report.rows if row.fate == "shape_mismatch"]
    if not shapes:
        return
    yield ""
    yield f"other shape ({len(shapes):,}): here, in the checkpoint"
    width = max(len(here) for here, _ in shapes)

    def side_by_side(node: Node[Row]) -> str:
        here, there = both_shapes(node.values[0])
        return f"{here:<{width}}  {there}"

    yield from _cut(_listed(mismatch_tree(report), side_by_side), most)


def _missing(report: Report, most: int | None) -> Iterator[str]:
    """What the checkpoint lacks; a part of the network of which everything is missing in one line."""
    plan = report.plan
    if not plan.missing:
        return
    yield ""
    yield f"missing ({len(plan.missing):,})"
    yield from _cut(_columns(list(missing_branches(report))), most)
    variable, key = plan.missing[0]
    if key:
        yield f"  {variable.name} was looked for as {key!r}"
    else:
        yield f"  {variable.name} has no name in such a checkpoint"


def _listed(tree: Node[T], text: Callable[[Node[T]], str]) -> list[str]:
    """A line for all that has values: a few under their whole names, many as a tree."""
    lines = [(name, text(node)) for name, node in leaves(tree)]
    if len(lines) > _FEW:
        nodes = walk(tree)
        lines = [("  " * level + name, text(node) if node.values else "") for level, name, node in nodes]
    return _columns(lines)


def _columns(lines: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in lines)
    return [f"  {name:<{width}}  {more}".rstrip() for name, more in lines]


def _unused(report: Report, most: int | None) -> Iterator[str]:
    """The entries that nothing is restored from, by the folders that they are in."""
    folders = unused_folders(report.plan)
    if not folders:
        return
    yield ""
    head = f"unused entries ({len(report.plan.unused):,})"
    if len(folders) == 1:
        yield f"{head}: {next(iter(folders))}"
        return
    yield head
    yield from _cut(_listed(unused_tree(report.plan), each), most)


def _cut(lines: Sequence[str], most: int | None) -> Iterator[str]:
    yield from lines[:most]
    if most is not None and len(lines) > most:
        yield f"  ... and {len(lines) - most} lines more (--verbose lists all)"


def _everything(report: Report, screen: Screen) -> Iterator[str]:
    """Every variable with its fate, shape and key, and every entry that is not used."""
    yield screen.paint(f"variables ({len(report.rows):,})", "bold")
    width = max(len(row.variable.name) for row in report.rows)
    shapes = max(len(shown_shape(row.variable.shape)) for row in report.rows)
    for row in report.rows:
        fate = screen.paint(f"{WORDS[row.fate]:<13}", _STYLES[row.fate])
        shape = shown_shape(row.variable.shape)
        yield f"  {fate}  {row.variable.name:<{width}}  {shape:<{shapes}}  {printable(row.key or '-')}"
    if report.plan.unused:
        yield ""
        yield screen.paint(f"unused entries ({len(report.plan.unused):,})", "bold")
        for entry in report.plan.unused:
            yield f"  {printable(entry.key)}  {shown_shape(entry.shape)}"


def _shares(counts: Sequence[int], cells: int) -> list[int]:
    """`cells` divided as `counts` are, with one at least for each that is not 0."""
    total = sum(counts)
    shares = [max(1, cells * count // total) if count else 0 for count in counts]
    # What was rounded away, or given to small ones, is the largest one's.
    shares[shares.index(max(shares))] += cells - sum(shares)
    return shares
