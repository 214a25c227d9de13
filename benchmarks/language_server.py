"""From a key stroke to its diagnostics: `cfgtool lsp` against a server of the same library that finds nothing."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.light import CONFIG, Setting, cfgtool

LINES = 300
KEYS = 60
"""Changes that are timed in a round."""
STEP = """  data_augmentation_options {
    random_adjust_hue {
      max_delta: 0.02
    }
  }
"""
BARE = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer
server = LanguageServer("bare", "1", text_document_sync_kind=types.TextDocumentSyncKind.Full)
def answer(params):
    name = params.text_document
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(name.uri, [], name.version))
server.feature(types.TEXT_DOCUMENT_DID_OPEN)(answer)
server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(answer)
server.start_io()
"""


class Session:
    """A server with one open text, spoken to over its pipes."""

    def __init__(self, command: list[str], path: Path, text: str) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._uri = path.as_uri()
        self._version = 1
        self._send({"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}})
        self._wait()
        self._send({"method": "initialized", "params": {}})
        document = {"uri": self._uri, "languageId": "pipeline-config", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        self._wait()

    def change(self, text: str) -> float:
        """Seconds until the diagnostics of a changed text are here."""
        self._version += 1
        name = {"uri": self._uri, "version": self._version}
        began = time.perf_counter()
        self._send(
            {
                "method": "textDocument/didChange",
                "params": {"textDocument": name, "contentChanges": [{"text": text}]},
            }
        )
        while self._wait().get("params", {}).get("version") != self._version:
            pass
        return time.perf_counter() - began

    def close(self) -> None:
        """End the server."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _wait(self) -> Any:
        assert self._process.stdout is not None
        size = 0
        while (line := self._process.stdout.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        return json.loads(self._process.stdout.read(size))


def language_server(setting: Setting) -> None:
    """Round trips of both servers in turns, and what parsing and linting alone cost in this process."""
    text = long_config()
    bare = setting.scratch / "bare_server.py"
    bare.write_text(BARE, encoding="utf-8")
    ours, theirs = (
        Session(command, CONFIG, text) for command in (cfgtool("lsp"), [sys.executable, str(bare)])
    )
    mine, other = [], []
    for number in range(KEYS + 5):
        changed = typed(text, number)
        mine.append(ours.change(changed))
        other.append(theirs.change(changed))
    ours.close()
    theirs.close()
    mine, other = mine[5:], other[5:]
    ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
    print(
        f"didChange to diagnostics, {text.count(chr(10))} lines: {_milliseconds(mine)} (9 of 10 below "
        f"{sorted(mine)[len(mine) * 9 // 10] * 1000:.1f} ms), bare server: {_milliseconds(other)}; "
        f"ratio {ratio:.1f} x (bar: below 20 ms)"
    )
    print(f"    CPU of it in process: {in_process(text)}")


def long_config() -> str:
    """The demo's config with so many augmentation steps that it has 300 lines."""
    text = CONFIG.read_text(encoding="utf-8")
    missing = LINES - text.count("\n")
    head, mark, tail = text.partition("train_config {\n")
    return head + mark + STEP * -(-missing // STEP.count("\n")) + tail


def typed(text: str, number: int) -> str:
    """The text after the `number`th key of someone who types a field name, and takes it back, again and again."""
    word = "num_steps"
    return text.replace("train_config {\n", f"train_config {{\n  {word[: number % (len(word) + 1)]}\n", 1)


def in_process(text: str) -> str:
    """Median CPU times of parsing, of linting, and of both with what is shown besides."""
    from cfgtool.lint.engine import Settings, analyse
    from cfgtool.lsp.diagnostics import diagnostics
    from cfgtool.lsp.opened import Opened
    from cfgtool.textproto import parse

    settings, path = Settings(), str(CONFIG)
    shares: dict[str, list[float]] = {"parse": [], "analyse": [], "all": []}
    for number in range(KEYS):
        changed = typed(text, number)
        began = time.process_time()
        document = parse(changed)
        parsed = time.process_time()
        analyse(document, path, settings)
        analysed = time.process_time()
        diagnostics(Opened(CONFIG.as_uri(), changed, settings))
        shares["parse"].append(parsed - began)
        shares["analyse"].append(analysed - parsed)
        shares["all"].append(time.process_time() - analysed)
    return ", ".join(f"{name} {_milliseconds(times)}" for name, times in shares.items())


def _milliseconds(times: list[float]) -> str:
    return f"{statistics.median(times) * 1000:.1f} ms"
