"""A network is described again when its model changes, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.lint import kept_network as module
from cfgtool.lint.kept_network import kept_network
from cfgtool.networks import describe
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse

TEXT = (Path(__file__).resolve().parents[2] / "fixtures" / "demo" / "pipeline.config").read_text()


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The generations of the networks that were described, in a process that has kept none so far."""
    calls: list[str] = []

    def counted(config: Config, generation: str, *, keypoints: Mapping[str, int] | None) -> object:
        calls.append(generation)
        return describe(config, generation, keypoints=keypoints)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "describe", counted)
    monkeypatch.setattr(module, "_kept", {})
    return calls


def read(text: str) -> Config:
    return read_config(parse(text))


def test_other_parts_of_the_config_do_not_matter(described: list[str]) -> None:
    first = kept_network(read(TEXT), "tf2")
    second = kept_network(read(TEXT.replace("batch_size: 16", "batch_size: 8")), "tf2")
    assert first is second
    assert first == describe(read(TEXT), "tf2")
    assert described == ["tf2"]


@pytest.mark.parametrize(
    "change", [("num_classes: 4", "num_classes: 5"), ("depth_multiplier: 0.5", "depth_multiplier: 1.0")]
)
def test_the_model_does(described: list[str], change: tuple[str, str]) -> None:
    before = kept_network(read(TEXT), "tf2")
    changed = read(TEXT.replace(*change))
    assert kept_network(changed, "tf2") == describe(changed, "tf2") != before


def test_a_second_model_block_does(described: list[str]) -> None:
    before = kept_network(read(TEXT), "tf2")
    merged = read(f"{TEXT}\nmodel {{ ssd {{ num_classes: 9 }} }}\n")
    assert kept_network(merged, "tf2") == describe(merged, "tf2") != before


def test_the_generation_does(described: list[str]) -> None:
    assert kept_network(read(TEXT), "tf2") != kept_network(read(TEXT), "tf1")


def test_what_cannot_be_described_is_kept_too(described: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(UserError, match="has no model"):
            kept_network(read("train_config { }"), "tf2")
    assert len(described) == 1


def test_only_a_few_are_kept(described: list[str]) -> None:
    for count in range(1, module.BOUND + 5):
        kept_network(read(TEXT.replace("num_classes: 4", f"num_classes: {count}")), "tf2")
    assert len(module._kept) == module.BOUND
