"""The text of a config as a tree of blocks, each with the reason why it is there."""

from __future__ import annotations

import textwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 100
_INDENT = "  "


class Block:
    """A message of the text format: `name { ... }`, below a comment `why`, if there is one.

    An item is a block, or a line such as `depth: 128`; a line that begins with `#` is a comment and is wrapped. What is
    None is left out.
    """

    __slots__ = ("items", "name", "why")

    def __init__(self, name: str, *items: Block | str | None, why: str = "") -> None:
        self.name = name
        self.items: list[Block | str] = [item for item in items if item is not None]
        self.why = why

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines(""))

    def _lines(self, indent: str) -> Iterator[str]:
        if self.why:
            yield from comment(self.why, indent)
        if not self.items:
            yield f"{indent}{self.name} {{"
            yield f"{indent}}}"
            return
        yield f"{indent}{self.name} {{"
        for item in self.items:
            if isinstance(item, Block):
                yield from item._lines(indent + _INDENT)
            elif item.startswith("#"):
                yield from comment(item.lstrip("# "), indent + _INDENT)
            else:
                yield f"{indent}{_INDENT}{item}"
        yield f"{indent}}}"


def comment(text: str, indent: str = "") -> list[str]:
    """The lines of a comment, wrapped."""
    return textwrap.wrap(
        text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_on_hyphens=False
    )


def quoted(text: str) -> str:
    """`text` as a string of the text format; control characters are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(
        character if character >= " " and character != "\x7f" else f"\\{ord(character):03o}"
        for character in escaped
    ) + '"'  # fmt: skip


def number(value: float) -> str:
    """A number as people write it: `0.04`, `8e-05` as `0.00008`, `10.0` as `10.0`."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.10f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def numbers(values: tuple[float, ...] | list[float] | list[int]) -> str:
    """A list of numbers."""
    return f"[{', '.join(number(value) for value in values)}]"
