"""Refusing a text that has syntax mistakes: what it means is not certain."""

from __future__ import annotations

from cfgtool.errors import UserError
from cfgtool.textproto import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.textproto import Document

HARMLESS = frozenset({"byte-order-mark", "invalid-utf8"})
"""Problems that leave the tree whole; the bytes concerned stay as they are."""


HINT = "nothing is done with a text that has syntax mistakes; `cfgtool lint` shows them all"


def sound_document(text: str, hint: str = HINT) -> Document:
    """The document of `text`.

    Raises UserError, with `hint`, at the line and column of the first syntax mistake, if there is one.
    """
    document = parse(text)
    for problem in document.problems:
        if problem.code not in HARMLESS:
            line, column = document.position(problem.start)
            raise UserError(problem.message, line=line, column=column, hint=hint)
    return document
