"""Answers to an editor's questions about an open text: each handler translates for one module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from cfgtool.errors import UserError
from cfgtool.lsp import actions, outline, translate
from cfgtool.lsp.changes import line_edits
from cfgtool.lsp.completion import complete
from cfgtool.lsp.hover import hover
from cfgtool.lsp.log import LOG, guarded
from cfgtool.lsp.paths import files, path_of_step, paths
from cfgtool.lsp.places import trail
from cfgtool.lsp.uris import uri_of

if TYPE_CHECKING:
    from cfgtool.lsp.opened import Opened
    from cfgtool.lsp.server import Server

FIX_ALL = types.CodeActionKind.SourceFixAll
_START = types.Range(types.Position(0, 0), types.Position(0, 0))


def register(server: Server) -> None:
    """Register the handlers of this module."""
    handlers: dict[str, tuple[Any, Any]] = {
        types.TEXT_DOCUMENT_CODE_ACTION: (
            code_action,
            types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True),
        ),
        types.CODE_ACTION_RESOLVE: (resolve_code_action, None),
        types.TEXT_DOCUMENT_COMPLETION: (
            completion,
            types.CompletionOptions(trigger_characters=['"', "'", "/", ":", " "]),
        ),
        types.TEXT_DOCUMENT_HOVER: (hover_at, None),
        types.TEXT_DOCUMENT_DEFINITION: (definition, None),
        types.TEXT_DOCUMENT_DOCUMENT_LINK: (document_link, types.DocumentLinkOptions()),
        types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (document_symbol, None),
        types.TEXT_DOCUMENT_FOLDING_RANGE: (folding_range, None),
        types.TEXT_DOCUMENT_SELECTION_RANGE: (selection_range, None),
        types.TEXT_DOCUMENT_FORMATTING: (formatting, None),
    }
    for method, (handler, options) in handlers.items():
        server.feature(method, options)(guarded(_about_text(handler), server))


def _about_text(handler: Any) -> Any:
    """`handler` with the open text that the question is about; without one the answer is None."""

    def answer(server: Server, params: Any) -> Any:
        opened = server.text(_uri(params))
        return None if opened is None else handler(server, opened, params)

    answer.__name__ = handler.__name__
    return answer


def _uri(params: Any) -> str:
    if not isinstance(params, types.CodeAction):
        return str(params.text_document.uri)
    return str(params.data["uri"]) if isinstance(params.data, dict) else ""


def code_action(server: Server, opened: Opened, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Quick fixes of the findings in the range, and "fix all"."""
    only = params.context.only
    found = []
    if _wanted(types.CodeActionKind.QuickFix, only):
        start, end = (translate.offset_of(opened, place) for place in (params.range.start, params.range.end))
        found = [_quick_fix(server, opened, action) for action in actions.quick_fixes(opened, start, end)]
    if _wanted(FIX_ALL, only) and actions.has_safe_fix(opened):
        every = types.CodeAction("fix all safe problems", FIX_ALL, data={"uri": opened.uri})
        # Working it out takes several checks, and editors ask at every move of the cursor.
        found.append(every if _resolves(server) else resolve_code_action(server, opened, every))
    return found


def _quick_fix(server: Server, opened: Opened, action: actions.Action) -> types.CodeAction:
    return types.CodeAction(
        action.title,
        types.CodeActionKind.QuickFix,
        [translate.diagnostic_of(opened, action.finding, server.wishes.pages)],
        is_preferred=action.preferred or None,
        edit=translate.workspace_edit(opened, action.edits, _versioned(server)),
    )


def resolve_code_action(server: Server, opened: Opened, action: types.CodeAction) -> types.CodeAction:
    """The edits of "fix all"."""
    action.edit = translate.workspace_edit(opened, actions.fix_all_edits(opened), _versioned(server))
    return action


def _wanted(kind: str, only: Any) -> bool:
    """Whether an editor that asks for the kinds `only` (None: any) wants that kind."""
    name = str(getattr(kind, "value", kind))
    wanted = [str(getattr(each, "value", each)) for each in only or [""]]
    return any(not each or name == each or name.startswith(f"{each}.") for each in wanted)


