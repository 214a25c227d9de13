"""Many names in few lines: trees of slash-separated names whose like siblings share a line,
`block_{1..12}/batch_norm/{gamma,beta}`.

Braces mean what they mean to a shell, but that a range may stand in a list: `level_{0,2..5}`. Names come from
files, so nothing here recurses, and everything takes time in proportion to what is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

T = TypeVar("T")

_LONGEST_NUMBER = 9


class Node(Generic[T]):
    """A step of a name: `values` of what ends here, `children` of what goes on, in order of appearance.

    After `fold` a node may stand for several siblings: `names` are their own names, and its values and
    children's values are those of all of them.
    """

    __slots__ = ("children", "names", "values")

    def __init__(self, name: str) -> None:
        self.names = [name]
        self.values: list[T] = []
        self.children: list[Node[T]] = []

    def everything(self) -> Iterator[T]:
        """The values here and below."""
        for node in _whole(self):
            yield from node.values


def grow(items: Iterable[tuple[str, T]]) -> Node[T]:
    """The tree of (name, value) pairs, under a root without a name."""
    root: Node[T] = Node("")
    below: dict[int, dict[str, Node[T]]] = {id(root): {}}
    for name, value in items:
        node = root
        for step in name.split("/"):
            children = below[id(node)]
            child = children.get(step)
            if child is None:
                child = children[step] = Node(step)
                below[id(child)] = {}
                node.children.append(child)
            node = child
        node.values.append(value)
    return root


def fold(
    root: Node[T], like: Callable[[T], Hashable], also: Callable[[Node[T]], Hashable] | None = None
) -> Node[T]:
    """Join neighbours that hold the same names with values of the same `like`; gives the changed `root`.

    Leaves join whatever their names are, folders only if their names differ by nothing but a number. What is
    joined must also have the same `also`, a mark of the node as a whole.
    """
    kinds: dict[Hashable, int] = {}
    kind: dict[int, int] = {}
    # The list keeps every node alive, so that no two of them share an id.
    nodes = _whole(root)
    whole = {id(node): also(node) for node in nodes} if also else {}
    for node in reversed(nodes):
        kept: list[Node[T]] = []
        for child in node.children:
            alike = kept and kind[id(kept[-1])] == kind[id(child)]
            if alike and whole.get(id(kept[-1])) == whole.get(id(child)) and _may_join(kept[-1], child):
                _join(kept[-1], child)
            else:
                kept.append(child)
        node.children = kept
        mark = (
            tuple(map(like, node.values)),
            tuple((tuple(child.names), kind[id(child)]) for child in kept),
        )
        kind[id(node)] = kinds.setdefault(mark, len(kinds))
    return root


def walk(root: Node[T], depth: int | None = None) -> Iterator[tuple[int, str, Node[T]]]:
    """(level, name, node) of everything below `root`, as it is printed; a step that leads to one other only
    is joined with it. `depth` is the number of levels to show, None for all.
    """
    stack = [(0, child) for child in reversed(root.children)]
    while stack:
        level, node = stack.pop()
        steps = [braced(node.names)]
        while not node.values and len(node.children) == 1:
            node = node.children[0]
            steps.append(braced(node.names))
        yield level, "/".join(steps), node
        if depth is None or level + 1 < depth:
            stack.extend((level + 1, child) for child in reversed(node.children))


def leaves(root: Node[T]) -> Iterator[tuple[str, Node[T]]]:
    """(whole name, node) of everything below `root` that has values."""
    names: list[str] = []
    for level, name, node in walk(root):
        names[level:] = [name]
        if node.values:
            yield "/".join(names), node


def braced(names: Sequence[str], most: int = 8) -> str:
    """One spelling for sibling names: `block_{1..5}`, `{gamma,beta}`; no more than `most` words are listed."""
    if len(names) == 1:
        return names[0]
    parts = _numbers(names)
    if parts is None:
        more = [f"...{len(names) - most} more"] if len(names) > most else []
        return "{" + ",".join([*names[:most], *more]) + "}"
    start, numbers, end = parts
    return f"{start}{{{','.join(_ranges(numbers))}}}{end}"


def common_folder(names: Sequence[str]) -> str:
    """The path that all names are in, with its slash; empty without one."""
    if not names:
        return ""
    first, last = min(names).split("/"), max(names).split("/")
    count = 0
    while count < min(len(first), len(last)) - 1 and first[count] == last[count]:
        count += 1
    return "/".join(first[:count]) + "/" if count else ""


def together(names: Sequence[str]) -> str:
    """One spelling for names that differ in some of their steps: `layer_{3..5}/{gamma,beta}`; not more exact
    than that.
    """
    steps = [name.split("/") for name in names]
    if len({len(each) for each in steps}) > 1:
        return braced(names)
    return "/".join(braced(list(dict.fromkeys(column))) for column in zip(*steps, strict=True))


def _whole(root: Node[T]) -> list[Node[T]]:
    """`root` and everything below it, parents before children."""
    nodes = [root]
    for node in nodes:
        nodes.extend(node.children)
    return nodes


def _may_join(node: Node[T], other: Node[T]) -> bool:
    if node.names[-1] == other.names[0]:
        return False
    return not node.children or _numbers((node.names[0], other.names[0])) is not None


def _join(node: Node[T], other: Node[T]) -> None:
    """Let `node` stand for `other` too, which is built like it."""
    node.names.extend(other.names)
    pairs = [(node, other)]
    for one, two in pairs:
        one.values.extend(two.values)
        pairs.extend(zip(one.children, two.children, strict=True))


def _numbers(names: Sequence[str]) -> tuple[str, list[int], str] | None:
    """What names that differ by a number have before it, the numbers, and what comes after it."""
    first, last = min(names), max(names)
    start = 0
    while start < min(len(first), len(last)) and first[start] == last[start]:
        start += 1
    while start and _is_digit(first[start - 1]):
        start -= 1
    stop = start
    while stop < len(first) and _is_digit(first[stop]):
        stop += 1
    before, after = first[:start], first[stop:]
    numbers = []
    for name in names:
        if not name.startswith(before) or not name.endswith(after):
            return None
        digits = name[start : len(name) - len(after)]
        if not digits or len(digits) > _LONGEST_NUMBER or not all(map(_is_digit, digits)):
            return None
        if digits[0] == "0" and digits != "0":
            return None
        numbers.append(int(digits))
    return before, numbers, after


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"


def _ranges(numbers: list[int]) -> list[str]:
    """The numbers, in order, runs of three or more as `1..5`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    if len(runs) == 1 and len(numbers) > 1:
        return [f"{runs[0][0]}..{runs[0][-1]}"]
    return [
        text
        for run in runs
        for text in ([f"{run[0]}..{run[-1]}"] if len(run) > 2 else [str(number) for number in run])
    ]
