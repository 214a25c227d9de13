"""From our values to the protocol's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from cfgtool.lsp.diagnostics import Shown, page_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.lint.findings import Finding
    from cfgtool.lsp.completion import Item
    from cfgtool.lsp.opened import Opened
    from cfgtool.lsp.outline import Symbol
    from cfgtool.textproto import Edit

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
_TAGS = {
    "unnecessary": [types.DiagnosticTag.Unnecessary],
    "deprecated": [types.DiagnosticTag.Deprecated],
    "": None,
}
_KINDS = {
    "field": types.CompletionItemKind.Field,
    "block": types.CompletionItemKind.Struct,
    "enum": types.CompletionItemKind.EnumMember,
    "value": types.CompletionItemKind.Value,
    "file": types.CompletionItemKind.File,
    "folder": types.CompletionItemKind.Folder,
}


def position(opened: Opened, offset: int) -> types.Position:
    """The protocol's position of an offset."""
    return types.Position(*opened.positions.position(offset))


def range_of(opened: Opened, start: int, end: int) -> types.Range:
    """The protocol's range of a span."""
    return types.Range(position(opened, start), position(opened, end))


def offset_of(opened: Opened, place: types.Position) -> int:
    """The offset of a position, wherever it points."""
    return opened.positions.offset(place.line, place.character)


def text_edits(opened: Opened, edits: Sequence[Edit]) -> list[types.TextEdit]:
    """The protocol's edits."""
    return [types.TextEdit(range_of(opened, edit.start, edit.end), edit.text) for edit in edits]


def workspace_edit(opened: Opened, edits: Sequence[Edit], versioned: bool) -> types.WorkspaceEdit:
    """Edits of one text, tied to its version where the editor can check that."""
    changes = text_edits(opened, edits)
    if not versioned:
        return types.WorkspaceEdit(changes={opened.uri: changes})
    name = types.OptionalVersionedTextDocumentIdentifier(uri=opened.uri, version=opened.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(name, list(changes))])


def diagnostic(opened: Opened, shown: Shown) -> types.Diagnostic:
    """One diagnostic."""
    finding = shown.finding
    related = None
    if shown.related is not None:
        start, end, words = shown.related
        place = types.Location(opened.uri, range_of(opened, start, end))
        related = [types.DiagnosticRelatedInformation(place, words)]
    return types.Diagnostic(
        range=range_of(opened, shown.start, shown.end),
        message=finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(shown.href) if shown.href else None,
        source="cfgtool",
        tags=_TAGS[shown.tag],
        related_information=related,
    )


def diagnostic_of(opened: Opened, finding: Finding, pages: str | None) -> types.Diagnostic:
    """The diagnostic that a quick fix is for."""
    href = page_address(finding.code, pages)
    return diagnostic(opened, Shown(finding.start, finding.end, finding, "", href, None))


def completion_item(
    opened: Opened, item: Item, rank: int, tagged: bool, adjusts: bool
) -> types.CompletionItem:
    """One completion, at its rank in the list; `tagged` and `adjusts` are what the editor can do: tags of
    items, and the indentation of what is inserted.
    """
    return types.CompletionItem(
        label=item.label,
        kind=_KINDS[item.kind],
        detail=item.detail or None,
        documentation=item.doc or None,
        sort_text=f"{rank:04d}",
        text_edit=types.TextEdit(range_of(opened, item.start, item.end), item.text),
        insert_text_format=types.InsertTextFormat.Snippet if item.snippet else None,
        insert_text_mode=types.InsertTextMode.AdjustIndentation if adjusts and item.snippet else None,
        tags=[types.CompletionItemTag.Deprecated] if tagged and item.deprecated else None,
        deprecated=True if item.deprecated and not tagged else None,
    )


def document_symbol(opened: Opened, symbol: Symbol) -> types.DocumentSymbol:
    """One block with those in it."""
    return types.DocumentSymbol(
        name=symbol.name,
        detail=symbol.detail or None,
        kind=types.SymbolKind.Struct,
        range=range_of(opened, symbol.start, symbol.end),
        selection_range=range_of(opened, symbol.name_start, symbol.name_end),
        children=[document_symbol(opened, child) for child in symbol.children],
    )


def selection_range(opened: Opened, spans: Sequence[tuple[int, int]]) -> types.SelectionRange:
    """Spans from the smallest to the largest as a chain; there is at least one."""
    found: types.SelectionRange | None = None
    for start, end in reversed(spans):
        found = types.SelectionRange(range_of(opened, start, end), found)
    assert found is not None
    return found
