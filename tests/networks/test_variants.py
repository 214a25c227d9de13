"""Settings that no reference table has, as the OD API itself listed them (key and shape of every variable).

Each file in `recorded/` but one holds, for configs of the reference data and changes of them, the number of variables and
the SHA-256 of the sorted JSON list of [key, shape] (TF2) or [name, shape] (TF1); `recorded/demo.json` has the whole list for
the demo's config.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse

RECORDED = Path(__file__).parent / "recorded"
VARIANTS: list[dict[str, Any]] = [
    variant
    for path in sorted(RECORDED.glob("*.json"))
    if path.name != "demo.json"
    for variant in json.loads(path.read_text())
]


def listing(text: str) -> list[tuple[str | None, list[int]]]:
    """Key (TF1: name) and shape of every variable of a config, sorted."""
    network = describe(read_config(parse(text)))
    return sorted(
        (variable.tf1_name if network.generation == "tf1" else variable.tf2_key, list(variable.shape))
        for variable in network.variables
    )


@pytest.mark.reference
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v['config']} {' '.join(v['changes'])}")
def test_networks_without_a_table(variant: dict[str, Any], shared: Path) -> None:
    text = (shared / variant["config"]).read_text(encoding="utf-8")
    for change in variant["changes"]:
        path, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), path, value))
    found = listing(text)
    assert len(found) == variant["variables"]
    assert hashlib.sha256(json.dumps(found).encode()).hexdigest() == variant["sha256"]


def test_the_demo(fixtures: Path) -> None:
    recorded = json.loads((RECORDED / "demo.json").read_text())
    assert dict(listing((fixtures / "demo" / "pipeline.config").read_text(encoding="utf-8"))) == recorded
