"""Agreement with google.protobuf.text_format on what is legal and what it means."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from textproto_documents import bodies, mutated
from textproto_oracle import IllegalError, Sample, protobuf_accepts, read

from cfgtool.textproto import parse

# Protobuf's Python parser decodes escapes in two passes, so that a backslash before a character beyond
# Latin-1, or one that comes out of `\\u005c`, becomes an escape again: a defect that no config meets.
TWICE_DECODED = re.compile(r"\\(?:[^\x00-\xff]|[uU]0*5[cC])")


def agree(text: str, kind: type[Message] = Sample) -> None:
    """Protobuf accepts `text` exactly if it has no problem and fits the message type, and reads the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # protobuf decodes unknown escapes with a codec that warns
        expected = protobuf_accepts(text, kind)
    document = parse(text)
    assert str(document) == text
    if TWICE_DECODED.search(text):
        return
    if document.problems:
        assert expected is None, document.problems
        return
    try:
        message = read(document, kind)
    except IllegalError:
        message = None
    if message is None or expected is None:
        assert message is expected, "one of protobuf and the test's reader of our tree refuses the text"
        return
    # NaN is not equal to itself; the bytes are.
    assert message.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> type[Message]:
    """The message class of a pipeline config, from the project's own .proto files."""
    pytest.importorskip("grpc_tools")
    folder = Path(__file__).resolve().parents[2] / "protos"
    output = tmp_path_factory.mktemp("protos") / "descriptors"
    files = [str(path) for path in sorted(folder.glob("*.proto"))]
    # In a process of its own: the compiler and TensorFlow do not get along in one.
    command = [sys.executable, "-m", "grpc_tools.protoc"]
    arguments = [f"-I{folder}", f"--descriptor_set_out={output}", "--include_imports", *files]
    subprocess.run([*command, *arguments], check=True)
    descriptors = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in descriptors.file:
        pool.Add(file)
    package = next(file.package for file in descriptors.file if file.name.endswith("pipeline.proto"))
    name = f"{package}.TrainEvalPipelineConfig".removeprefix(".")
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


@pytest.mark.reference
def test_corpus(corpus: dict[str, str], pipeline: type[Message]) -> None:
    for number, text in enumerate(corpus.values()):
        assert protobuf_accepts(text, pipeline) is not None
        agree(text, pipeline)
        for seed in range(3):
            agree(mutated(text, 3 * number + seed), pipeline)


@settings(max_examples=150, deadline=None)
@given(bodies())
def test_generated_documents(text: str) -> None:
    assert parse(text).problems == []
    agree(text)


@settings(max_examples=150, deadline=None)
@given(bodies(), st.integers(0, 2**32))
def test_mutated_documents(text: str, seed: int) -> None:
    for number in range(20):
        agree(mutated(text, seed + number))