def _versioned(server: Server) -> bool:
    workspace = server.client_capabilities.workspace
    return bool(workspace and workspace.workspace_edit and workspace.workspace_edit.document_changes)


def _resolves(server: Server) -> bool:
    document = server.client_capabilities.text_document
    able = document.code_action if document else None
    return bool(
        able and able.data_support and able.resolve_support and "edit" in able.resolve_support.properties
    )


def completion(
    server: Server, opened: Opened, params: types.CompletionParams
) -> list[types.CompletionItem] | None:
    """What may be written at the cursor. A blank that was typed asks for values only, not for fields."""
    document = server.client_capabilities.text_document
    able = document.completion.completion_item if document and document.completion else None
    snippets = bool(able and able.snippet_support)
    items = complete(opened, translate.offset_of(opened, params.position), snippets)
    if params.context and params.context.trigger_character in (" ", ":"):
        items = [item for item in items if item.kind in ("enum", "value")]
    tagged, adjusts = bool(able and able.tag_support), bool(able and able.insert_text_mode_support)
    return [translate.completion_item(opened, item, rank, tagged, adjusts) for rank, item in enumerate(items)]


def hover_at(server: Server, opened: Opened, params: types.HoverParams) -> types.Hover | None:  # noqa: ARG001
    """What is known of the word under the cursor."""
    found = hover(opened, translate.offset_of(opened, params.position))
    if found is None:
        return None
    content = types.MarkupContent(types.MarkupKind.Markdown, found.markdown)
    return types.Hover(content, translate.range_of(opened, found.start, found.end))


def definition(server: Server, opened: Opened, params: types.DefinitionParams) -> list[types.Location]:  # noqa: ARG001
    """The files that the path under the cursor means."""
    steps = trail(opened.document, opened.root, translate.offset_of(opened, params.position))
    path = path_of_step(opened, steps[-1]) if steps else None
    return [types.Location(uri_of(name), _START) for name in files(opened, path)] if path else []


def document_link(
    server: Server,
    opened: Opened,
    params: types.DocumentLinkParams,  # noqa: ARG001
) -> list[types.DocumentLink]:
    """A link for each path to a file that is there."""
    document = server.client_capabilities.text_document
    tips = bool(document and document.document_link and document.document_link.tooltip_support)
    found = [(path, files(opened, path)) for path in paths(opened)]
    return [
        types.DocumentLink(
            translate.range_of(opened, path.start, path.end),
            uri_of(names[0]),
            tooltip=path.kind if tips else None,
        )
        for path, names in found
        if names
    ]


def document_symbol(
    server: Server,  # noqa: ARG001
    opened: Opened,
    params: types.DocumentSymbolParams,  # noqa: ARG001
) -> list[types.DocumentSymbol]:
    """The tree of blocks."""
    return [translate.document_symbol(opened, symbol) for symbol in outline.symbols(opened)]


def folding_range(
    server: Server,  # noqa: ARG001
    opened: Opened,
    params: types.FoldingRangeParams,  # noqa: ARG001
) -> list[types.FoldingRange]:
    """What can be folded."""
    return [
        types.FoldingRange(first, last, kind=types.FoldingRangeKind.Comment if comment else None)
        for first, last, comment in outline.folds(opened)
    ]


def selection_range(
    server: Server,  # noqa: ARG001
    opened: Opened,
    params: types.SelectionRangeParams,
) -> list[types.SelectionRange]:
    """What a selection at each position grows to."""
    return [
        translate.selection_range(opened, outline.selections(opened, translate.offset_of(opened, place)))
        for place in params.positions
    ]


def formatting(
    server: Server,  # noqa: ARG001
    opened: Opened,
    params: types.DocumentFormattingParams,  # noqa: ARG001
) -> list[types.TextEdit] | None:
    """The edits of `cfgtool fmt`; None for a text with syntax errors, which the diagnostics tell of."""
    from cfgtool.schema.formatting import format_text

    try:
        text = format_text(opened.text)
    except UserError as error:
        LOG.warning("not formatted: %s", error)
        return None
    return translate.text_edits(opened, line_edits(opened.text, text))
