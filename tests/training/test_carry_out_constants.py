"""A run that starts from a frozen graph, which no reader of TensorFlow takes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cfgtool.checkpoints import open_checkpoint
from cfgtool.training.run.restoring import carry_out

FOLDER = Path(__file__).parents[2] / "fixtures" / "checkpoints"


@pytest.mark.parametrize("name", ["frozen", "saved_model_frozen", "saved_model_tf1", "v1/mobilenet.ckpt"])
def test_every_container_gives_its_values_to_the_weights(name: str) -> None:
    checkpoint = open_checkpoint(str(FOLDER / name))
    restored = [(SimpleNamespace(name=f"our/{key}"), entry) for key, entry in checkpoint.entries.items()]
    given: dict[str, Any] = {}
    plan: Any = SimpleNamespace(checkpoint=checkpoint, restored=restored)
    carry_out(plan, SimpleNamespace(weights=SimpleNamespace(assign=given.update)))  # type: ignore[arg-type]
    assert {key: value.shape for key, value in given.items()} == {
        f"our/{key}": entry.shape for key, entry in checkpoint.entries.items()
    }
    if "our/Scope/weights" in given:
        assert given["our/Scope/weights"].ravel().tolist() == list(range(8))
