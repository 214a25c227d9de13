"""The process of the server: how it starts, what it survives, how it ends. Messages are written by hand."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from lsp_texts import DEMO

START = [sys.executable, "-m", "cfgtool", "lsp"]
BREAK_HOVER = """
import sys
import cfgtool.lsp.features as features
def hover(*args):
    print("a stray print")
    raise RuntimeError("on\\npurpose")
features.hover = hover
from cfgtool.cli.main import main
main(["lsp", "--stdio"])
"""
WITHOUT_PYGLS = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pygls" else found(name, *rest)
from cfgtool.cli.main import main
main(["lsp"])
"""


class Wire:
    """One end of a connection that carries messages."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self.reader = reader
        self.writer = writer
        self.last = 0

    def raw(self, body: bytes) -> None:
        self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.writer.flush()

    def notify(self, method: str, params: object) -> None:
        self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def read(self) -> Any:
        size = 0
        while (line := self.reader.readline()).strip():
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        return json.loads(self.reader.read(size))

    def ask(self, method: str, params: object) -> Any:
        self.last += 1
        message = {"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}
        self.raw(json.dumps(message).encode())
        while (answer := self.read()).get("id") != self.last:
            pass
        return answer

    def wait_for(self, method: str) -> Any:
        while (message := self.read()).get("method") != method:
            pass
        return message["params"]

    def begin(self) -> None:
        assert (
            "capabilities"
            in self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["result"]
        )
        self.notify("initialized", {})

    def open_demo(self) -> dict[str, str]:
        text = DEMO.read_text(encoding="utf-8")
        document = {"uri": "untitled:a", "languageId": "x", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        assert self.wait_for("textDocument/publishDiagnostics")["diagnostics"]
        return {"uri": "untitled:a"}


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def start(
    processes: list[subprocess.Popen[bytes]], command: list[str]
) -> tuple[Wire, subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    processes.append(process)
    return Wire(process.stdout, process.stdin), process


def complaints(process: subprocess.Popen[bytes]) -> list[str]:
    """What the process said on standard error until it ended."""
    assert process.stderr is not None
    return process.stderr.read().decode().splitlines()


def test_a_failing_handler_does_not_end_the_server(processes: list[subprocess.Popen[bytes]]) -> None:
    wire, process = start(processes, [sys.executable, "-c", BREAK_HOVER])
    wire.begin()
    name = wire.open_demo()
    at = {"textDocument": name, "position": {"line": 4, "character": 5}}
    assert wire.ask("textDocument/hover", at)["result"] is None
    assert len(wire.ask("textDocument/documentSymbol", {"textDocument": name})["result"]) == 5
    wire.ask("shutdown", None)
    wire.notify("exit", None)
    assert process.wait(timeout=20) == 0
    said = complaints(process)
    assert said[0] == "a stray print", "it is not between the messages"
    assert len(said) == 2
    assert said[1].startswith("cfgtool lsp: hover_at failed: RuntimeError: on purpose (")


@pytest.mark.parametrize(
    "body",
    [
        b"this is no JSON",
        b'{"jsonrpc": "2.0"}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"wrong": 1}}',
        b'{"jsonrpc": "2.0", "method": "no/such", "params": {}}',
        b'{"jsonrpc": "2.0", "id": 99, "method": "textDocument/hover", "params": {"position": 3}}',
        b'{"jsonrpc": "2.0", "id": 99, "method": "codeAction/resolve", "params": {"title": "x"}}',
        b'{"jsonrpc": "2.0", "method": "workspace/didChangeConfiguration", "params": {"settings": {"cfgtool": {"target": 3}}}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": "untitled:none", "version": 2}, "contentChanges": [{"text": "x"}]}}',
    ],
)
def test_strange_messages_are_survived(processes: list[subprocess.Popen[bytes]], body: bytes) -> None:
    wire, process = start(processes, START)
    wire.begin()
    wire.raw(body)
    name = wire.open_demo()
    assert wire.ask("textDocument/foldingRange", {"textDocument": name})["result"]
    process.stdin.close()  # type: ignore[union-attr]
    process.wait(timeout=20)
    said = complaints(process)
    assert len(said) <= 1, said
    assert all(line.startswith("cfgtool lsp: ") and "Traceback" not in line for line in said)


def test_characters_that_are_none_go_there_and_back(processes: list[subprocess.Popen[bytes]]) -> None:
    wire, _ = start(processes, START)
    wire.begin()
    text = 'train_config { fine_tune_checkpoint_type: "\ud800" }'
    document = {"uri": "untitled:b", "languageId": "x", "version": 1, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": document})
    found = wire.wait_for("textDocument/publishDiagnostics")["diagnostics"]
    assert any("\ud800" in each["message"] for each in found)


def test_questions_about_texts_that_are_not_open(processes: list[subprocess.Popen[bytes]]) -> None:
    wire, _ = start(processes, START)
    wire.begin()
    name = {"uri": "file:///nowhere/pipeline.config"}
    at = {"textDocument": name, "position": {"line": 0, "character": 0}}
    for method in ("hover", "completion", "definition", "documentSymbol", "foldingRange", "documentLink"):
        assert wire.ask(f"textDocument/{method}", at)["result"] is None


def test_the_server_ends_when_the_editor_goes_away(processes: list[subprocess.Popen[bytes]]) -> None:
    wire, process = start(processes, START)
    wire.begin()
    process.stdin.close()  # type: ignore[union-attr]
    assert process.wait(timeout=20) == 0
    assert complaints(process) == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_tcp(processes: list[subprocess.Popen[bytes]]) -> None:
    port = free_port()
    process = subprocess.Popen([*START, "--tcp", str(port)], stderr=subprocess.PIPE)
    processes.append(process)
    assert process.stderr is not None
    assert process.stderr.readline() == b"cfgtool lsp: listening on 127.0.0.1:%d\n" % port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        wire = Wire(connection.makefile("rb"), connection.makefile("wb"))
        wire.begin()
        wire.open_demo()
        wire.ask("shutdown", None)
        wire.notify("exit", None)
    assert process.wait(timeout=20) == 0


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60
    )


def test_a_taken_port_is_one_message() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run([*START, "--tcp", str(port)])
    assert done.returncode == 2
    assert done.stderr.startswith(f"cfgtool: error: cannot listen on 127.0.0.1:{port}: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tcp", "0"], "no port '0'; ports are 1 to 65535"),
        (["--tcp", "70000"], "no port '70000'; ports are 1 to 65535"),
        (["--tcp", "5007", "--stdio"], "--tcp and --stdio exclude each other; give one of them"),
    ],
)
def test_wrong_options(arguments: list[str], message: str) -> None:
    done = run([*START, *arguments])
    assert (done.returncode, done.stderr) == (2, f"cfgtool: error: {message}\n")


def test_a_missing_library_is_one_message() -> None:
    done = run([sys.executable, "-c", WITHOUT_PYGLS])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "cfgtool: error: the language server needs pygls; pip install 'cfgtool[lsp]'\n"


def test_the_server_loads_neither_tensorflow_nor_numpy() -> None:
    code = "import sys, cfgtool.lsp.server as s; s.make_server(); print({'tensorflow', 'numpy'} & set(sys.modules))"
    assert run([sys.executable, "-c", code]).stdout == "set()\n"
