"""The language server: the texts that are open, and which handler answers what."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.io_ import run_async
from pygls.lsp.server import LanguageServer

import cfgtool
from cfgtool.errors import UserError
from cfgtool.lint.configuration import forget_settings
from cfgtool.lint.engine import Settings
from cfgtool.lsp import translate
from cfgtool.lsp.diagnostics import diagnostics
from cfgtool.lsp.log import LOG, guarded, log_to_stderr
from cfgtool.lsp.opened import Opened
from cfgtool.lsp.settings import Wishes, settings_of
from cfgtool.lsp.uris import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUICK = 0.02
"""Seconds. A text whose last check took longer is checked when typing pauses, not at every key."""
_LONGEST_WAIT = 0.5


class Server(LanguageServer):
    """A language server with the texts that are open in the editor."""

    def __init__(self) -> None:
        # Texts are small, so they come whole: their lines are counted here only, in `positions`.
        super().__init__(
            "cfgtool", cfgtool.__version__, text_document_sync_kind=types.TextDocumentSyncKind.Full
        )
        self.wishes = Wishes()
        self._texts: dict[str, Opened] = {}
        self._spent: dict[str, float] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._settled = False

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what the library met: a message that is none, or a failure in a handler of its own."""
        LOG.error("%s: %s", getattr(source, "__name__", source), error)

    def text(self, uri: str) -> Opened | None:
        """The open text of that URI."""
        return self._texts.get(uri)

    def texts(self) -> Iterator[Opened]:
        """All open texts."""
        yield from list(self._texts.values())

    def put(self, uri: str, text: str, version: int | None) -> None:
        """Take a version of a text, and check it now, or soon if that is known to take long."""
        encoding = self.workspace.position_encoding
        name = str(getattr(encoding, "value", encoding))
        self._texts[uri] = Opened(uri, text, self._settings(path_of(uri)), version, name)
        self._forget_wait(uri)
        spent = self._spent.get(uri, 0.0)
        if spent <= _QUICK:
            guarded(self.check)(uri)
        else:
            loop = asyncio.get_running_loop()
            self._waiting[uri] = loop.call_later(min(spent, _LONGEST_WAIT), guarded(self.check), uri)

    def drop(self, uri: str) -> None:
        """Forget a text that was closed, with its diagnostics."""
        self._forget_wait(uri)
        self._spent.pop(uri, None)
        if self._texts.pop(uri, None) is not None:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def check(self, uri: str) -> None:
        """Send the diagnostics of a text."""
        self._waiting.pop(uri, None)
        opened = self._texts.get(uri)
        if opened is None:
            return
        began = time.perf_counter()
        found = [translate.diagnostic(opened, shown) for shown in diagnostics(opened, self.wishes.pages)]
        # The first check of a text loads what later ones have: it says nothing about those.
        self._spent[uri] = time.perf_counter() - began if uri in self._spent else 0.0
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, opened.version))
        if not self._settled:
            # Rules and schema stay for good; when the collector walks them, typing stops for 40 ms.
            self._settled = True
            gc.collect()
            gc.freeze()

    def check_again(self) -> None:
        """Check every open text anew: a file that it names, or a wish, may have changed."""
        forget_settings()
        for opened in self.texts():
            self.put(opened.uri, opened.text, opened.version)

    def _settings(self, path: str | None) -> Settings:
        try:
            return settings_of(path, self.wishes.target)
        except UserError as error:
            LOG.warning("settings of %s are not followed: %s", path, error)
            return Settings(self.wishes.target)

    def _forget_wait(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()


def make_server() -> Server:
    """A server with every feature registered, not started."""
    from cfgtool.lsp import features, lifecycle

    server = Server()
    lifecycle.register(server)
    features.register(server)
    return server


def serve_stdio() -> None:
    """Talk over standard input and output until the editor ends it."""
    log_to_stderr()
    server, output = make_server(), sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not end up between the messages
    server.start_io(sys.stdin.buffer, output)


def serve_tcp(host: str, port: int) -> None:
    """Talk to the one client that connects to a port. Raises UserError if the port cannot be had."""
    log_to_stderr()
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"cannot listen on {host}:{port}: {reason}", hint="choose another --tcp port"
        ) from None
    print(f"cfgtool lsp: listening on {host}:{port}", file=sys.stderr, flush=True)
    asyncio.run(_talk(make_server(), listener))


async def _talk(server: Server, listener: socket.socket) -> None:
    """Serve the first client until it goes away."""
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.close()
        server.protocol.set_writer(writer)
        try:
            await run_async(threading.Event(), reader, server.protocol, LOG, server.report_server_error)
        finally:
            gone.set()

    await asyncio.start_server(talk, sock=listener)
    await gone.wait()
