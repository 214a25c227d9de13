"""The server end to end: `cfgtool lsp` in a process of its own, and a client that waits for its messages."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("pytest_lsp", reason="needs pytest-lsp")

import pytest_lsp
from lsp_texts import DEMO, ROOT
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

from cfgtool.lsp.uris import path_of, uri_of
from cfgtool.schema.formatting import format_text

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning"),
]
COMMAND = [sys.executable, "-m", "cfgtool", "lsp"]
TEXT = DEMO.read_text(encoding="utf-8")
URI = uri_of(str(DEMO))
PUBLISH = types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS
NAME = types.TextDocumentIdentifier(URI)
WHOLE = types.Range(types.Position(0, 0), types.Position(10_000, 0))


class Client(LanguageClient):
    """A client that keeps all diagnostics in their order, and counts the versions of its texts."""

    def __init__(self) -> None:
        super().__init__(converter_factory=default_converter)
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.version = 0
        register_lsp_features(self, {**DEFAULT_CLIENT_FEATURES, PUBLISH: keep})

    def next_version(self) -> int:
        self.version += 1
        return self.version


def keep(client: Client, params: types.PublishDiagnosticsParams) -> None:
    client.diagnostics[params.uri] = params.diagnostics
    client.published.put_nowait(params)


CONFIG = ClientServerConfig(server_command=COMMAND, client_factory=Client)


@pytest_lsp.fixture(config=CONFIG, scope="module", params=["visual_studio_code", "neovim"])
async def client(lsp_client: Client, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    capabilities = client_capabilities(request.param)
    folder = types.WorkspaceFolder(uri_of(str(ROOT)), "root")
    await lsp_client.initialize_session(
        types.InitializeParams(capabilities, workspace_folders=[folder], root_uri=folder.uri)
    )
    yield
    await lsp_client.shutdown_session()


@pytest_lsp.fixture(config=CONFIG, scope="module")
async def utf8_client(lsp_client: Client) -> AsyncIterator[None]:
    """A client that counts in UTF-8, asks for nothing fancy, and has a wish from the start."""
    capabilities = types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf8])
    )
    result = await lsp_client.initialize_session(
        types.InitializeParams(capabilities, initialization_options={"target": "tf1"})
    )
    assert result.capabilities.position_encoding == "utf-8"
    yield
    await lsp_client.shutdown_session()


async def published(client: Client, uri: str, version: int | None) -> list[types.Diagnostic]:
    """The next diagnostics of that version of a text."""
    async with asyncio.timeout(60):
        while True:
            found = await client.published.get()
            if (found.uri, found.version) == (uri, version):
                return list(found.diagnostics)


async def opened(client: Client, text: str = TEXT, uri: str = URI) -> list[types.Diagnostic]:
    """Open a text (anew, if it is open); what the server finds in it."""
    if uri in client.diagnostics:
        client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
    item = types.TextDocumentItem(uri, "pipeline-config", client.next_version(), text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    return await published(client, uri, client.version)


def change(client: Client, text: str) -> None:
    name = types.VersionedTextDocumentIdentifier(client.next_version(), URI)
    whole = types.TextDocumentContentChangeWholeDocument(text)
    client.text_document_did_change(types.DidChangeTextDocumentParams(name, [whole]))


async def changed(client: Client, text: str) -> list[types.Diagnostic]:
    """Change the text; what the server finds in it now."""
    change(client, text)
    return await published(client, URI, client.version)


def codes(found: list[types.Diagnostic]) -> list[object]:
    return [each.code for each in found]


def place(text: str, part: str, after: int = 0) -> types.Position:
    """Where `part` is in an ASCII text."""
    before = text[: text.index(part) + after]
    return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


async def test_diagnostics_as_one_types(client: Client) -> None:
    found = await opened(client)
    assert "CFG101" in codes(found)
    queue = next(each for each in found if each.code == "CFG101")
    assert queue.source == "cfgtool"
    assert queue.severity == types.DiagnosticSeverity.Information
    assert queue.tags is not None
    assert list(queue.tags) == [types.DiagnosticTag.Deprecated]
    assert queue.code_description is not None
    assert queue.code_description.href.endswith("/docs/rules/CFG101.md")
    assert Path(path_of(queue.code_description.href) or "").is_file()
    broken = await changed(client, TEXT.replace("num_classes: 4", "num_clases: 4"))
    assert "CFG030" in codes(broken)
    mended = await changed(client, TEXT)
    assert codes(mended) == codes(found)


async def test_the_last_of_many_changes_is_judged(client: Client) -> None:
    await opened(client, "")
    for part in range(1, 201):
        change(client, TEXT[: part * len(TEXT) // 200])
    assert "CFG101" in codes(await published(client, URI, client.version))


async def test_closing_takes_the_diagnostics_back(client: Client) -> None:
    assert await opened(client)
    client.text_document_did_close(types.DidCloseTextDocumentParams(NAME))
    assert await published(client, URI, None) == []
    assert await client.text_document_hover_async(types.HoverParams(NAME, types.Position(0, 0))) is None


async def test_related_information(client: Client) -> None:
    found = await opened(
        client, "train_config {\n  batch_size: 1\n  batch_size: 2\n}\n", "untitled:Untitled-1"
    )
    related = [each.related_information for each in found if each.related_information]
    assert [each.message for each in related[0]] == ["batch_size: 1"]
    assert related[0][0].location.range.start == types.Position(1, 2)


def edits_of(edit: types.WorkspaceEdit | None) -> list[types.TextEdit]:
    assert edit is not None
    if edit.document_changes:
        return [each for document in edit.document_changes for each in document.edits]  # type: ignore[union-attr,misc]
    assert edit.changes is not None
    return list(edit.changes[URI])


def carried_out(text: str, edits: list[types.TextEdit]) -> str:
    """An ASCII text after the edits, as an editor applies them."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for edit in sorted(
        edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True
    ):
        start, end = (starts[at.line] + at.character for at in (edit.range.start, edit.range.end))
        text = text[:start] + edit.new_text + text[end:]
    return text


