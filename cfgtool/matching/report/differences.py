"""What does not fit in few lines: other shapes, what is missing, and entries that nobody wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.folding import Node, braced, fold, grow
from cfgtool.matching.report.wording import printable, shown_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.matching.plan import RestorePlan
    from cfgtool.matching.report.fates import Report, Row


def mismatch_tree(report: Report) -> Node[Row]:
    """The variables that have another shape in the checkpoint; those with the same two shapes are joined."""
    return fold(
        grow((row.variable.name, row) for row in report.rows if row.fate == "shape_mismatch"), both_shapes
    )


def both_shapes(row: Row) -> tuple[str, str]:
    """The shape here and the one in the checkpoint, there with the element type if that is another one."""
    variable, entry = row.variable, row.entry
    here = shown_shape(variable.shape)
    if entry is None:
        return here, ""
    return here, shown_shape(entry.shape) + (f" {entry.dtype}" if entry.dtype != variable.dtype else "")


def missing_branches(report: Report) -> Iterator[tuple[str, str]]:
    """The uppermost names below which all variables are missing, and how many these are."""
    tree = fold(grow((row.variable.name, row) for row in report.rows), lambda row: row.fate)
    stack = [(braced(child.names), child) for child in reversed(tree.children)]
    while stack:
        name, node = stack.pop()
        rows = list(node.everything())
        fates = {row.fate for row in rows}
        if fates == {"missing"}:
            single = len(rows) == 1
            text = shown_shape(rows[0].variable.shape) if single else f"all {len(rows)} variables"
            yield name + ("/" if node.children else ""), text
        elif "missing" in fates:
            below = reversed(node.children)
            stack += [(f"{name}/{braced(child.names)}", child) for child in below]


def unused_folders(plan: RestorePlan) -> dict[str, int]:
    """The folders, two steps deep, of entries that nothing is restored from, and how many each has."""
    counts: dict[str, int] = {}
    for entry in plan.unused:
        steps = printable(entry.key).split("/")
        folder = "/".join(steps[:-1][:2]) or steps[0]
        counts[folder] = counts.get(folder, 0) + 1
    return counts


def unused_tree(plan: RestorePlan) -> Node[int]:
    """The same with folders joined that have as many entries."""
    return fold(grow(unused_folders(plan).items()), lambda count: count)


def each(node: Node[int]) -> str:
    """The number of entries of a folder, or of each of several."""
    return f"{node.values[0]:,} each" if len(node.values) > 1 else f"{node.values[0]:,}"
