"""Texts that are opened, changed and closed, and what the editor wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from cfgtool.lsp.log import LOG, guarded, guarded_async

if TYPE_CHECKING:
    from cfgtool.lsp.server import Server

SECTION = "cfgtool"


def register(server: Server) -> None:
    """Register the handlers of this module."""
    handlers: dict[str, Any] = {
        types.INITIALIZE: initialize,
        types.TEXT_DOCUMENT_DID_OPEN: did_open,
        types.TEXT_DOCUMENT_DID_CHANGE: did_change,
        types.TEXT_DOCUMENT_DID_CLOSE: did_close,
        types.TEXT_DOCUMENT_DID_SAVE: did_save,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES: did_change_watched_files,
    }
    for method, handler in handlers.items():
        server.feature(method)(guarded(handler, server))
    server.feature(types.INITIALIZED)(guarded_async(initialized, server))
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(guarded_async(did_change_configuration, server))


def initialize(server: Server, params: types.InitializeParams) -> None:
    """The wishes that came with the first message."""
    _take(server, params.initialization_options)


async def initialized(server: Server, _: types.InitializedParams) -> None:
    """Ask for the wishes, if the editor can be asked."""
    if await _ask(server):
        server.check_again()


async def did_change_configuration(server: Server, params: types.DidChangeConfigurationParams) -> None:
    """Wishes that changed are in the message, or have to be asked for."""
    if params.settings:
        _take(server, params.settings)
    else:
        await _ask(server)
    server.check_again()


async def _ask(server: Server) -> bool:
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return False
    wanted = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
    answers = await server.workspace_configuration_async(wanted)
    before = (server.wishes.target, server.wishes.pages)
    _take(server, answers[0] if answers else None)
    return before != (server.wishes.target, server.wishes.pages)


def _take(server: Server, given: object) -> None:
    for complaint in server.wishes.take(_plain(given)):
        LOG.warning("%s", complaint)


def _plain(given: object) -> object:
    """The library's objects with attributes as dictionaries."""
    fields = getattr(given, "_asdict", None)
    if callable(fields):
        given = fields()
    if isinstance(given, dict):
        return {str(key): _plain(value) for key, value in given.items()}
    return given


def did_open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    """A text was opened."""
    document = params.text_document
    server.put(document.uri, document.text, document.version)


def did_change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    """A text changed; it comes whole."""
    document = params.text_document
    if server.text(document.uri) is not None and params.content_changes:
        server.put(document.uri, params.content_changes[-1].text, document.version)


def did_close(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    """A text was closed."""
    server.drop(params.text_document.uri)


def did_save(server: Server, _: types.DidSaveTextDocumentParams) -> None:
    """A file was written: other texts may name it."""
    server.check_again()


def did_change_watched_files(server: Server, _: types.DidChangeWatchedFilesParams) -> None:
    """Files changed that the editor watches for us."""
    server.check_again()
