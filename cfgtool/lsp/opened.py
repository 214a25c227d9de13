"""A text that is open in an editor, and what was worked out about its current version."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cfgtool.lint.engine import analyse
from cfgtool.lsp.positions import Positions
from cfgtool.lsp.uris import path_of
from cfgtool.schema.model import LABEL_MAP, PIPELINE, root_of
from cfgtool.textproto import parse

if TYPE_CHECKING:
    from cfgtool.lint.engine import Report, Settings
    from cfgtool.textproto import Document


class Opened:
    """One version of a text. `path` is None for a text that has no file; nothing is computed before it is
    asked for, and nothing twice.
    """

    def __init__(
        self, uri: str, text: str, settings: Settings, version: int | None = None, encoding: str = "utf-16"
    ) -> None:
        self.uri = uri
        self.path = path_of(uri)
        self.text = text
        self.settings = settings
        self.version = version
        self.encoding = encoding

    @cached_property
    def positions(self) -> Positions:
        """Offsets to positions and back."""
        return Positions(self.text, self.encoding)

    @cached_property
    def document(self) -> Document:
        """The syntax tree."""
        return parse(self.text)

    @cached_property
    def report(self) -> Report:
        """What lint says of it."""
        return analyse(self.document, self.path, self.settings)

    @cached_property
    def root(self) -> str:
        """The message that the text is of. An empty file called `*.pbtxt` is about to become a label map."""
        if not self.document.root.fields:
            return LABEL_MAP if self.path and self.path.endswith(".pbtxt") else PIPELINE
        return root_of(self.document)