async def test_quick_fixes(client: Client) -> None:
    found = await opened(client)
    queue = next(each for each in found if each.code == "CFG101")
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(NAME, queue.range, types.CodeActionContext([queue], only=["quickfix"]))
    )
    assert actions is not None
    fix, ignore = actions
    assert (fix.title, fix.is_preferred) == ("remove 'batch_queue_capacity'", True)
    assert ignore.title == "ignore CFG101 on this line"
    assert fix.diagnostics is not None
    assert fix.diagnostics[0].range == queue.range
    for action in (fix, ignore):
        text = carried_out(TEXT, edits_of(action.edit))
        remaining = await changed(client, text)
        assert queue.range not in [each.range for each in remaining if each.code == "CFG101"]
        assert "batch_queue_capacity" in text or action is fix


async def test_fix_all(client: Client) -> None:
    await opened(client)
    context = types.CodeActionContext([], only=["source.fixAll"])
    actions = await client.text_document_code_action_async(types.CodeActionParams(NAME, WHOLE, context))
    assert actions is not None
    (action,) = actions
    if action.edit is None:
        action = await client.code_action_resolve_async(action)
    from cfgtool.lint.engine import Settings
    from cfgtool.lint.fixing import fix_text

    expected = fix_text(TEXT, str(DEMO), Settings()).text
    assert carried_out(TEXT, edits_of(action.edit)) == expected != TEXT
    context = types.CodeActionContext([], only=["refactor"])
    assert not await client.text_document_code_action_async(types.CodeActionParams(NAME, WHOLE, context))


async def test_hover(client: Client) -> None:
    await opened(client)
    found = await client.text_document_hover_async(types.HoverParams(NAME, place(TEXT, "num_classes", 3)))
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    assert found.contents.kind == types.MarkupKind.Markdown
    assert "Ssd.num_classes" in found.contents.value.splitlines()[0]
    found = await client.text_document_hover_async(
        types.HoverParams(NAME, place(TEXT, "shapes_label_map", 3))
    )
    assert found is not None
    assert "4 classes" in found.contents.value  # type: ignore[union-attr]


async def test_completion(client: Client) -> None:
    await opened(client)
    marker = "train_config {\n"
    text = TEXT.replace(marker, f"{marker}  lo\n")
    await changed(client, text)
    at = place(text, f"{marker}  lo", len(marker) + 4)
    found = await client.text_document_completion_async(types.CompletionParams(NAME, at))
    assert isinstance(found, list | tuple)
    item = next(each for each in found if each.label == "load_all_detection_checkpoint_vars")
    assert isinstance(item.text_edit, types.TextEdit)
    assert item.text_edit.range == types.Range(types.Position(at.line, 2), at)
    assert item.text_edit.new_text.startswith("load_all_detection_checkpoint_vars: ")
    assert "batch_size" not in [each.label for each in found], "it is there already"


async def test_a_blank_offers_values_but_no_fields(client: Client) -> None:
    text = "train_config { fine_tune_checkpoint_version: }\nmodel {  }\n"
    await opened(client, text)
    context = types.CompletionContext(types.CompletionTriggerKind.TriggerCharacter, " ")
    value = types.CompletionParams(NAME, place(text, " }"), context)
    assert [each.label for each in await client.text_document_completion_async(value) or []] == [
        "UNKNOWN",
        "V1",
        "V2",
    ]  # type: ignore[union-attr]
    field = types.CompletionParams(NAME, types.Position(1, 8), context)
    assert not await client.text_document_completion_async(field)


