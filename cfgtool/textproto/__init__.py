"""Text format: lossless, error-tolerant tree of a text proto, its values, and edits. Knows no schema."""

from __future__ import annotations

from cfgtool.textproto.parser import parse
from cfgtool.textproto.tree import Block, Comment, Document, Edit, Field, ListValue, Problem, Scalar, Token
from cfgtool.textproto.values import Escape, parse_float, parse_int, string_escapes, string_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.textproto.edits import (
        apply_edits,
        delete_field,
        delete_fields,
        insert_field,
        leading_comments,
        rename_field,
        replace_value,
        trailing_comment,
    )

__all__ = [
    "Block",
    "Comment",
    "Document",
    "Edit",
    "Escape",
    "Field",
    "ListValue",
    "Problem",
    "Scalar",
    "Token",
    "apply_edits",
    "delete_field",
    "delete_fields",
    "insert_field",
    "leading_comments",
    "parse",
    "parse_float",
    "parse_int",
    "rename_field",
    "replace_value",
    "string_escapes",
    "string_value",
    "trailing_comment",
]


def __getattr__(name: str) -> object:
    """Load the edit builders on first use: most runs only read."""
    if name in __all__:
        from cfgtool.textproto import edits

        return getattr(edits, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
