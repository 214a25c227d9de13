"""XML of annotations as a small tree with line numbers; entities are refused, so that none can fill the memory."""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

from cfgtool.errors import UserError
from cfgtool.files import read_bytes

_DEEPEST = 100


class Node:
    """An element: its tag, text (stripped), children, and the line it begins on."""

    __slots__ = ("children", "line", "tag", "text")

    def __init__(self, tag: str, line: int) -> None:
        self.tag = tag
        self.line = line
        self.text = ""
        self.children: list[Node] = []

    def find(self, tag: str) -> Node | None:
        """The first child with that tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def said(self, tag: str, default: str = "") -> str:
        """The text of the first child with that tag."""
        child = self.find(tag)
        return default if child is None else child.text


def read_xml(path: str) -> Node:
    """The root element of a file. Raises UserError, with the line, if it cannot be read or declares entities."""
    return _Builder(path).build(read_bytes(path))


class _Builder:
    def __init__(self, path: str) -> None:
        self._path = path
        self._open: list[Node] = []
        self._root: Node | None = None
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._refuse
        self._parser.ExternalEntityRefHandler = self._refuse
        self._parser.buffer_text = True

    def build(self, data: bytes) -> Node:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise UserError(f"is not XML: {reason}", path=self._path, line=error.lineno) from None
        except (ValueError, LookupError):  # an encoding that is not known
            raise UserError("is not XML in an encoding that is known", path=self._path) from None
        assert self._root is not None
        return self._root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        del attributes
        node = Node(tag, self._parser.CurrentLineNumber)
        if len(self._open) >= _DEEPEST:
            raise UserError(f"has elements {_DEEPEST} levels deep", path=self._path, line=node.line)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)

    def _end(self, tag: str) -> None:
        del tag
        node = self._open.pop()
        node.text = node.text.strip()

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _refuse(self, *_: object) -> NoReturn:
        raise UserError(
            "declares an entity, which annotations do not need",
            path=self._path,
            line=self._parser.CurrentLineNumber,
            hint="take the DOCTYPE away",
        )
