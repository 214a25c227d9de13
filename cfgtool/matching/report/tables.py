"""The tables of a page: every variable, folded by module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.folding import common_folder
from cfgtool.matching.report.differences import both_shapes
from cfgtool.matching.report.fates import FATES, WORDS
from cfgtool.matching.report.markup import code, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cfgtool.matching.report.fates import Part, Report, Row


_FEW = 6


def module_of(name: str) -> str:
    """The module of a variable: the first two steps of its name."""
    return "/".join(name.split("/")[:-1][:2])


def module_tables(report: Report, modules: Sequence[Part], targets: Mapping[str, str]) -> Iterator[str]:
    """A heading per part of the network, and in it a table per module behind a line that sums it up; open are
    those with something missing or of another shape, if they are few.
    """
    rows: dict[str, list[Row]] = {}
    for row in report.rows:
        rows.setdefault(module_of(row.variable.name), []).append(row)
    bad = [
        module.name for module in modules if "shape_mismatch" in module.counts or "missing" in module.counts
    ]
    opened = bad if len(bad) <= _FEW else []
    heading = ""
    tops = {part.name: part for part in report.parts}
    for module in modules:
        top = module.name.partition("/")[0]
        if top != heading:
            yield "</section>" if heading else ""
            heading = top
            part = tops[top]
            numbers = f"{part.variables:,} variables, {part.parameters:,} parameters"
            yield f"<section class=part><h3>{escape(top)} <small>{numbers}</small></h3>"
        yield from _module(module, rows[module.name], targets[module.name], module.name in opened)
    yield "</section>" if heading else ""


def _module(module: Part, rows: Sequence[Row], target: str, is_open: bool) -> Iterator[str]:
    name = escape(module.name)
    yield f'<details id="{target}" data-name="{name}"{" open" if is_open else ""}><summary>'
    yield f'<span class="name">{name}</span>'
    for fate in FATES:
        count = module.counts.get(fate)
        if count:
            number = f"{count} " if len(module.counts) > 1 else ""
            yield f'<span class="tag t-{fate}">{number}{WORDS[fate]}</span>'
    if module.frozen:
        yield '<span class="tag t-frozen">frozen</span>'
    yield f'<span class="size">{module.parameters:,}</span></summary><div class="scroll"><table>'
    folder = common_folder([row.key for row in rows if row.key])
    if folder:
        yield f"<caption>keys below {code(folder)}</caption>"
    yield "<thead><tr><th>variable<th>fate<th>shape<th>key</thead><tbody>"
    skipped = len(module.name) + 1
    yield from (_row(row, skipped, len(folder)) for row in rows)
    yield "</tbody></table></div></details>"


def _row(row: Row, skipped: int, folder: int) -> str:
    """A variable; its end tags are left out, as HTML allows, because there are many."""
    shape, there = both_shapes(row)
    if row.fate == "shape_mismatch":
        shape += f" here<br>{escape(there)} in the checkpoint"
    frozen = " <i>frozen</i>" if row.frozen else ""
    key = escape(row.key[folder:]) if row.key else ""
    name = escape(row.variable.name[skipped:])
    # The class is the first letter of the fate: r, s, m or n.
    return f"<tr class={row.fate[0]}><td>{name}<td>{WORDS[row.fate]}{frozen}<td>{shape}<td>{key}"