async def test_files_are_found(client: Client) -> None:
    await opened(client)
    params = types.DefinitionParams(NAME, place(TEXT, "pretrained/", 2))
    (found,) = await client.text_document_definition_async(params) or []
    assert found.uri.endswith("/fixtures/demo/pretrained/ckpt-1.index")  # type: ignore[union-attr]
    links = await client.text_document_document_link_async(types.DocumentLinkParams(NAME))
    assert links is not None
    assert all(Path(path_of(link.target or "") or "").is_file() for link in links)
    assert len(links) == 5
    assert links[0].range.start == place(TEXT, "pretrained/")


async def test_the_shape_of_a_text(client: Client) -> None:
    await opened(client)
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(NAME))
    assert [each.name for each in symbols or []][:2] == ["model", "train_config"]
    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(NAME))
    model = place(TEXT, "model {").line
    assert any(fold.start_line == model for fold in folds or [])
    (chain,) = (
        await client.text_document_selection_range_async(
            types.SelectionRangeParams(NAME, [place(TEXT, "num_classes", 3)])
        )
        or []
    )
    assert chain.range.start == place(TEXT, "num_classes")
    assert chain.parent is not None


async def test_formatting(client: Client) -> None:
    text = "model{ssd{num_classes:3}}\n"
    await opened(client, text)
    params = types.DocumentFormattingParams(NAME, types.FormattingOptions(2, True))
    edits = await client.text_document_formatting_async(params)
    formatted = format_text(text)
    assert carried_out(text, list(edits or [])) == formatted != text
    await changed(client, "model {")
    assert not await client.text_document_formatting_async(params)


async def test_wishes_are_asked_for_and_followed(client: Client) -> None:
    text = "train_config { load_all_detection_checkpoint_vars: true }\n"
    assert "CFG210" in codes(await opened(client, text))
    assert "CFG210" not in codes(await wished(client, "tf1"))
    assert "CFG210" in codes(await wished(client, "auto"))


async def wished(client: Client, target: str) -> list[types.Diagnostic]:
    """What the server finds after the editor's settings have changed."""
    assert client.capabilities is not None
    assert client.capabilities.workspace is not None
    pulls = bool(client.capabilities.workspace.configuration)
    client.set_configuration({"target": target}, section="cfgtool")
    settings = None if pulls else {"cfgtool": {"target": target}}
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
    return await published(client, URI, client.version)


async def test_a_saved_file_is_seen(client: Client, tmp_path: Path) -> None:
    config = tmp_path / "pipeline.config"
    text = 'eval_input_reader { label_map_path: "map.pbtxt" tf_record_input_reader { input_path: "a@1" } }\n'
    uri = uri_of(str(config))
    assert "CFG511" in codes(await opened(client, text, uri))
    (tmp_path / "map.pbtxt").write_text('item { id: 1 name: "a" }\n', encoding="utf-8")
    client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
    assert "CFG511" not in codes(await published(client, uri, client.version))
    os.unlink(tmp_path / "map.pbtxt")
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([]))
    assert "CFG511" in codes(await published(client, uri, client.version))


async def test_a_label_map(client: Client, tmp_path: Path) -> None:
    uri = uri_of(str(tmp_path / "label_map.pbtxt"))
    found = await opened(client, 'item { id: 1 name: "a" }\nitem { id: 1 name: "b" }\n', uri)
    assert codes(found)
    name = types.TextDocumentIdentifier(uri)
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(name))
    assert [each.detail for each in symbols or []] == ["a", "b"]  # type: ignore[union-attr]


async def test_columns_in_utf8(utf8_client: Client) -> None:
    text = 'eval_input_reader { name: "𝄞é" shufle: true }\n'
    found = await opened(utf8_client, text, "untitled:Untitled-1")
    (unknown,) = [each for each in found if each.code == "CFG030"]
    start = len(text[: text.index("shufle")].encode())
    assert unknown.range == types.Range(types.Position(0, start), types.Position(0, start + len("shufle")))


async def test_columns_as_the_client_prefers_them(client: Client) -> None:
    text = 'eval_input_reader { name: "𝄞é" shufle: true }\n'
    found = await opened(client, text, "untitled:Untitled-2")
    (unknown,) = [each for each in found if each.code == "CFG030"]
    assert client.capabilities is not None
    assert client.capabilities.general is not None
    preferred = (client.capabilities.general.position_encodings or ["utf-16"])[0]
    before = text[: text.index("shufle")]
    units = {"utf-16": len(before) + 1, "utf-8": len(before.encode())}
    assert unknown.range.start.character == units[preferred]


async def test_a_wish_from_the_start(utf8_client: Client) -> None:
    text = "train_config { load_all_detection_checkpoint_vars: true }\n"
    assert "CFG210" not in codes(await opened(utf8_client, text))
